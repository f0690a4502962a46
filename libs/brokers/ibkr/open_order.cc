#include "libs/brokers/ibkr/open_order.h"

namespace ballast::ibkr {
namespace {

constexpr int kNoFaProfile = 177;

// From the model code to the price of a delta-neutral hedge.
void ReadTerms(FieldReader& in, OpenOrder& order) {
  in.Skip(1, "modelCode");
  order.good_till_date = in.Text("goodTillDate");
  in.Skip(1, "rule80A");
  in.Skip(1, "percentOffset");
  in.Skip(1, "settlingFirm");
  in.Skip(1, "shortSaleSlot");
  in.Skip(1, "designatedLocation");
  in.Skip(1, "exemptCode");
  in.Skip(1, "auctionStrategy");
  in.Skip(1, "startingPrice");
  in.Skip(1, "stockRefPrice");
  in.Skip(1, "delta");
  in.Skip(2, "stockRange");
  in.Skip(1, "displaySize");
  in.Skip(1, "blockOrder");
  in.Skip(1, "sweepToFill");
  in.Skip(1, "allOrNone");
  in.Skip(1, "minQty");
  order.oca_type = in.IntOrZero("ocaType");
  in.Skip(1, "eTradeOnly");
  in.Skip(1, "firmQuoteOnly");
  in.Skip(1, "nbboPriceCap");
  order.parent_id = in.IntOrZero("parentId");
  in.Skip(1, "triggerMethod");
  in.Skip(1, "volatility");
  in.Skip(1, "volatilityType");
  // Where there is a hedge, and be it "None", it has eight more fields.
  constexpr std::size_t kHedgeFields = 8;
  bool hedged = !in.Text("deltaNeutralOrderType").empty();
  in.Skip(1, "deltaNeutralAuxPrice");
  if (hedged) in.Skip(kHedgeFields, "deltaNeutral");
}

// Legs of combinations, scales, hedges and algorithms: none of ours, and each as long as it says itself.
void SkipExtras(FieldReader& in) {
  constexpr std::size_t kLegFields = 8;
  constexpr std::size_t kScaleFields = 7;
  constexpr std::size_t kUnderlyingFields = 3;
  in.Skip(1, "comboLegsDescrip");
  in.Skip(kLegFields * in.Count("comboLegs", kLegFields), "comboLeg");
  in.Skip(in.Count("orderComboLegs", 1), "orderComboLeg");
  in.Skip(2 * in.Count("smartComboRoutingParams", 2), "smartComboRoutingParam");
  in.Skip(1, "scaleInitLevelSize");
  in.Skip(1, "scaleSubsLevelSize");
  std::optional<Decimal> increment = in.Number("scalePriceIncrement");
  if (increment && increment->IsPositive()) in.Skip(kScaleFields, "scale");
  if (!in.Text("hedgeType").empty()) in.Skip(1, "hedgeParam");
  in.Skip(1, "optOutSmartRouting");
  in.Skip(1, "clearingAccount");
  in.Skip(1, "clearingIntent");
  in.Skip(1, "notHeld");
  if (in.Bool("deltaNeutralContract")) in.Skip(kUnderlyingFields, "deltaNeutralContract");
  if (!in.Text("algoStrategy").empty()) in.Skip(2 * in.Count("algoParams", 2), "algoParam");
  in.Skip(1, "solicited");
}

}  // namespace

Contract ReadContract(FieldReader& in) {
  Contract contract;
  contract.con_id = in.IntOrZero("conId");
  contract.symbol = in.Text("symbol");
  contract.security_type = in.Text("secType");
  contract.last_trade_date = in.Text("lastTradeDateOrContractMonth");
  contract.strike = in.Number("strike");
  contract.right = in.Text("right");
  contract.multiplier = in.Text("multiplier");
  contract.exchange = in.Text("exchange");
  contract.currency = in.Text("currency");
  contract.local_symbol = in.Text("localSymbol");
  contract.trading_class = in.Text("tradingClass");
  return contract;
}

OpenOrder ReadOpenOrder(FieldReader& in, int server_version) {
  OpenOrder order;
  order.order_id = in.RequiredInt("orderId");
  order.contract = ReadContract(in);
  order.action = in.RequiredText("action");
  order.quantity = in.RequiredDecimal("totalQuantity");
  order.order_type = in.RequiredText("orderType");
  order.limit_price = in.Number("lmtPrice");
  order.aux_price = in.Number("auxPrice");
  order.time_in_force = in.Text("tif");
  order.oca_group = in.Text("ocaGroup");
  order.account = in.Text("account");
  in.Skip(1, "openClose");
  in.Skip(1, "origin");
  order.order_ref = in.Text("orderRef");
  order.client_id = in.IntOrZero("clientId");
  order.perm_id = in.IntOrZero("permId");
  order.outside_rth = in.Bool("outsideRth");
  in.Skip(1, "hidden");
  in.Skip(1, "discretionaryAmt");
  in.Skip(1, "goodAfterTime");
  in.Skip(1, "sharesAllocation");
  in.Skip(1, "faGroup");
  in.Skip(1, "faMethod");
  in.Skip(1, "faPercentage");
  if (server_version < kNoFaProfile) in.Skip(1, "faProfile");
  ReadTerms(in, order);
  in.Skip(1, "continuousUpdate");
  in.Skip(1, "referencePriceType");
  order.trail_stop_price = in.Number("trailStopPrice");
  order.trailing_percent = in.Number("trailingPercent");
  in.Skip(1, "basisPoints");
  in.Skip(1, "basisPointsType");
  SkipExtras(in);
  order.what_if = in.Bool("whatIf");
  order.status = in.RequiredText("status");
  return order;
}

}  // namespace ballast::ibkr
