#include "tools/backtest/command_line.h"

namespace ballast::backtest {

void AddMarket(CLI::App& command, Options& options) {
  Request& request = options.request;
  command.add_option("--data", request.data, "folder of recorded minutes")
      ->envname("BALLAST_DATA")
      ->capture_default_str();
  command.add_option("--symbol,--symbols", request.symbols, "what to trade: SPY,IBM or SPY IBM")->delimiter(',');
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
  command.add_option("--from", request.from, "trades from then on; what is before warms the indicators");
  command.add_option("--to", request.before, "a day or a time: nothing from then on");
  command.add_option("--out", options.out, "writes everything as JSON");
  command.add_option("--data-set", options.data_set, "NAME or NAME@VERSION of own data in a running suite");
  command.add_option("--data-address", options.data_address, "of the suite's broker gateway")
      ->envname("BALLAST_DATA_ADDRESS")
      ->default_str("127.0.0.1:50054");
  command.add_option("--scratch", options.scratch, "a folder for what is fetched; otherwise one of its own");
  // Of a service that starts it.
  command.add_option("--rules-id", request.rules_id, "")->group("");
  command.add_flag("--for-programs", options.for_programs, "lines of progress, and a report that fits a message")
      ->group("");
  command.add_option("--parent", options.supervision.parent, "ends with this process")->group("");
  command.add_option("--nice", options.supervision.nice, "")->check(CLI::Range(0, 19))->group("");
  command.add_option("--memory-mb", options.supervision.memory_mb, "")->check(CLI::NonNegativeNumber)->group("");
  command.add_option("--cpu-seconds", options.supervision.cpu_seconds, "")->check(CLI::NonNegativeNumber)->group("");
}

void AddShared(CLI::App& command, Options& options, bool required) {
  SharedSweep& shared = options.shared;
  auto* name = command.add_option("--name", shared.name, "of a sweep that several processes share, kept in Postgres");
  if (required) name->required();
  auto database = [&](const char* option, auto& value, const char* variable) {
    command.add_option(option, value, "")->envname(variable)->capture_default_str();
  };
  database("--postgres-host", shared.database.host, "BALLAST_SWEEP_POSTGRES_HOST");
  database("--postgres-port", shared.database.port, "BALLAST_SWEEP_POSTGRES_PORT");
  database("--postgres-database", shared.database.database, "BALLAST_SWEEP_POSTGRES_DATABASE");
  database("--postgres-user", shared.database.user, "BALLAST_SWEEP_POSTGRES_USER");
  database("--postgres-schema", shared.database.schema, "BALLAST_SWEEP_POSTGRES_SCHEMA");
  database("--postgres-password-file", shared.password_file, "BALLAST_SWEEP_POSTGRES_PASSWORD_FILE");
}

void AddGrid(CLI::App& command, Options& options) {
  command.add_option("--grid", options.grid, "NAME=LOW..HIGH/STEP or NAME=A,B,C")->required();
  command.add_option("--by", options.by, "what is best: return, sharpe, sortino, calmar, profit_factor, drawdown")
      ->capture_default_str();
  command.add_option("--threads", options.threads, "")->check(CLI::Range(1, 1024))->capture_default_str();
}

}  // namespace ballast::backtest
