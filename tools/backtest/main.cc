// ballast-backtest: plays strategies through recorded markets by the code that trades (docs/reference/backtest.md).
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "libs/backtest/look_ahead.h"
#include "libs/base/absl_std.h"
#include "libs/strategy/catalogue.h"
#include "tools/backtest/command_line.h"
#include "tools/backtest/external_process.h"
#include "tools/backtest/market_choice.h"
#include "tools/backtest/own_data.h"
#include "tools/backtest/progress.h"
#include "tools/backtest/recording_feed.h"
#include "tools/backtest/report_json.h"
#include "tools/backtest/request.h"
#include "tools/backtest/shared_sweep.h"
#include "tools/backtest/supervised.h"
#include "tools/backtest/sweep.h"
#include "tools/backtest/sweep_json.h"
#include "tools/backtest/walk_forward.h"

namespace ballast::backtest {
namespace {

int Fail(const absl::Status& status) {
  std::cerr << "ballast-backtest: " << MessageOf(status) << "\n";
  return 1;
}

std::string Percent(double ratio) {
  char text[32];
  (void)std::snprintf(text, sizeof text, "%.2f %%", ratio * 100);
  return std::string_view(text) == "-0.00 %" ? "0.00 %" : text;
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

// What is played, also where nothing was said.
strategy::Parameters WithDefaults(const RunOptions& setup) {
  strategy::Parameters all = setup.spec.parameters;
  const strategy::Entry* entry = setup.entry ? &*setup.entry : strategy::Find(setup.spec.strategy_id);
  if (entry == nullptr) return all;
  for (const strategy::ParameterSpec& parameter : entry->parameters)
    all.emplace(parameter.name, parameter.default_value);
  return all;
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

// Gone with what is in it.
struct ScratchFolder {
  std::filesystem::path path;
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path.empty()) std::filesystem::remove_all(path, ignored);
  }
};

// Own data of a running suite, where it is asked for.
absl::Status Fetch(Options& options, ScratchFolder& scratch) {
  if (options.data_set.empty()) return absl::OkStatus();
  if (!options.request.bars.empty()) return absl::InvalidArgumentError("--data-set: not with --bars");
  std::string folder = options.scratch;
  if (folder.empty()) {
    folder = (std::filesystem::temp_directory_path() / "ballast-backtest-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) return absl::UnavailableError("a temporary folder cannot be made");
    scratch.path = folder;
  }
  if (options.data_address.empty()) options.data_address = "127.0.0.1:50054";
  return FetchOwnData(options.data_set, options.data_address, folder, options.request);
}

// What a file of bars says itself.
void TellOf(const MarketChoice& market, RunOptions& setup) {
  setup.spec.timeframe = market.timeframe;
  setup.spec.symbols.clear();
  for (const Instrument& instrument : market.instruments) setup.spec.symbols.push_back(instrument.symbol);
}

using External = std::vector<std::shared_ptr<ExternalProcess>>;

// A process for each thread; none where none is asked for.
absl::StatusOr<External> StartExternal(const Options& options, unsigned threads, MarketChoice& market,
                                       RunOptions& setup) {
  External external;
  if (options.external.empty()) return external;
  if (!options.request.rules.empty()) return absl::InvalidArgumentError("--external: not together with --rules");
  for (unsigned i = 0; i < threads; ++i) {
    ASSIGN_OR_RETURN(std::shared_ptr<ExternalProcess> one, ExternalProcess::Start(options.external));
    external.push_back(std::move(one));
  }
  setup.entry = ExternalProcess::EntryOf(external, setup.spec.timeframe, market.quotes_are_modelled);
  if (external.front()->wants_quotes() && market.quotes_are_modelled)
    market.notes.push_back(
        "the strategy asks for quotes and this data has none: it is told one a bar, made of its close and the spread");
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
  if (absl::Status any = HasBars(*market, setup->trade_from, *before); !any.ok()) return Fail(any);
  if (options.for_programs) {
    setup->keep_fills = false;
    setup->decisions_max = 200;
    setup->curve_points_max = 1'000;
  }
  auto external = StartExternal(options, 1, *market, *setup);
  if (!external.ok()) return Fail(external.status());
  auto run = Run::Make(*setup, market->instruments);
  if (!run.ok()) return Fail(run.status());
  Progress progress(options.for_programs);
  CandleLog candles;
  RecordingFeed feed(market->play({}, *before), *setup, candles, progress);
  run->Play(feed);
  progress.Clear();
  if (absl::Status failure = FailureOf(*external); !failure.ok()) return Fail(failure);
  Outcome outcome = std::move(*run).Finish();
  Statistics statistics = Measure(outcome, setup->cash, market->periods_per_year);
  auto resampled = Resample(outcome.trades, setup->cash, options.resamples, 1);
  std::cout << setup->spec.strategy_id << " " << Text(WithDefaults(*setup)) << "\n";
  for (const std::string& note : market->notes) std::cout << "  note: " << note << "\n";
  Describe(outcome, statistics);
  if (resampled) {
    std::cout << "  by chance    " << resampled->runs << " resamplings of the trades: return "
              << Percent(resampled->return_ratio.front()) << " to " << Percent(resampled->return_ratio.back())
              << " (5 to 95 of 100), " << Percent(resampled->loss_share) << " of them at a loss\n";
  }
  if (options.out.empty()) return 0;
  ReportExtent extent;
  if (options.for_programs) extent = {.trades_max = 5'000, .indent = -1};
  return Write(options.out, ReportJson(*setup, outcome, statistics, resampled, market->notes, candles, extent));
}

int LookAheadCommand(const Options& options) {
  auto setup = ReadRunOptions(options.request);
  if (!setup.ok()) return Fail(setup.status());
  auto before = ReadTime("to", options.request.before);
  if (!before.ok()) return Fail(before.status());
  auto market = ChooseMarket(options.request);
  if (!market.ok()) return Fail(market.status());
  TellOf(*market, *setup);
  if (absl::Status any = HasBars(*market, setup->trade_from, *before); !any.ok()) return Fail(any);
  auto external = StartExternal(options, 1, *market, *setup);
  if (!external.ok()) return Fail(external.status());
  Progress progress(options.for_programs);
  const UtcTime last = before->nanos == 0 ? market->last : std::min(market->last, *before - Duration{1});
  auto report = CheckLookAhead(*setup, market->instruments, market->until, last, options.checks,
                               [&](std::size_t done, std::size_t all) { progress.Tell(done, all, "plays"); });
  progress.Clear();
  if (!report.ok()) return Fail(report.status());
  if (absl::Status failure = FailureOf(*external); !failure.ok()) return Fail(failure);
  std::cout << "  " << report->signals << " signals; the data was cut at " << report->checked << " of them: "
            << (report->differences.empty() ? "every decision is the same with the past alone"
                                            : std::to_string(report->differences.size()) + " differences")
            << "\n";
  for (const LookedAhead& one : report->differences)
    std::cout << "  " << one.time.ToString() << " " << one.symbol.value() << ": " << one.with_all
              << "; with the past alone: " << one.with_past << "\n";
  if (int wrong = Write(options.out, LookAheadJson(*setup, *report, market->notes, options.for_programs)); wrong != 0)
    return wrong;
  // A program reads the report; a script reads this.
  return report->differences.empty() || options.for_programs ? 0 : 3;
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
  ASSIGN_OR_RETURN(UtcTime before, ReadTime("to", options.request.before));
  RETURN_IF_ERROR(HasBars(prepared.market, prepared.setup.trade_from, before));
  ASSIGN_OR_RETURN(prepared.external, StartExternal(options, options.threads, prepared.market, prepared.setup));
  return prepared;
}

// One item of a sweep that several machines share.
int ItemCommand(const Options& options, const Prepared& prepared, SweepPlan& plan) {
  const char* given = std::getenv("JOB_COMPLETION_INDEX");
  auto index = IndexOf(options.shared, given == nullptr ? "" : given);
  if (!index.ok()) return Fail(index.status());
  auto database = OpenSweepDatabase(options.shared);
  if (!database.ok()) return Fail(database.status());
  char host[256] = "";
  (void)gethostname(host, sizeof host - 1);
  Progress progress(options.for_programs);
  auto done = DoItem(**database, options.shared, *index, prepared.grid.size(),
                     SweepJson(prepared.setup, prepared.grid, "0/1", options.by, {}, prepared.market, false),
                     std::string(host) + ":" + std::to_string(getpid()),
                     [&](std::size_t first, std::size_t last) -> absl::StatusOr<std::vector<SweepRow>> {
                       plan.first = first;
                       plan.last = last;
                       std::vector<SweepRow> rows =
                           Sweep(plan, [&](std::size_t through) { progress.Tell(through, last - first, "runs"); });
                       RETURN_IF_ERROR(FailureOf(prepared.external));
                       return rows;
                     });
  progress.Clear();
  if (!done.ok()) return Fail(done.status());
  std::cout << "item " << *index << " of " << options.shared.items << (*done ? " is done\n" : " was done already\n");
  return 0;
}

int CollectCommand(const Options& options) {
  auto database = OpenSweepDatabase(options.shared);
  if (!database.ok()) return Fail(database.status());
  auto table = CollectSweep(**database, options.shared.name);
  if (!table.ok()) return Fail(table.status());
  if (!options.out.empty()) return Write(options.out, *table);
  std::cout << *table << "\n";
  return 0;
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
  if (!options.shared.name.empty()) return ItemCommand(options, *prepared, plan);
  std::size_t all = plan.last - plan.first;
  auto started = std::chrono::steady_clock::now();
  Progress progress(options.for_programs);
  progress.Tell(0, all, "runs");
  std::vector<SweepRow> rows = Sweep(plan, [&](std::size_t done) { progress.Tell(done, all, "runs"); });
  if (absl::Status failure = FailureOf(prepared->external); !failure.ok()) return Fail(failure);
  // A piece may be a corner in which nothing can run; the whole says what is wrong with it.
  if (absl::Status ran = SomethingRan(rows); !ran.ok() && all == prepared->grid.size()) return Fail(ran);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  progress.Clear();
  std::string json = SweepJson(prepared->setup, prepared->grid, options.piece, options.by, rows, prepared->market,
                               options.for_programs);
  if (absl::Status sorted = SortBy(options.by, rows); !sorted.ok()) return Fail(sorted);
  std::cout << all << " runs in " << Fixed(seconds) << " s on " << options.threads
            << (options.threads == 1 ? " thread (" : " threads (") << Fixed(static_cast<double>(all) / seconds)
            << " a second); the best by " << options.by << ":\n";
  constexpr std::size_t kShown = 10;
  for (std::size_t i = 0; i < std::min(rows.size(), kShown); ++i) {
    const SweepRow& row = rows[i];
    if (!row.refusal.empty()) break;
    std::cout << "  " << Text(row.parameters) << "  return " << Percent(row.statistics.return_ratio) << ", fall "
              << Percent(row.statistics.drawdown_ratio) << ", Sharpe " << Fixed(row.statistics.sharpe) << ", "
              << row.statistics.trades << " trades\n";
  }
  return Write(options.out, json);
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
  auto from = ReadTime("from", options.request.from);
  if (!from.ok()) return Fail(from.status());
  auto before = ReadTime("to", options.request.before);
  if (!before.ok()) return Fail(before.status());
  prepared->market.first = std::max(prepared->market.first, *from);
  if (before->nanos != 0) prepared->market.last = std::min(prepared->market.last, *before - Duration{1});
  Progress progress(options.for_programs);
  auto folds = WalkForward(plan, options.folds, options.by,
                           [&](std::size_t done, std::size_t all) { progress.Tell(done, all, "runs"); });
  progress.Clear();
  if (!folds.ok()) return Fail(folds.status());
  if (absl::Status failure = FailureOf(prepared->external); !failure.ok()) return Fail(failure);
  double grown = 1;
  for (const Fold& fold : *folds) {
    grown *= 1 + fold.test.return_ratio;
    std::cout << "  " << fold.train_before.ToString().substr(0, 16) << "  " << Text(fold.best) << "  chosen at "
              << Percent(fold.train_return) << ", then " << Percent(fold.test.return_ratio) << " in "
              << fold.test.trades << " trades\n";
  }
  std::cout << "  out of sample, one after the other: " << Percent(grown - 1) << "\n";
  return Write(options.out, WalkForwardJson(prepared->setup, prepared->grid, options.by, *folds, grown - 1,
                                            prepared->market.notes, options.for_programs));
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
  run->add_option("--resamples", options.resamples, "Monte Carlo runs of the trades, 0: none")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  CLI::App* sweep = app.add_subcommand("sweep", "every combination of some parameters, on all cores");
  AddMarket(*sweep, options);
  AddGrid(*sweep, options);
  sweep->add_option("--piece", options.piece, "I/N: one of N pieces, for several machines")->capture_default_str();
  AddShared(*sweep, options, false);
  sweep->add_option("--items", options.shared.items, "of a shared sweep: in how many parts it is done")
      ->capture_default_str();
  sweep->add_option("--index", options.shared.index, "which of them this is; otherwise JOB_COMPLETION_INDEX");
  CLI::App* collect = app.add_subcommand("collect", "the table of a shared sweep, once all its items are done");
  AddShared(*collect, options, true);
  collect->add_option("--out", options.out, "a file; otherwise standard output");
  CLI::App* walk = app.add_subcommand("walk-forward", "chosen on one part of the time, played on the next");
  AddMarket(*walk, options);
  AddGrid(*walk, options);
  walk->add_option("--folds", options.folds, "")->check(CLI::Range(1, 100))->capture_default_str();
  CLI::App* ahead = app.add_subcommand("look-ahead", "each signal again on data that ends with it");
  AddMarket(*ahead, options);
  ahead->add_option("--checks", options.checks, "signals that are recomputed, spread over all")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  CLI::App* strategies = app.add_subcommand("strategies", "what can be run, with its parameters");
  CLI11_PARSE(app, argc, argv);
  if (*strategies) return StrategiesCommand();
  if (*collect) return CollectCommand(options);
  if (absl::Status obeyed = Obey(options.supervision); !obeyed.ok()) return Fail(obeyed);
  ScratchFolder scratch;
  if (absl::Status fetched = Fetch(options, scratch); !fetched.ok()) return Fail(fetched);
  if (*ahead) return LookAheadCommand(options);
  if (*sweep) return SweepCommand(options);
  if (*walk) return WalkForwardCommand(options);
  return RunCommand(options);
}

}  // namespace
}  // namespace ballast::backtest

int main(int argc, char** argv) { return ballast::backtest::Main(argc, argv); }
