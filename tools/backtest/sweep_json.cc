#include "tools/backtest/sweep_json.h"

#include <nlohmann/json.hpp>

#include "tools/backtest/setup_json.h"

namespace ballast::backtest {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson RowJson(const SweepRow& row) {
  OrderedJson json = {{"index", row.index}, {"parameters", row.parameters}};
  if (!row.refusal.empty()) {
    json["refusal"] = row.refusal;
    return json;
  }
  const Statistics& s = row.statistics;
  auto figure = [&json](const char* name, const std::optional<double>& value) {
    json[name] = value ? OrderedJson(*value) : OrderedJson(nullptr);
  };
  json["equity"] = row.equity;
  figure("return_ratio", s.return_ratio);
  figure("drawdown_ratio", s.drawdown_ratio);
  figure("sharpe", s.sharpe);
  figure("sortino", s.sortino);
  figure("calmar", s.calmar);
  figure("profit_factor", s.profit_factor);
  figure("win_ratio", s.win_ratio);
  json["trades"] = s.trades;
  return json;
}

OrderedJson AxesJson(const ParameterGrid& grid) {
  OrderedJson axes = OrderedJson::array();
  for (const ParameterGrid::Axis& axis : grid.axes()) axes.push_back({{"name", axis.name}, {"values", axis.values}});
  return axes;
}

std::string Dump(const OrderedJson& json, bool compact) { return json.dump(compact ? -1 : 1); }

}  // namespace

std::string SweepRowJson(const SweepRow& row) { return RowJson(row).dump(); }

std::string SweepJson(const RunOptions& setup, const ParameterGrid& grid, const std::string& piece,
                      const std::string& by, const std::vector<SweepRow>& rows, const MarketChoice& market,
                      bool compact) {
  OrderedJson json = {{"version", 1},
                      {"setup", SetupJson(setup)},
                      {"first_time", market.first.ToString()},
                      {"last_time", market.last.ToString()},
                      {"notes", market.notes},
                      {"piece", piece},
                      {"by", by},
                      {"axes", AxesJson(grid)}};
  OrderedJson& out = json["rows"] = OrderedJson::array();
  for (const SweepRow& row : rows) out.push_back(RowJson(row));
  return Dump(json, compact);
}

std::string WalkForwardJson(const RunOptions& setup, const ParameterGrid& grid, const std::string& by,
                            const std::vector<Fold>& folds, double return_ratio, const std::vector<std::string>& notes,
                            bool compact) {
  OrderedJson json = {
      {"version", 1}, {"setup", SetupJson(setup)}, {"notes", notes}, {"by", by}, {"axes", AxesJson(grid)}};
  OrderedJson& out = json["folds"] = OrderedJson::array();
  for (const Fold& fold : folds) {
    out.push_back({{"train_from", fold.train_from.ToString()},
                   {"train_before", fold.train_before.ToString()},
                   {"test_before", fold.test_before.ToString()},
                   {"best", fold.best},
                   {"train_return_ratio", fold.train_return},
                   {"test_return_ratio", fold.test.return_ratio},
                   {"test_drawdown_ratio", fold.test.drawdown_ratio},
                   {"test_trades", fold.test.trades}});
  }
  json["return_ratio"] = return_ratio;
  return Dump(json, compact);
}

std::string LookAheadJson(const RunOptions& setup, const LookAheadReport& report, const std::vector<std::string>& notes,
                          bool compact) {
  OrderedJson json = {{"version", 1},
                      {"setup", SetupJson(setup)},
                      {"notes", notes},
                      {"signals", report.signals},
                      {"checked", report.checked}};
  OrderedJson& out = json["differences"] = OrderedJson::array();
  for (const LookedAhead& one : report.differences) {
    out.push_back({{"time", one.time.ToString()},
                   {"symbol", one.symbol.value()},
                   {"with_all", one.with_all},
                   {"with_past", one.with_past}});
  }
  return Dump(json, compact);
}

}  // namespace ballast::backtest
