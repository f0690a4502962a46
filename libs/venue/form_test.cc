#include "libs/venue/form.h"

#include <gtest/gtest.h>

namespace ballast::venue {
namespace {

TEST(FormTest, PercentEncodesAllButUnreserved) {
  EXPECT_EQ(PercentEncode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(PercentEncode(" +/=&?%@[],\""), "%20%2B%2F%3D%26%3F%25%40%5B%5D%2C%22");
  EXPECT_EQ(PercentEncode(std::string_view("\0\xff", 2)), "%00%FF");
  // binance-spot-api-docs, rest-api.md: the symbol of its example.
  EXPECT_EQ(PercentEncode("１２３４５６"), "%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96");
}

TEST(FormTest, AFormKeepsItsOrder) {
  EXPECT_EQ(FormEncode({}), "");
  EXPECT_EQ(FormEncode({{"z", "1"}, {"a", ""}, {"close[price]", "+100"}}), "z=1&a=&close%5Bprice%5D=%2B100");
}

}  // namespace
}  // namespace ballast::venue
