#include "libs/brokers/ibkr/frame.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ballast::ibkr {
namespace {

// '|' stands for NUL.
std::string Nul(std::string text) {
  std::replace(text.begin(), text.end(), '|', '\0');
  return text;
}

std::optional<std::string> NextOf(FrameReader& reader) {
  auto next = reader.Next();
  EXPECT_TRUE(next.ok()) << next.status();
  return next.ok() ? *next : std::nullopt;
}

TEST(FrameTest, TheHandshakeIsWhatOtherClientsSend) {
  // As recorded from a client that offers 100 to 193.
  EXPECT_EQ(Handshake(100, 193), std::string("API\0\0\0\0\tv100..193", 17));
  EXPECT_EQ(Handshake(), std::string("API\0\0\0\0\tv157..178", 17));
}

TEST(FrameTest, TheServerNamesOneOfTheVersionsOffered) {
  auto hello = ReadServerHello(Nul("176|20261105 10:00:00 UTC|"));
  ASSERT_TRUE(hello.ok()) << hello.status();
  EXPECT_EQ(hello->version, 176);
  EXPECT_EQ(hello->connect_time, "20261105 10:00:00 UTC");
  EXPECT_TRUE(ReadServerHello(Nul("157||")).ok());
  EXPECT_EQ(ReadServerHello(Nul("156||")).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReadServerHello(Nul("179||")).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReadServerHello(Nul("176|")).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadServerHello(Nul("new|now|")).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadServerHello("").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(FrameTest, EveryFieldIsEndedByNul) {
  EXPECT_EQ(JoinFields({"71", "2", "7", ""}).value(), Nul("71|2|7||"));
  EXPECT_FALSE(SplitFields(Nul("71|2")).ok());
  EXPECT_FALSE(SplitFields("").ok());
  std::string payload = Nul("71||7||");
  EXPECT_EQ(SplitFields(payload).value(), (std::vector<std::string_view>{"71", "", "7", ""}));
}

TEST(FrameTest, NoFieldCanSmuggleInAnother) {
  EXPECT_FALSE(JoinFields({"3", Nul("AAPL|MSFT")}).ok());
  EXPECT_FALSE(JoinFields({std::string(kPayloadMax, 'x')}).ok());
  EXPECT_TRUE(JoinFields({std::string(kPayloadMax - 1, 'x')}).ok());
}

TEST(FrameTest, FramesComeOutAsTheyWentIn) {
  FrameReader reader;
  EXPECT_EQ(NextOf(reader), std::nullopt);
  reader.Feed(Frame("one") + Frame("") + Frame(std::string(300, 'x')) + Frame("last").substr(0, 5));
  EXPECT_EQ(NextOf(reader), "one");
  EXPECT_EQ(NextOf(reader), "");
  EXPECT_EQ(NextOf(reader), std::string(300, 'x'));
  EXPECT_EQ(NextOf(reader), std::nullopt);
  EXPECT_EQ(reader.pending(), 5U);
  reader.Feed("ast");
  EXPECT_EQ(NextOf(reader), "last");
  EXPECT_EQ(reader.pending(), 0U);
}

TEST(FrameTest, OneByteAtATimeIsTheSame) {
  std::string bytes = Frame(Nul("9|1|1|")) + Frame(Nul("15|1|DU1234567|"));
  FrameReader reader;
  std::vector<std::string> heard;
  for (char byte : bytes) {
    reader.Feed(std::string_view(&byte, 1));
    while (auto next = NextOf(reader)) heard.push_back(*next);
  }
  EXPECT_EQ(heard, (std::vector<std::string>{Nul("9|1|1|"), Nul("15|1|DU1234567|")}));
}

TEST(FrameTest, AfterALengthBeyondTheLimitNothingIsRead) {
  FrameReader reader;
  reader.Feed(Frame("good") + std::string("\x01\0\0\0", 4));
  EXPECT_EQ(NextOf(reader), "good");
  EXPECT_FALSE(reader.Next().ok());
  reader.Feed(Frame("late"));
  EXPECT_FALSE(reader.Next().ok());
  FrameReader at_limit;
  at_limit.Feed(std::string("\0\xff\xff\xff", 4));
  EXPECT_EQ(NextOf(at_limit), std::nullopt);
}

}  // namespace
}  // namespace ballast::ibkr
