#include "libs/wire/log_page.h"

#include <gtest/gtest.h>

#include "ballast/order/v1/order_service.pb.h"

namespace ballast::wire {
namespace {

TEST(LogPageTest, GivesBackWhatWasPutIn) {
  std::string page, large(70'000, 'x');
  LogPage::Append("first", "", &page);
  LogPage::Append("", "said of an empty one", &page);
  LogPage::Append(large, "said", &page);
  auto records = LogPage::Read(page);
  ASSERT_TRUE(records);
  ASSERT_EQ(records->size(), 3U);
  EXPECT_EQ((*records)[0].bytes, "first");
  EXPECT_EQ((*records)[0].note, "");
  EXPECT_EQ((*records)[1].bytes, "");
  EXPECT_EQ((*records)[1].note, "said of an empty one");
  EXPECT_EQ((*records)[2].bytes, large);
  EXPECT_EQ((*records)[2].note, "said");
}

TEST(LogPageTest, APageIsAMessageOfItsRecords) {
  order::v1::OrderEvent event;
  event.set_account_id("paper");
  event.set_sequence(7);
  std::string page;
  LogPage::Append(event.SerializeAsString(), "", &page);
  order::v1::ListOrderEventsResponse read;
  ASSERT_TRUE(read.ParseFromString(page));
  ASSERT_EQ(read.events_size(), 1);
  EXPECT_EQ(read.events(0).sequence(), 7U);
}

TEST(LogPageTest, EveryCutIsNoticedOrEndsBetweenTwoFields) {
  std::string page;
  LogPage::Append("first", "said", &page);
  std::size_t second = page.size();
  LogPage::Append("second", "more", &page);
  for (std::size_t size = 0; size < page.size(); ++size) {
    auto records = LogPage::Read(std::string_view(page).substr(0, size));
    bool between = size == 0 || size == 7 || size == second || size == second + 8;
    EXPECT_EQ(records.has_value(), between) << size;
  }
  EXPECT_FALSE(LogPage::Read("\x12\x01x"));  // said of nothing
  EXPECT_FALSE(LogPage::Read("\x1a\x01x"));  // a field that is not known
  EXPECT_FALSE(LogPage::Read("\x0a\xff\xff\xff\xff\x0fx"));
}

}  // namespace
}  // namespace ballast::wire
