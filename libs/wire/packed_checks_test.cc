#include "libs/wire/packed_checks.h"

#include <gtest/gtest.h>

#include <vector>

#include "libs/wire/event_bytes.h"

namespace ballast::wire {
namespace {

std::string Encoded(const std::vector<RiskCheck>& checks) {
  std::string bytes;
  AppendChecks(checks, &bytes);
  return bytes;
}

TEST(PackedChecks, AreTheSameBytesAgainAndAQuarterOfThem) {
  std::vector<RiskCheck> checks;
  for (const char* name : {"known_instrument", "restricted", "trading_halted", "price_known", "session_open",
                           "tick_size", "stop_side", "price_collar", "reduce_only", "short_selling"})
    checks.push_back({.name = name, .passed = true});
  checks.push_back({.name = "price_age", .limit = "5000", .used = "187", .after = "187", .passed = true});
  checks.push_back(
      {.name = "daily_loss", .limit = "1000000", .used = "1564.65257", .after = "1564.65257", .passed = true});
  checks.push_back(
      {.name = "max_position", .limit = "1999968.7069486", .used = "6006.91", .after = "6080.165", .passed = true});
  checks.push_back(
      {.name = "max_open_positions_per_deployment", .limit = "5", .used = "3", .after = "-3", .passed = false});
  std::string encoded = Encoded(checks);
  std::string packed = PackChecks(encoded);
  EXPECT_EQ(UnpackChecks(packed), encoded);
  EXPECT_LT(packed.size() * 3, encoded.size());
}

TEST(PackedChecks, TextThatIsNoFigureAndNamesOfAYoungerRiskStayWhatTheyAre) {
  std::string encoded =
      Encoded({{.name = "of tomorrow", .limit = "10 %", .used = "\xC3\xA9", .after = "x", .passed = true},
               {.name = "", .limit = "", .used = "", .after = "7", .passed = false}});
  std::string packed = PackChecks(encoded);
  EXPECT_NE(packed, encoded);
  EXPECT_EQ(UnpackChecks(packed), encoded);
}

TEST(PackedChecks, WhatCannotBePackedIsKeptAsItIs) {
  EXPECT_EQ(PackChecks(""), "");
  std::string long_text = Encoded({{.name = "equity", .limit = std::string(200, '1')}});
  EXPECT_EQ(PackChecks(long_text), long_text);
  // A field that is not known here, and the same fields in another order.
  std::string unknown = Encoded({{.name = "equity"}}) + "\x98\x06\x01";
  EXPECT_EQ(PackChecks(unknown), unknown);
  std::string other_order("\x5a\x06\x28\x01\x0a\x02gg", 8);
  EXPECT_EQ(PackChecks(other_order), other_order);
  EXPECT_EQ(UnpackChecks(other_order), other_order);
}

TEST(PackedChecks, RowsOfBeforeAreReadAndBrokenOnesAreNothing) {
  std::string encoded = Encoded({{.name = "equity", .limit = "0", .passed = true}});
  EXPECT_EQ(UnpackChecks(encoded), encoded);
  EXPECT_EQ(UnpackChecks(""), "");
  std::string packed = PackChecks(encoded);
  EXPECT_EQ(UnpackChecks(packed.substr(0, packed.size() - 1)), "");
  EXPECT_EQ(UnpackChecks("\1\xff"), "");
}

}  // namespace
}  // namespace ballast::wire
