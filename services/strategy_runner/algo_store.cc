#include "services/strategy_runner/algo_store.h"

#include <charconv>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {

absl::StatusOr<AlgoPage> AlgoPage::Of(const execution::v1::ListAlgoOrdersRequest& request) {
  if (request.page_size() < 0 || request.page_size() > AlgoStore::kPageMax)
    return absl::InvalidArgumentError("page_size: 0 to 500 expected");
  AlgoPage page{.size = request.page_size() == 0 ? AlgoStore::kPageDefault : request.page_size()};
  const std::string& token = request.page_token();
  if (token.empty()) return page;
  std::size_t at = token.find('.');
  const char* end = token.data() + std::min(at, token.size());
  auto [read, error] = std::from_chars(token.data(), end, page.before_nanos);
  if (at == std::string::npos || error != std::errc() || read != end || at + 1 == token.size())
    return absl::InvalidArgumentError("page_token: not a token of this call");
  page.before_id = token.substr(at + 1);
  return page;
}

void AlgoPage::Close(execution::v1::ListAlgoOrdersResponse& response) const {
  if (response.algo_orders_size() < size) return;
  const execution::v1::AlgoOrder& last = response.algo_orders(size - 1);
  response.set_next_page_token(std::to_string(wire::FromProto(last.create_time()).nanos) + "." + last.algo_order_id());
}

}  // namespace ballast
