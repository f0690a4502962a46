#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/utc_time.h"
#include "libs/model/ids.h"
#include "libs/venue/form.h"

namespace ballast::kraken {

// One call of the private REST interface, without nonce and signature.
struct RestRequest {
  // "OpenOrders": the path is "/0/private/" and this.
  std::string method;
  // In the order they are to be sent.
  venue::Parameters fields;
  // On the venue's request counter; what the histories cost is more.
  int cost = 1;
};

// What is open; of one order, where `order_id` is an id made here.
RestRequest OpenOrders(const OrderId& order_id = {});
// What has ended since (all there is when zero), newest first, 50 a page from `offset`.
RestRequest ClosedOrders(UtcTime since, std::uint64_t offset = 0, const OrderId& order_id = {});
// Orders by the venue's ids, up to kQueryMax of them; with the ids of their trades.
RestRequest QueryOrders(const std::vector<std::string>& broker_order_ids);
// One order by ours.
RestRequest QueryOrder(const OrderId& order_id);
inline constexpr std::size_t kQueryMax = 50;
// Trades since (all there are when zero), newest first, 50 a page from `offset`.
RestRequest TradesHistory(UtcTime since, std::uint64_t offset = 0);
// Of each asset what is there and what orders hold of it.
RestRequest BalanceEx();
// The venue cancels everything of the account, unless this is said again within that time; zero takes it back.
RestRequest CancelAllOrdersAfter(Duration time);
RestRequest GetWebSocketsToken();

std::string PathOf(const RestRequest& request);
// The form as it is signed and sent: the nonce, then the fields.
std::string BodyOf(const RestRequest& request, std::uint64_t nonce);

}  // namespace ballast::kraken
