// ballast-backtest: plays strategies through recorded markets by the code that trades (docs/reference/backtest.md).
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/strategy/catalogue.h"
#include "tools/backtest/external_process.h"
#include "tools/backtest/market_choice.h"
#include "tools/backtest/report_json.h"
#include "tools/backtest/request.h"
#include "tools/backtest/sweep.h"
#include "tools/backtest/walk_forward.h"

namespace ballast::backtest {
namespace {

struct Options {
  Request request;
  // A command that starts a strategy's process, instead of a strategy.
  std::string external;
  std::string out;
  std::vector<std::string> grid;
  std::string by = "sharpe";
  unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  int folds = 4;
  // "0/10": the first of ten pieces of a sweep.
  std::string piece = "0/1";
  std::size_t resamples = 1'000;
};

int Fail(const absl::Status& status) {
  std::cerr << "ballast-backtest: " << MessageOf(status) << "\n";
  return 1;
}

// On one line, for a person who waits; nothing where nobody looks.
void Progress(const std::string& text) {
  static const bool kTerminal = isatty(STDERR_FILENO) == 1;
  if (kTerminal) std::cerr << "\r\033[K" << text << std::flush;
}

std::string Percent(double ratio) {
  char text[32];
  (void)std::snprintf(text, sizeof text, "%.2f %%", ratio * 100);
  return text;
}

std::string Fixed(const std::optional<double>& value) {
  if (!value) return "-";
  char text[32];
  (void)std::snprintf(text, sizeof text, "%.2f", *value);
  return text;
}

std::string Text(const strategy::Parameters& parameters) {
  std::string text;
  for (const auto& [name, value] : parameters) text += (text.empty() ? "" : " ") + name + "=" + value;
  return text;
}

int Write(const std::string& path, const std::string& text) {
  if (path.empty()) return 0;
  std::ofstream file(path);
  file << text << "\n";
  file.close();
  if (file) return 0;
  std::cerr << "ballast-backtest: " << path << " cannot be written\n";
  return 1;
}

void Describe(const Outcome& outcome, const Statistics& s) {
  std::string equity = outcome.curve.count() == 0 ? "-" : outcome.curve.last().equity.ToString();
  std::cout << "  time         " << outcome.first_time.ToString() << " to " << outcome.last_time.ToString() << "\n"
            << "  equity       " << equity << " (" << Percent(s.return_ratio) << "), deepest fall "
            << Percent(s.drawdown_ratio) << "\n"
            << "  trades       " << s.trades << ", won " << (s.win_ratio ? Percent(*s.win_ratio) : "-")
            << ", profit factor " << Fixed(s.profit_factor) << ", each " << Fixed(s.expectancy) << "\n"
            << "  per year     Sharpe " << Fixed(s.sharpe) << ", Sortino " << Fixed(s.sortino) << ", Calmar "
            << Fixed(s.calmar) << "\n"
            << "  costs        fees " << outcome.fees.ToString() << " on a turnover of " << outcome.turnover.ToString()
            << "\n"
            << "  orders       " << outcome.orders << ", fills " << outcome.fills << ", refused " << outcome.refusals
            << "\n";
  if (!outcome.first_refusals.empty()) {
    std::cout << "  first refused by " << outcome.first_refusals.front().why.check << ": "
              << outcome.first_refusals.front().why.message << "\n";
  }
  if (outcome.latches.daily_loss)
    std::cout << "  the daily loss limit was reached at " << outcome.latches.daily_loss->time.ToString()
              << "; entries were refused from then on\n";
  if (outcome.latches.drawdown)
    std::cout << "  the drawdown limit was reached at " << outcome.latches.drawdown->time.ToString()
              << "; entries were refused from then on\n";
}

// What a file of bars says itself.
void TellOf(const MarketChoice& market, RunOptions& setup) {
  setup.spec.timeframe = market.timeframe;
  setup.spec.symbols.clear();
  for (const Instrument& instrument : market.instruments) setup.spec.symbols.push_back(instrument.symbol);
}

using External = std::vector<std::shared_ptr<ExternalProcess>>;

// A process for each thread; none where none is asked for.
absl::StatusOr<External> StartExternal(const Options& options, unsigned threads, RunOptions& setup) {
  External external;
  if (options.external.empty()) return external;
  if (!options.request.rules.empty()) return absl::InvalidArgumentError("--external: not together with --rules");
  for (unsigned i = 0; i < threads; ++i) {
    ASSIGN_OR_RETURN(std::shared_ptr<ExternalProcess> one, ExternalProcess::Start(options.external));
    external.push_back(std::move(one));
  }
  setup.entry = ExternalProcess::EntryOf(external, setup.spec.timeframe);
  setup.spec.strategy_id = setup.entry->strategy_id;
  return external;
}

absl::Status FailureOf(const External& external) {
  for (const auto& one : external) RETURN_IF_ERROR(one->failure());
  return absl::OkStatus();
}

int RunCommand(const Options& options) {
  auto setup = ReadRunOptions(options.request);
  if (!setup.ok()) return Fail(setup.status());
  auto before = ReadTime("to", options.request.before);
  if (!before.ok()) return Fail(before.status());
  auto market = ChooseMarket(options.request);
  if (!market.ok()) return Fail(market.status());
  TellOf(*market, *setup);
  auto external = StartExternal(options, 1, *setup);
  if (!external.ok()) return Fail(external.status());
  auto run = Run::Make(*setup, market->instruments);
  if (!run.ok()) return Fail(run.status());
  run->Play(*market->play({}, *before));
  if (absl::Status failure = FailureOf(*external); !failure.ok()) return Fail(failure);
  Outcome outcome = std::move(*run).Finish();
  Statistics statistics = Measure(outcome, setup->cash, market->periods_per_year);
  auto resampled = Resample(outcome.trades, setup->cash, options.resamples, 1);
  std::cout << setup->spec.strategy_id << " " << Text(setup->spec.parameters) << "\n";
  for (const std::string& note : market->notes) std::cout << "  note: " << note << "\n";
  Describe(outcome, statistics);
  if (resampled) {
    std::cout << "  by chance    " << resampled->runs << " resamplings of the trades: return "
              << Percent(resampled->return_ratio.front()) << " to " << Percent(resampled->return_ratio.back())
              << " (5 to 95 of 100), " << Percent(resampled->loss_share) << " of them at a loss\n";
  }
  if (options.out.empty()) return 0;
  return Write(options.out, ReportJson(*setup, outcome, statistics, resampled, market->notes));
}

// One combination after the other, or a piece of them.
absl::StatusOr<std::pair<std::size_t, std::size_t>> PieceOf(const std::string& text, std::size_t all) {
  std::size_t slash = text.find('/');
  auto number = [](const std::string& digits) -> std::optional<std::size_t> {
    if (digits.empty() || digits.size() > 6 || digits.find_first_not_of("0123456789") != std::string::npos)
      return std::nullopt;
    return std::stoul(digits);
  };
  auto index = slash == std::string::npos ? std::nullopt : number(text.substr(0, slash));
  auto pieces = slash == std::string::npos ? std::nullopt : number(text.substr(slash + 1));
  if (!index || !pieces || *pieces == 0 || *index >= *pieces)
    return absl::InvalidArgumentError("--piece: I/N expected, I from 0 to N - 1");
  return std::pair(all * *index / *pieces, all * (*index + 1) / *pieces);
}

nlohmann::ordered_json RowJson(const SweepRow& row) {
  nlohmann::ordered_json json = {{"index", row.index}, {"parameters", row.parameters}};
  if (!row.refusal.empty()) {
    json["refusal"] = row.refusal;
    return json;
  }
  const Statistics& s = row.statistics;
  auto figure = [&json](const char* name, const std::optional<double>& value) {
    json[name] = value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
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

struct Prepared {
  RunOptions setup;
  ParameterGrid grid;
  MarketChoice market;
  External external;
};

absl::StatusOr<Prepared> Prepare(const Options& options) {
  Prepared prepared;
  ASSIGN_OR_RETURN(prepared.setup, ReadRunOptions(options.request));
  for (const std::string& text : options.grid) RETURN_IF_ERROR(prepared.grid.Add(text));
  if (prepared.grid.axes().empty()) return absl::InvalidArgumentError("--grid: at least one NAME=VALUES expected");
  ASSIGN_OR_RETURN(prepared.market, ChooseMarket(options.request));
  TellOf(prepared.market, prepared.setup);
  ASSIGN_OR_RETURN(prepared.external, StartExternal(options, options.threads, prepared.setup));
  return prepared;
}

int SweepCommand(const Options& options) {
  auto prepared = Prepare(options);
  if (!prepared.ok()) return Fail(prepared.status());
  auto piece = PieceOf(options.piece, prepared->grid.size());
  if (!piece.ok()) return Fail(piece.status());
  auto before = ReadTime("to", options.request.before);
  if (!before.ok()) return Fail(before.status());
  SweepPlan plan{.setup = prepared->setup,
                 .grid = prepared->grid,
                 .market = prepared->market,
                 .first = piece->first,
                 .last = piece->second,
                 .before = *before,
                 .threads = options.threads};
  std::size_t all = plan.last - plan.first;
  auto started = std::chrono::steady_clock::now();
  std::vector<SweepRow> rows =
      Sweep(plan, [all](std::size_t done) { Progress(std::to_string(done) + " of " + std::to_string(all) + " runs"); });
  if (absl::Status failure = FailureOf(prepared->external); !failure.ok()) return Fail(failure);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  Progress("");
  nlohmann::ordered_json axes = nlohmann::ordered_json::array(), json_rows = nlohmann::ordered_json::array();
  for (const ParameterGrid::Axis& axis : prepared->grid.axes())
    axes.push_back({{"name", axis.name}, {"values", axis.values}});
  for (const SweepRow& row : rows) json_rows.push_back(RowJson(row));
  nlohmann::ordered_json json = {{"version", 1}, {"piece", options.piece}, {"axes", axes}, {"rows", json_rows}};
  if (absl::Status sorted = SortBy(options.by, rows); !sorted.ok()) return Fail(sorted);
  std::cout << all << " runs in " << Fixed(seconds) << " s on " << options.threads << " threads ("
            << Fixed(static_cast<double>(all) / seconds) << " a second); the best by " << options.by << ":\n";
  constexpr std::size_t kShown = 10;
  for (std::size_t i = 0; i < std::min(rows.size(), kShown); ++i) {
    const SweepRow& row = rows[i];
    if (!row.refusal.empty()) break;
    std::cout << "  " << Text(row.parameters) << "  return " << Percent(row.statistics.return_ratio) << ", fall "
              << Percent(row.statistics.drawdown_ratio) << ", Sharpe " << Fixed(row.statistics.sharpe) << ", "
              << row.statistics.trades << " trades\n";
  }
  return Write(options.out, json.dump(1));
}

int WalkForwardCommand(const Options& options) {
  auto prepared = Prepare(options);
  if (!prepared.ok()) return Fail(prepared.status());
  SweepPlan plan{.setup = prepared->setup,
                 .grid = prepared->grid,
                 .market = prepared->market,
                 .first = 0,
                 .last = prepared->grid.size(),
                 .threads = options.threads};
  auto folds = WalkForward(plan, options.folds, options.by, [&](int done) {
    Progress(std::to_string(done) + " of " + std::to_string(options.folds) + " folds");
  });
  Progress("");
  if (!folds.ok()) return Fail(folds.status());
  if (absl::Status failure = FailureOf(prepared->external); !failure.ok()) return Fail(failure);
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  double grown = 1;
  for (const Fold& fold : *folds) {
    grown *= 1 + fold.test.return_ratio;
    std::cout << "  " << fold.train_before.ToString().substr(0, 16) << "  " << Text(fold.best) << "  chosen at "
              << Percent(fold.train_return) << ", then " << Percent(fold.test.return_ratio) << " in "
              << fold.test.trades << " trades\n";
    rows.push_back({{"train_from", fold.train_from.ToString()},
                    {"train_before", fold.train_before.ToString()},
                    {"test_before", fold.test_before.ToString()},
                    {"best", fold.best},
                    {"train_return_ratio", fold.train_return},
                    {"test_return_ratio", fold.test.return_ratio},
                    {"test_drawdown_ratio", fold.test.drawdown_ratio},
                    {"test_trades", fold.test.trades}});
  }
  std::cout << "  out of sample, one after the other: " << Percent(grown - 1) << "\n";
  nlohmann::ordered_json json = {{"version", 1}, {"by", options.by}, {"folds", rows}, {"return_ratio", grown - 1}};
  return Write(options.out, json.dump(1));
}

void AddMarket(CLI::App& command, Options& options) {
  Request& request = options.request;
  command.add_option("--data", request.data, "folder of recorded minutes")
      ->envname("BALLAST_DATA")
      ->capture_default_str();
  command.add_option("--symbol,--symbols", request.symbols, "what to trade: BTC-USD …");
  command.add_option("--bars", request.bars, "a CSV of bars instead of a folder, of one symbol and any shape");
  command.add_option("--timezone", request.timezone, "of times in --bars that say none: UTC, +01:00, America/New_York");
  command.add_flag("--repair", request.repair, "leaves out what is wrong in --bars, and says so");
  command.add_flag("--guess-tick", request.guess_tick, "the tick as the prices of --bars are written");
  command.add_option("--instrument", request.instruments, "what a symbol is: SYMBOL,asset_class=…,tick_size=…");
  command.add_option("--strategy", request.strategy, "see: ballast-backtest strategies")->capture_default_str();
  command.add_option("--rules", request.rules, "a file of rules instead of a strategy");
  command.add_option("--external", options.external,
                     "a command that starts a strategy's process, instead of a strategy");
  command.add_option("--param", request.parameters, "NAME=VALUE of the strategy");
  command
      .add_option_function<std::string>(
          "--timeframe",
          [&request](const std::string& text) {
            request.timeframe = text;
            request.timeframe_given = true;
          },
          "length of the bars it is told")
      ->default_str(request.timeframe);
  command.add_option("--cash", request.cash, "what the account begins with")->capture_default_str();
  command.add_option("--size", request.size, "part of the equity a position takes")->capture_default_str();
  command.add_option("--stop", request.stop, "stop loss from the entry, 0: none")->capture_default_str();
  command.add_option("--target", request.target, "take profit from the entry, 0: none")->capture_default_str();
  command.add_option("--positions", request.positions_max, "open positions at most")->capture_default_str();
  command.add_flag("--short", request.allow_short, "sells short too");
  command.add_option("--set", request.settings,
                     "NAME=VALUE of docs/reference/deployments.md, e.g. sizing.method=kelly");
  command.add_option("--limit", request.limits, "NAME=VALUE of docs/reference/risk.md, e.g. drawdown_ratio=1");
  command.add_option("--spread", request.spread, "around bars without quotes")->capture_default_str();
  command.add_option("--slippage-ticks", request.slippage_ticks, "takers pay so much more")->capture_default_str();
  command.add_option("--to", request.before, "a day or a time: nothing from then on");
  command.add_option("--out", options.out, "writes everything as JSON");
}

void AddGrid(CLI::App& command, Options& options) {
  command.add_option("--grid", options.grid, "NAME=LOW..HIGH/STEP or NAME=A,B,C")->required();
  command.add_option("--by", options.by, "what is best: return, sharpe, sortino, calmar, profit_factor, drawdown")
      ->capture_default_str();
  command.add_option("--threads", options.threads, "")->check(CLI::Range(1, 1024))->capture_default_str();
}

int StrategiesCommand() {
  for (const strategy::Entry& entry : strategy::Catalogue()) {
    std::cout << entry.strategy_id << ": " << entry.description << "\n";
    for (const strategy::ParameterSpec& parameter : entry.parameters) {
      std::cout << "  " << parameter.name << " [" << parameter.default_value << "] " << parameter.minimum << " to "
                << parameter.maximum << ": " << parameter.description << "\n";
    }
  }
  return 0;
}

int Main(int argc, char** argv) {
  CLI::App app("Plays strategies through recorded markets by the code that trades.", "ballast-backtest");
  app.require_subcommand(1);
  Options options;
  CLI::App* run = app.add_subcommand("run", "one run and its report");
  AddMarket(*run, options);
  run->add_option("--from", options.request.from, "trades from then on; what is before warms the indicators");
  run->add_option("--resamples", options.resamples, "Monte Carlo runs of the trades, 0: none")->capture_default_str();
  CLI::App* sweep = app.add_subcommand("sweep", "every combination of some parameters, on all cores");
  AddMarket(*sweep, options);
  AddGrid(*sweep, options);
  sweep->add_option("--piece", options.piece, "I/N: one of N pieces, for several machines")->capture_default_str();
  CLI::App* walk = app.add_subcommand("walk-forward", "chosen on one part of the time, played on the next");
  AddMarket(*walk, options);
  AddGrid(*walk, options);
  walk->add_option("--folds", options.folds, "")->check(CLI::Range(1, 100))->capture_default_str();
  CLI::App* strategies = app.add_subcommand("strategies", "what can be run, with its parameters");
  CLI11_PARSE(app, argc, argv);
  if (*strategies) return StrategiesCommand();
  if (*sweep) return SweepCommand(options);
  if (*walk) return WalkForwardCommand(options);
  return RunCommand(options);
}

}  // namespace
}  // namespace ballast::backtest

int main(int argc, char** argv) { return ballast::backtest::Main(argc, argv); }
