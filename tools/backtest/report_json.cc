#include "tools/backtest/report_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/backtest/setup_json.h"

namespace ballast::backtest {
namespace {

using Json = nlohmann::ordered_json;

const char* SideName(Side side) { return side == Side::kBuy ? "BUY" : "SELL"; }

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json StatisticsOf(const Statistics& s) {
  Json months = Json::array();
  for (const Month& month : s.months)
    months.push_back({{"year", month.year}, {"month", month.month}, {"return_ratio", month.return_ratio}});
  return {{"days", s.days},
          {"return_ratio", s.return_ratio},
          {"annual_return", OrNull(s.annual_return)},
          {"volatility", OrNull(s.volatility)},
          {"sharpe", OrNull(s.sharpe)},
          {"sortino", OrNull(s.sortino)},
          {"calmar", OrNull(s.calmar)},
          {"drawdown_ratio", s.drawdown_ratio},
          {"longest_fall_days", s.longest_fall_days},
          {"exposure_ratio", s.exposure_ratio},
          {"trades", s.trades},
          {"win_ratio", OrNull(s.win_ratio)},
          {"profit_factor", OrNull(s.profit_factor)},
          {"expectancy", OrNull(s.expectancy)},
          {"average_win", OrNull(s.average_win)},
          {"average_loss", OrNull(s.average_loss)},
          {"longest_losing_row", s.longest_losing_row},
          {"average_trade_seconds", OrNull(s.average_trade_seconds)},
          {"months", months}};
}

Json TradeOf(const Trade& trade) {
  return {{"symbol", trade.symbol.value()},
          {"side", SideName(trade.side)},
          {"open_time", trade.open_time.ToString()},
          {"close_time", trade.close_time.ToString()},
          {"quantity", trade.quantity.ToString()},
          {"entry_price", trade.entry_price.ToString()},
          {"exit_price", trade.exit_price.ToString()},
          {"fees", trade.fees.ToString()},
          {"profit", trade.profit.ToString()},
          {"best", trade.best.ToString()},
          {"worst", trade.worst.ToString()},
          {"fills", trade.fills},
          {"exit_reason", trade.exit_reason}};
}

Json LatchOf(const std::optional<risk::LossTrip>& trip) {
  if (!trip) return nullptr;
  return {{"time", trip->time.ToString()},
          {"baseline", trip->baseline.ToString()},
          {"equity", trip->equity.ToString()},
          {"limit", trip->limit.ToString()}};
}

Json CandlesOf(const CandleLog& candles, const RunOptions& setup) {
  Json all = Json::object();
  for (const Symbol& symbol : setup.spec.symbols) {
    Json rows = Json::array();
    for (const CandleLog::Candle& candle : candles.Of(symbol)) {
      rows.push_back({candle.start_time.ToString(), candle.open.ToString(), candle.high.ToString(),
                      candle.low.ToString(), candle.close.ToString(), candle.volume.ToString()});
    }
    all[symbol.value()] = {{"bars_a_candle", candles.StrideOf(symbol)}, {"rows", rows}};
  }
  return all;
}

}  // namespace

Json SetupJson(const RunOptions& setup) {
  const strategy::Spec& spec = setup.spec;
  Json symbols = Json::array();
  for (const Symbol& symbol : spec.symbols) symbols.push_back(symbol.value());
  auto ratio = [](const std::optional<Decimal>& value) { return value ? Json(value->ToString()) : Json(nullptr); };
  return {{"strategy_id", spec.strategy_id},
          {"parameters", spec.parameters},
          {"symbols", symbols},
          {"timeframe", spec.timeframe},
          {"position_size_ratio", spec.position_size_ratio.ToString()},
          {"stop_loss_ratio", ratio(spec.stop_loss_ratio)},
          {"take_profit_ratio", ratio(spec.take_profit_ratio)},
          {"max_open_positions", spec.max_open_positions},
          {"allow_short", spec.allow_short},
          {"settings", setup.settings},
          {"cash", setup.cash.ToString()},
          {"currency", setup.currency}};
}

std::string ReportJson(const RunOptions& setup, const Outcome& outcome, const Statistics& statistics,
                       const std::optional<Resampled>& resampled, const std::vector<std::string>& notes,
                       const CandleLog& candles, const ReportExtent& extent) {
  Json report = {
      {"version", 1},
      {"setup", SetupJson(setup)},
      {"first_time", outcome.first_time.ToString()},
      {"last_time", outcome.last_time.ToString()},
      {"steps", outcome.steps},
      {"bars", outcome.bars},
      {"decisions", outcome.decisions},
      {"orders", outcome.orders},
      {"fills", outcome.fills},
      {"refusals", outcome.refusals},
      {"equity", outcome.curve.count() == 0 ? "" : outcome.curve.last().equity.ToString()},
      {"fees", outcome.fees.ToString()},
      {"turnover", outcome.turnover.ToString()},
      {"statistics", StatisticsOf(statistics)},
      {"loss_rules",
       {{"daily_loss", LatchOf(outcome.latches.daily_loss)}, {"drawdown", LatchOf(outcome.latches.drawdown)}}},
      {"notes", notes}};
  if (outcome.curve.deepest()) {
    const EquityCurve::Fall& fall = *outcome.curve.deepest();
    report["drawdown"] = {
        {"peak_time", fall.peak_time.ToString()},
        {"trough_time", fall.trough_time.ToString()},
        {"recovered_time", fall.recovered_time ? Json(fall.recovered_time->ToString()) : Json(nullptr)},
        {"peak", fall.peak.ToString()},
        {"trough", fall.trough.ToString()}};
  }
  if (resampled) {
    report["monte_carlo"] = {{"runs", resampled->runs},
                             {"percentiles", {5, 25, 50, 75, 95}},
                             {"return_ratio", resampled->return_ratio},
                             {"drawdown_ratio", resampled->drawdown_ratio},
                             {"loss_share", resampled->loss_share},
                             {"ruin_share", resampled->ruin_share}};
    Json& band = report["monte_carlo"]["band"] = Json::array();
    for (const Resampled::Point& point : resampled->band) band.push_back({point.trades, point.return_ratio});
  }
  Json& curve = report["curve"] = Json::array();
  for (const EquityPoint& point : outcome.curve.points())
    curve.push_back({point.time.ToString(), point.equity.ToString()});
  Json& trades = report["trades"] = Json::array();
  for (std::size_t i = 0; i < std::min(outcome.trades.size(), extent.trades_max); ++i)
    trades.push_back(TradeOf(outcome.trades[i]));
  Json& open = report["open_trades"] = Json::array();
  for (const auto& [symbol, trade] : outcome.open_trades) {
    open.push_back({{"symbol", symbol.value()},
                    {"side", SideName(trade.side)},
                    {"open_time", trade.open_time.ToString()},
                    {"quantity", trade.quantity.ToString()},
                    {"entry_price", trade.entry_price.ToString()},
                    {"fees", trade.fees.ToString()},
                    {"realised", trade.realised.ToString()},
                    {"unrealised", trade.unrealised.ToString()}});
  }
  Json& fills = report["all_fills"] = Json::array();
  for (const Fill& fill : outcome.all_fills) {
    fills.push_back({{"time", fill.transact_time.ToString()},
                     {"symbol", fill.symbol.value()},
                     {"side", SideName(fill.side)},
                     {"quantity", fill.quantity.ToString()},
                     {"price", fill.price.ToString()},
                     {"fee", fill.fee.ToString()},
                     {"reason", fill.reason}});
  }
  Json& refused = report["first_refusals"] = Json::array();
  for (const Refusal& refusal : outcome.first_refusals) {
    refused.push_back({{"time", refusal.time.ToString()},
                       {"symbol", refusal.symbol.value()},
                       {"side", SideName(refusal.side)},
                       {"quantity", refusal.quantity.ToString()},
                       {"check", refusal.why.check},
                       {"message", refusal.why.message}});
  }
  Json& decisions = report["first_decisions"] = Json::array();
  for (const strategy::Decision& decision : outcome.first_decisions) {
    decisions.push_back({{"time", decision.time.ToString()},
                         {"symbol", decision.symbol.value()},
                         {"action", decision.action},
                         {"reason", decision.reason},
                         {"inputs", decision.inputs}});
  }
  report["candles"] = CandlesOf(candles, setup);
  return report.dump(extent.indent);
}

}  // namespace ballast::backtest
