#pragma once

#include <string>

namespace ballast {

// Mirrors ballast.type.v1.RejectReason number by number; libs/wire has the test that says so.
// 1xxx decode and validation, 2xxx risk, 3xxx order state, 4xxx broker, 5xxx account and permission. Append-only.
enum class RejectReason : int {
  kUnspecified = 0,
  kMalformed = 1001,
  kMissingField = 1002,
  kBadDecimal = 1003,
  kOutOfRange = 1004,
  kBadEnum = 1005,
  kBadIdentifier = 1006,
  kPriceRequired = 1007,
  kPriceForbidden = 1008,
  kRequestIdReused = 1009,
  kUnsupported = 1010,
  kDuplicateOrder = 1011,
  kUnknownInstrument = 2001,
  kPriceOffTick = 2002,
  kQuantityOffLot = 2003,
  kMinNotional = 2004,
  kMaxQuantity = 2005,
  kMaxNotional = 2006,
  kMaxPosition = 2007,
  kConcentration = 2008,
  kGrossLeverage = 2009,
  kBuyingPower = 2010,
  kMaxOpenPositions = 2011,
  kMaxOpenOrders = 2012,
  kDailyLoss = 2013,
  kDrawdown = 2014,
  kPriceCollar = 2015,
  kOrderRate = 2016,
  kStalePrice = 2017,
  kCrossedPrice = 2018,
  kMarketClosed = 2019,
  kTradingHalted = 2020,
  kRiskUnavailable = 2021,
  kShortNotAllowed = 2022,
  kRestricted = 2023,
  kStopWrongSide = 2024,
  kReduceOnly = 2025,
  kBreaker = 2026,
  kNetLeverage = 2027,
  kRiskPerTrade = 2028,
  kPortfolioRisk = 2029,
  kSoftCollar = 2030,
  kSelfTrade = 2031,
  kLocateRequired = 2032,
  kInstrumentHalted = 2044,
  kOrderNotFound = 3001,
  kOrderClosed = 3002,
  kCancelPending = 3003,
  kStaleIntent = 3004,
  kIllegalTransition = 3005,
  kContingent = 3006,
  kReplacePending = 3007,
  kOutcomeUnknown = 3010,
  kExternalOrder = 3044,
  kBrokerUnavailable = 4001,
  kBrokerRejected = 4002,
  kBrokerUnsupported = 4003,
  kNoLiquidity = 4004,
  kGatewayCheck = 4005,
  kInsufficientFunds = 4006,
  kSessionEnded = 4007,
  kKillSwitch = 4008,
  kWouldTake = 4009,
  kNeverAccepted = 4010,
  kUnknownAccount = 5001,
  kUnauthenticated = 5002,
  kPermissionDenied = 5003,
  kAccountHalted = 5004,
  kUnknownDeployment = 5005,
  kDeploymentStopped = 5006,
};

// A business refusal: a value, with the numbers that led to it.
struct Rejection {
  RejectReason reason = RejectReason::kUnspecified;
  // The check that said no, e.g. "max_position"; empty when no check was involved.
  std::string check;
  // In the unit the message names; empty when not numeric.
  std::string limit;
  std::string observed;
  // One sentence for people.
  std::string message;
  // Whose limit it was where it is not the account's own: "firm", "deployment x", "instrument x".
  std::string limit_scope = {};
  // Of a self-trade: the order that rests.
  std::string related_order_id = {};

  friend bool operator==(const Rejection&, const Rejection&) = default;
};

}  // namespace ballast
