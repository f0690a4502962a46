#include "services/strategy_runner/store.h"

#include <charconv>

namespace ballast {

absl::StatusOr<DecisionPage> DecisionPage::Of(const strategy::v1::ListDecisionsRequest& request) {
  constexpr int kDefault = 100;
  DecisionPage page{.size = request.page_size() == 0 ? kDefault : request.page_size(), .before = INT64_MAX};
  if (page.size < 1 || page.size > StrategyStore::kPageMax)
    return absl::InvalidArgumentError("page_size: 1 to 500 expected");
  if (const std::string& token = request.page_token(); !token.empty()) {
    auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), page.before);
    if (error != std::errc() || end != token.data() + token.size() || page.before < 1) {
      return absl::InvalidArgumentError("page_token: not one that was given");
    }
  }
  return page;
}

void DecisionPage::Close(strategy::v1::ListDecisionsResponse& response) const {
  if (response.decisions_size() == size)
    response.set_next_page_token(std::to_string(response.decisions(size - 1).sequence()));
}

}  // namespace ballast
