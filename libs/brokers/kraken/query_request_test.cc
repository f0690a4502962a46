#include "libs/brokers/kraken/query_request.h"

#include <algorithm>

#include "gtest/gtest.h"
#include "libs/brokers/kraken/client_order_id.h"

namespace ballast::kraken {
namespace {

constexpr std::string_view kUuid = "6d1b345e282140e2ad834ecb18a06876";
const OrderId kOurs = OrderIdOf(kUuid).value();

TEST(KrakenQueryRequest, OneOrderIsAskedForByOurId) {
  EXPECT_EQ(BodyOf(QueryOrder(kOurs), 7), "nonce=7&trades=true&cl_ord_id=" + std::string(kUuid));
  EXPECT_EQ(BodyOf(OpenOrders(kOurs), 7), "nonce=7&trades=true&cl_ord_id=" + std::string(kUuid));
  EXPECT_EQ(BodyOf(OpenOrders(), 7), "nonce=7&trades=true");
  EXPECT_EQ(PathOf(OpenOrders()), "/0/private/OpenOrders");
}

TEST(KrakenQueryRequest, HistoriesBeginEarlyEnoughAndCostMore) {
  UtcTime since{1'688'583'840'900'000'000};
  EXPECT_EQ(BodyOf(TradesHistory(since, 50), 7), "nonce=7&type=all&start=1688583839&ofs=50");
  EXPECT_EQ(TradesHistory(since).cost, 2);
  EXPECT_EQ(BodyOf(ClosedOrders({}), 7), "nonce=7&trades=true&closetime=close");
}

TEST(KrakenQueryRequest, IdsAreJoinedAndEncodedUpToTheVenuesNumber) {
  EXPECT_EQ(BodyOf(QueryOrders({"OA", "OB"}), 18446744073709551615ULL),
            "nonce=18446744073709551615&trades=true&txid=OA%2COB");
  std::vector<std::string> many(60, "O");
  std::string ids = QueryOrders(many).fields.back().second;
  EXPECT_EQ(static_cast<std::size_t>(std::count(ids.begin(), ids.end(), 'O')), kQueryMax);
}

TEST(KrakenQueryRequest, ADeadMansTimerIsNeverZeroByRounding) {
  EXPECT_EQ(BodyOf(CancelAllOrdersAfter(Duration::Millis(200)), 7), "nonce=7&timeout=1");
  EXPECT_EQ(BodyOf(CancelAllOrdersAfter(Duration::Seconds(60)), 7), "nonce=7&timeout=60");
  EXPECT_EQ(BodyOf(CancelAllOrdersAfter({}), 7), "nonce=7&timeout=0");
  EXPECT_EQ(BodyOf(BalanceEx(), 7), "nonce=7");
}

}  // namespace
}  // namespace ballast::kraken
