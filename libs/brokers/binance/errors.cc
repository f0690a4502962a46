#include "libs/brokers/binance/errors.h"

#include <array>
#include <string_view>

#include "libs/venue/json.h"

namespace ballast::binance {
namespace {

using broker::ErrorClass;

// From `first` down to `last`. The first line that fits counts.
struct CodeRule {
  int first;
  int last;
  ErrorClass error;
  bool outcome_known;
  RejectReason reason;
  bool clock = false;
};
constexpr std::array kCodes = {
    // "An unknown error occurred while processing the request."
    CodeRule{-1000, -1000, ErrorClass::kNetwork, false, RejectReason::kBrokerUnavailable},
    CodeRule{-1001, -1001, ErrorClass::kVenueDown, true, RejectReason::kBrokerUnavailable},
    CodeRule{-1002, -1002, ErrorClass::kCredentials, true, RejectReason::kPermissionDenied},
    CodeRule{-1003, -1003, ErrorClass::kThrottled, true, RejectReason::kOrderRate},
    // UNEXPECTED_RESP and TIMEOUT: "execution status unknown".
    CodeRule{-1006, -1007, ErrorClass::kNetwork, false, RejectReason::kBrokerUnavailable},
    CodeRule{-1008, -1008, ErrorClass::kThrottled, true, RejectReason::kBrokerUnavailable},
    CodeRule{-1013, -1013, ErrorClass::kRefused, true, RejectReason::kBrokerRejected},
    CodeRule{-1015, -1015, ErrorClass::kThrottled, true, RejectReason::kOrderRate},
    CodeRule{-1016, -1016, ErrorClass::kVenueDown, true, RejectReason::kBrokerUnavailable},
    CodeRule{-1021, -1021, ErrorClass::kRefused, true, RejectReason::kBrokerUnavailable, true},
    CodeRule{-1022, -1022, ErrorClass::kCredentials, true, RejectReason::kUnauthenticated},
    CodeRule{-1121, -1121, ErrorClass::kRefused, true, RejectReason::kUnknownInstrument},
    CodeRule{-1100, -1130, ErrorClass::kRefused, true, RejectReason::kBrokerRejected},
    CodeRule{-1160, -1199, ErrorClass::kRefused, true, RejectReason::kBrokerRejected},
    CodeRule{-1220, -1220, ErrorClass::kRefused, true, RejectReason::kBrokerRejected},
    CodeRule{-2010, -2010, ErrorClass::kRefused, true, RejectReason::kBrokerRejected},
    // Not open any more, or never was: which of both has to be asked.
    CodeRule{kUnknownOrderToCancel, kUnknownOrderToCancel, ErrorClass::kRefused, true, RejectReason::kOrderNotFound},
    CodeRule{kNoSuchOrder, kNoSuchOrder, ErrorClass::kRefused, true, RejectReason::kOrderNotFound},
    CodeRule{-2014, -2015, ErrorClass::kCredentials, true, RejectReason::kUnauthenticated},
    // One half of a cancelReplace is done: the answer's data says which.
    CodeRule{kReplacePartlyDone, kReplacePartlyDone, ErrorClass::kRefused, false, RejectReason::kBrokerRejected},
    CodeRule{kReplaceNotDone, kReplaceNotDone, ErrorClass::kRefused, true, RejectReason::kBrokerRejected},
    CodeRule{kArchivedOrder, kArchivedOrder, ErrorClass::kRefused, true, RejectReason::kOrderClosed},
    CodeRule{-2035, -2036, ErrorClass::kRefused, true, RejectReason::kBrokerRejected},
    CodeRule{-2038, -2039, ErrorClass::kRefused, true, RejectReason::kBrokerRejected},
    CodeRule{-2042, -2042, ErrorClass::kRefused, true, RejectReason::kBrokerRejected},
};

// What the text of -1013 and -2010 says more closely; what it contains counts.
struct TextRule {
  int code;
  std::string_view text;
  RejectReason reason;
};
constexpr std::array kTexts = {
    TextRule{-1013, "PERCENT_PRICE", RejectReason::kPriceCollar},
    TextRule{-1013, "PRICE_FILTER", RejectReason::kPriceOffTick},
    TextRule{-1013, "LOT_SIZE", RejectReason::kQuantityOffLot},
    TextRule{-1013, "NOTIONAL", RejectReason::kMinNotional},
    TextRule{-1013, "MAX_POSITION", RejectReason::kMaxPosition},
    TextRule{-1013, "MAX_NUM", RejectReason::kMaxOpenOrders},
    TextRule{-2010, "insufficient balance", RejectReason::kInsufficientFunds},
    TextRule{-2010, "Duplicate order sent", RejectReason::kDuplicateOrder},
    TextRule{-2010, "Market is closed", RejectReason::kMarketClosed},
    TextRule{-2010, "Order would trigger immediately", RejectReason::kStopWrongSide},
    TextRule{-2010, "Order would immediately match and take", RejectReason::kWouldTake},
    TextRule{-2010, "This account may not place or cancel orders", RejectReason::kPermissionDenied},
};

// Where the body names no code.
struct StatusRule {
  int status;
  ErrorClass error;
  bool outcome_known;
  RejectReason reason;
};
constexpr std::array kStatuses = {
    StatusRule{401, ErrorClass::kCredentials, true, RejectReason::kUnauthenticated},
    // Its firewall, before anything that trades.
    StatusRule{403, ErrorClass::kCredentials, true, RejectReason::kPermissionDenied},
    StatusRule{418, ErrorClass::kThrottled, true, RejectReason::kOrderRate},
    StatusRule{429, ErrorClass::kThrottled, true, RejectReason::kOrderRate},
};

const StatusRule* RuleOfStatus(int status) {
  for (const StatusRule& rule : kStatuses) {
    if (rule.status == status) return &rule;
  }
  return nullptr;
}

Rejection Because(RejectReason reason, std::string observed, std::string message) {
  return {.reason = reason, .check = "venue", .observed = std::move(observed), .message = std::move(message)};
}

}  // namespace

Problem JudgeCode(int http_status, int code, const std::string& message) {
  Problem problem{.error = ErrorClass::kUnreadable,
                  .code = code,
                  .http_status = http_status,
                  .rejection = Because(RejectReason::kBrokerRejected, std::to_string(code), message)};
  for (const CodeRule& rule : kCodes) {
    if (code > rule.first || code < rule.last) continue;
    problem.error = rule.error;
    problem.outcome_known = rule.outcome_known;
    problem.clock = rule.clock;
    problem.rejection.reason = rule.reason;
    break;
  }
  for (const TextRule& rule : kTexts) {
    if (rule.code != code || message.find(rule.text) == std::string::npos) continue;
    problem.rejection.reason = rule.reason;
    break;
  }
  // Nothing is sent twice, so the open order with that id is the very one that was asked for.
  if (problem.rejection.reason == RejectReason::kDuplicateOrder) problem.outcome_known = false;
  // Whatever number it has: it says where it failed, not whether it was done.
  if (http_status >= 500) {
    problem.outcome_known = false;
    if (problem.error == ErrorClass::kUnreadable) problem.error = ErrorClass::kVenueDown;
  }
  return problem;
}

Problem Judge(const venue::HttpAnswer& answer) {
  if (answer.outcome != venue::Outcome::kAnswered) {
    return {.error = ErrorClass::kNetwork,
            .outcome_known = answer.outcome == venue::Outcome::kNotSent,
            .rejection = Because(RejectReason::kBrokerUnavailable, "", answer.problem)};
  }
  auto json = venue::Json::Parse(answer.body);
  if (json.ok()) {
    if (auto code = (*json)["code"].AsInt(); code.ok() && *code < 0 && *code > -100'000)
      return JudgeCode(answer.status, static_cast<int>(*code), (*json)["msg"].text());
  }
  const std::string status = "HTTP " + std::to_string(answer.status);
  if (const StatusRule* rule = RuleOfStatus(answer.status)) {
    return {.error = rule->error,
            .outcome_known = rule->outcome_known,
            .http_status = answer.status,
            .rejection = Because(rule->reason, status, "the venue answered " + status)};
  }
  return {
      .error = answer.status >= 500 ? ErrorClass::kVenueDown : ErrorClass::kUnreadable,
      .outcome_known = false,
      .http_status = answer.status,
      .rejection = Because(RejectReason::kBrokerUnavailable, status, "the venue's answer cannot be read: " + status)};
}

}  // namespace ballast::binance
