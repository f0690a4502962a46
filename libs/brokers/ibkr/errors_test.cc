#include "libs/brokers/ibkr/errors.h"

#include <gtest/gtest.h>

namespace ballast::ibkr {
namespace {

using broker::ErrorClass;

TEST(ErrorsTest, WhatEndsAnOrder) {
  for (int code : {200, 201, 203, 10289, 10293}) {
    EXPECT_EQ(MeaningOf(code).order, OrderEffect::kRejected) << code;
    EXPECT_EQ(MeaningOf(code).error_class, ErrorClass::kRefused) << code;
    EXPECT_EQ(MeaningOf(code).session, SessionEffect::kNone) << code;
  }
  EXPECT_EQ(MeaningOf(202).order, OrderEffect::kCancelled);
  EXPECT_EQ(MeaningOf(202).error_class, ErrorClass::kUnspecified);
}

TEST(ErrorsTest, AWorkingOrderSurvivesWhatRejectsANewOne) {
  for (int code : {110, 321}) {
    EXPECT_EQ(EffectOn(MeaningOf(code), false), OrderEffect::kRejected) << code;
    EXPECT_EQ(EffectOn(MeaningOf(code), true), OrderEffect::kChangeRejected) << code;
  }
  for (int code : {104, 105, 329}) {
    EXPECT_EQ(EffectOn(MeaningOf(code), true), OrderEffect::kChangeRejected) << code;
    EXPECT_EQ(EffectOn(MeaningOf(code), false), OrderEffect::kChangeRejected) << code;
  }
  EXPECT_EQ(EffectOn(MeaningOf(201), true), OrderEffect::kRejected);
}

TEST(ErrorsTest, ADuplicateIdIsNoRejectionOfTheOrderThatHasIt) {
  EXPECT_EQ(EffectOn(MeaningOf(103), false), OrderEffect::kDuplicateId);
}

TEST(ErrorsTest, WhatLeavesAnOrderToBeAskedFor) {
  for (int code : {135, 161, 434, 10147, 10148, 1101, 1102}) {
    EXPECT_EQ(MeaningOf(code).order, OrderEffect::kQuery) << code;
  }
  for (int code : {502, 504, 508, 1100, 1300, 2110}) {
    EXPECT_EQ(MeaningOf(code).order, OrderEffect::kUnknownState) << code;
  }
  for (int code : {399, 404, 492, 2109, 2100, 2199, 2161}) {
    EXPECT_EQ(MeaningOf(code).order, OrderEffect::kWarning) << code;
  }
}

TEST(ErrorsTest, WhatBecomesOfTheSession) {
  EXPECT_EQ(MeaningOf(1100).session, SessionEffect::kLost);
  EXPECT_EQ(MeaningOf(2110).session, SessionEffect::kLost);
  EXPECT_EQ(MeaningOf(1101).session, SessionEffect::kRestoredDataLost);
  EXPECT_EQ(MeaningOf(1102).session, SessionEffect::kRestoredDataKept);
  EXPECT_EQ(MeaningOf(1300).session, SessionEffect::kReconnect);
  EXPECT_EQ(MeaningOf(326).session, SessionEffect::kClientIdInUse);
  EXPECT_EQ(MeaningOf(100).session, SessionEffect::kSlowDown);
  EXPECT_EQ(MeaningOf(100).error_class, ErrorClass::kThrottled);
}

TEST(ErrorsTest, AFarmOfDataSaysNothingAboutOrders) {
  for (int code : {2103, 2105, 2157}) EXPECT_EQ(MeaningOf(code).session, SessionEffect::kFarmBroken) << code;
  for (int code : {2104, 2106, 2158}) EXPECT_EQ(MeaningOf(code).session, SessionEffect::kFarmOk) << code;
  for (int code : {2107, 2108}) EXPECT_EQ(MeaningOf(code).session, SessionEffect::kFarmIdle) << code;
  for (int code : {2103, 2104, 2105, 2106, 2107, 2108, 2157, 2158, 101, 162, 165, 354, 10089, 10167, 10182, 10197}) {
    EXPECT_EQ(MeaningOf(code).order, OrderEffect::kNone) << code;
  }
}

TEST(ErrorsTest, AnUnknownCodeEndsNothing) {
  for (int code : {0, -1, 99, 204, 999, 2099, 2200, 10290, 99999}) {
    EXPECT_FALSE(MeaningOf(code).known) << code;
    EXPECT_EQ(EffectOn(MeaningOf(code), false), OrderEffect::kQuery) << code;
    EXPECT_EQ(MeaningOf(code).session, SessionEffect::kNone) << code;
    EXPECT_EQ(MeaningOf(code).code, code);
  }
  EXPECT_TRUE(MeaningOf(201).known);
  EXPECT_TRUE(MeaningOf(2150).known);
}

}  // namespace
}  // namespace ballast::ibkr
