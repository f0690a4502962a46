#include "libs/brokers/kraken/query_request.h"

#include <algorithm>
#include <optional>

#include "libs/brokers/kraken/client_order_id.h"

namespace ballast::kraken {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
// Of a history on the request counter.
constexpr int kHistoryCost = 2;

// The venue begins after the moment it is given, and reads whole seconds: a second earlier misses nothing.
void AddStart(RestRequest& request, UtcTime since) {
  if (since == UtcTime{}) return;
  request.fields.emplace_back("start", std::to_string(std::max<std::int64_t>(since.nanos / kNanosPerSecond - 1, 0)));
}
void AddOffset(RestRequest& request, std::uint64_t offset) {
  if (offset > 0) request.fields.emplace_back("ofs", std::to_string(offset));
}
void AddOrder(RestRequest& request, const OrderId& order_id) {
  if (std::optional<std::string> ours = ClientOrderIdOf(order_id)) request.fields.emplace_back("cl_ord_id", *ours);
}

}  // namespace

RestRequest OpenOrders(const OrderId& order_id) {
  RestRequest request{.method = "OpenOrders", .fields = {{"trades", "true"}}};
  AddOrder(request, order_id);
  return request;
}

RestRequest ClosedOrders(UtcTime since, std::uint64_t offset, const OrderId& order_id) {
  RestRequest request{.method = "ClosedOrders", .fields = {{"trades", "true"}, {"closetime", "close"}}};
  AddStart(request, since);
  AddOffset(request, offset);
  AddOrder(request, order_id);
  return request;
}

RestRequest QueryOrders(const std::vector<std::string>& broker_order_ids) {
  std::string ids;
  for (std::size_t i = 0; i < std::min(broker_order_ids.size(), kQueryMax); ++i)
    ids += (ids.empty() ? "" : ",") + broker_order_ids[i];
  return {.method = "QueryOrders", .fields = {{"trades", "true"}, {"txid", ids}}};
}

RestRequest QueryOrder(const OrderId& order_id) {
  RestRequest request{.method = "QueryOrders", .fields = {{"trades", "true"}}};
  AddOrder(request, order_id);
  return request;
}

RestRequest TradesHistory(UtcTime since, std::uint64_t offset) {
  RestRequest request{.method = "TradesHistory", .fields = {{"type", "all"}}, .cost = kHistoryCost};
  AddStart(request, since);
  AddOffset(request, offset);
  return request;
}

RestRequest BalanceEx() { return {.method = "BalanceEx"}; }

RestRequest CancelAllOrdersAfter(Duration time) {
  // Less than a second must not become the zero that takes it back.
  std::int64_t seconds = time.nanos <= 0 ? 0 : (time.nanos + kNanosPerSecond - 1) / kNanosPerSecond;
  return {.method = "CancelAllOrdersAfter", .fields = {{"timeout", std::to_string(seconds)}}};
}

RestRequest GetWebSocketsToken() { return {.method = "GetWebSocketsToken"}; }

std::string PathOf(const RestRequest& request) { return "/0/private/" + request.method; }

std::string BodyOf(const RestRequest& request, std::uint64_t nonce) {
  venue::Parameters fields = {{"nonce", std::to_string(nonce)}};
  fields.insert(fields.end(), request.fields.begin(), request.fields.end());
  return venue::FormEncode(fields);
}

}  // namespace ballast::kraken
