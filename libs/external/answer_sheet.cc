#include "libs/external/answer_sheet.h"

namespace ballast::external {

strategy::Evaluation AnswerSheet::Take(const Symbol& symbol, UtcTime bar) {
  auto found = answers_.find({symbol, bar});
  if (found == answers_.end()) return {};
  strategy::Evaluation evaluation = std::move(found->second);
  answers_.erase(found);
  return evaluation;
}

}  // namespace ballast::external
