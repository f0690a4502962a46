#include "libs/brokers/binance/client_order_id.h"

#include <algorithm>
#include <charconv>

#include "absl/status/status.h"

namespace ballast::binance {
namespace {

constexpr std::string_view kPrefix = "bl-";
constexpr std::string_view kReplacement = "-r";
constexpr std::size_t kOrderIdLength = 27;

bool IsOurs(std::string_view id) {
  return id.size() == kOrderIdLength && id.front() == 'o' &&
         std::all_of(id.begin() + 1, id.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'v'); });
}

std::string Joined(std::string_view symbol, std::string_view number) {
  return std::string(symbol) + ":" + std::string(number);
}

}  // namespace

absl::StatusOr<std::string> Encode(const ClientOrderId& id) {
  if (!IsOurs(id.order_id.value())) return absl::InvalidArgumentError("order_id: none that is made here");
  if (id.replacement < 0 || id.replacement > kReplacementMax)
    return absl::InvalidArgumentError("replacement: it has room for 0 to 9999");
  std::string text = std::string(kPrefix) + id.order_id.value();
  if (id.replacement > 0) text += std::string(kReplacement) + std::to_string(id.replacement);
  return text;
}

std::optional<ClientOrderId> Decode(std::string_view text) {
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  std::string_view order_id = text.substr(0, kOrderIdLength);
  if (!IsOurs(order_id)) return std::nullopt;
  text.remove_prefix(kOrderIdLength);
  ClientOrderId id{.order_id = OrderId(order_id)};
  if (text.empty()) return id;
  if (!text.starts_with(kReplacement)) return std::nullopt;
  text.remove_prefix(kReplacement.size());
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id.replacement);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  // One text for one id: no leading zero, no number that Encode does not write.
  if (text.front() == '0' || id.replacement < 1 || id.replacement > kReplacementMax) return std::nullopt;
  return id;
}

OrderId ForeignOrderId(std::string_view venue_symbol, std::string_view venue_order_id) {
  return OrderId(Joined(venue_symbol, venue_order_id));
}

OrderId OrderIdOf(std::string_view client_order_id, std::string_view venue_symbol, std::string_view venue_order_id) {
  std::optional<ClientOrderId> ours = Decode(client_order_id);
  return ours ? ours->order_id : ForeignOrderId(venue_symbol, venue_order_id);
}

ExecutionId ExecutionIdOf(std::string_view venue_symbol, std::string_view trade_id) {
  return ExecutionId(Joined(venue_symbol, trade_id));
}

}  // namespace ballast::binance
