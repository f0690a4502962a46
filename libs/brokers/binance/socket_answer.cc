#include "libs/brokers/binance/socket_answer.h"

#include "libs/brokers/binance/capabilities.h"
#include "libs/brokers/binance/words.h"
#include "libs/venue/json.h"

namespace ballast::binance {
namespace {

using venue::Json;

constexpr std::int64_t kNanosOfMilli = 1'000'000;

// Ids, signatures and keys hold nothing that JSON escapes; what does is not sent.
bool IsPlain(std::string_view text) {
  for (char c : text) {
    if (c < ' ' || c == '"' || c == '\\' || c > '~') return false;
  }
  return true;
}
bool IsCount(std::string_view name) { return name == "timestamp" || name == "recvWindow"; }

}  // namespace

absl::StatusOr<SocketAnswer> ReadSocketAnswer(std::string_view message) {
  auto json = Json::Parse(message);
  if (!json.ok()) return json.status();
  SocketAnswer out;
  if (json->Has("event")) {
    out.event = true;
    if (auto number = (*json)["subscriptionId"].AsInt(); number.ok()) out.subscription = *number;
    return out;
  }
  // A connection that is about to be closed says so outside of every subscription.
  if (!(*json)["e"].text().empty()) {
    out.event = true;
    return out;
  }
  auto status = (*json)["status"].AsInt();
  constexpr std::int64_t kStatusMax = 599;
  if (!status.ok() || *status < 100 || *status > kStatusMax)
    return absl::InvalidArgumentError("neither an answer nor an event");
  out.id = (*json)["id"].text();
  out.status = static_cast<int>(*status);
  if (out.status == 200) {
    if (auto number = (*json)["result"]["subscriptionId"].AsInt(); number.ok()) out.subscription = *number;
    return out;
  }
  const Json& error = (*json)["error"];
  auto code = error["code"].AsInt();
  constexpr std::int64_t kCodeMin = -100'000;
  const bool usable = code.ok() && *code < 0 && *code > kCodeMin;
  out.problem = JudgeCode(out.status, usable ? static_cast<int>(*code) : 0, error["msg"].text());
  out.retry_time = TimeOf(error["data"]["retryAfter"]);
  return out;
}

absl::StatusOr<std::string> SubscribeMessage(const std::string& id, UtcTime venue_time,
                                             const signing::BinanceSigner& signer) {
  auto parameters = signer.SignSocket({{"recvWindow", std::to_string(kRecvWindow.nanos / kNanosOfMilli)},
                                       {"timestamp", std::to_string(venue_time.nanos / kNanosOfMilli)}});
  if (!parameters.ok()) return parameters.status();
  std::string text = R"({"id":")" + id + R"(","method":"userDataStream.subscribe.signature","params":{)";
  bool first = true;
  for (const auto& [name, value] : *parameters) {
    if (!IsPlain(name) || !IsPlain(value)) return absl::InvalidArgumentError("a parameter cannot be sent as it is");
    const char* quote = IsCount(name) ? "" : "\"";
    text += (first ? "\"" : ",\"") + name + "\":" + quote + value + quote;
    first = false;
  }
  return text + "}}";
}

}  // namespace ballast::binance
