#include "services/strategy_runner/backtest_figures.h"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace ballast {
namespace {

using FigureJson = nlohmann::json;
using Figures = std::map<std::string, std::string>;

std::string TwoPlaces(double value) {
  char text[64];
  (void)std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

// Numbers are for people: the report has every digit.
void AddNumber(const FigureJson& from, const char* name, Figures& figures) {
  auto found = from.find(name);
  if (found == from.end() || !found->is_number()) return;
  figures[name] = found->is_number_float() ? TwoPlaces(found->get<double>()) : found->dump();
}
void AddPercent(const FigureJson& from, const char* name, const char* as, Figures& figures) {
  auto found = from.find(name);
  if (found != from.end() && found->is_number()) figures[as] = TwoPlaces(found->get<double>() * 100);
}

Figures OfRun(const FigureJson& report) {
  Figures figures;
  const FigureJson& statistics = report["statistics"];
  AddPercent(statistics, "return_ratio", "return_percent", figures);
  AddPercent(statistics, "drawdown_ratio", "drawdown_percent", figures);
  AddPercent(statistics, "win_ratio", "win_percent", figures);
  AddNumber(statistics, "sharpe", figures);
  AddNumber(statistics, "profit_factor", figures);
  AddNumber(statistics, "trades", figures);
  for (const char* name : {"equity", "fees"}) {
    if (report.contains(name) && report[name].is_string()) figures[name] = report[name].get<std::string>();
  }
  return figures;
}

}  // namespace

absl::StatusOr<Figures> FiguresOf(backtest::v1::BacktestKind kind, const std::string& text) {
  FigureJson report = FigureJson::parse(text, nullptr, false);
  auto has = [&](const char* name, auto is) { return report.is_object() && report.contains(name) && is(report[name]); };
  auto array = [](const FigureJson& value) { return value.is_array(); };
  Figures figures;
  switch (kind) {
    case backtest::v1::BACKTEST_KIND_SWEEP:
      if (!has("rows", array)) break;
      figures["combinations"] = std::to_string(report["rows"].size());
      return figures;
    case backtest::v1::BACKTEST_KIND_WALK_FORWARD:
      if (!has("folds", array)) break;
      figures["folds"] = std::to_string(report["folds"].size());
      AddPercent(report, "return_ratio", "return_percent", figures);
      return figures;
    case backtest::v1::BACKTEST_KIND_LOOK_AHEAD:
      if (!has("differences", array)) break;
      figures["differences"] = std::to_string(report["differences"].size());
      AddNumber(report, "signals", figures);
      AddNumber(report, "checked", figures);
      return figures;
    default:
      if (!has("statistics", [](const FigureJson& value) { return value.is_object(); })) break;
      return OfRun(report);
  }
  return absl::InvalidArgumentError("the report cannot be read");
}

}  // namespace ballast
