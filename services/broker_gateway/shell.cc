#include "services/broker_gateway/shell.h"

#include <algorithm>

#include <grpcpp/grpcpp.h>

#include "libs/base/absl_std.h"
#include "libs/runtime/worker.h"
#include "services/broker_gateway/bar_data_grpc.h"
#include "services/broker_gateway/book_grpc.h"
#include "services/broker_gateway/data_check.h"
#include "services/broker_gateway/decision_grpc.h"
#include "services/broker_gateway/engine.h"
#include "services/broker_gateway/grpc_adapter.h"
#include "services/broker_gateway/history_reader.h"
#include "services/broker_gateway/outcome_grpc.h"
#include "services/broker_gateway/postgres_store.h"

namespace ballast {

std::vector<Migration> Migrations_broker_gateway();

namespace {

// Beside the suite's state, or where the service runs.
std::string KillSwitchPath(const Config& config) {
  const std::string& path = config.GetString("kill_switch_file");
  if (!path.empty()) return path;
  const std::string& folder = config.GetString("run_directory");
  return (folder.empty() ? "" : folder + "/") + "broker_gateway.kill_switch";
}

std::optional<paper::Faults> FaultsOf(const Config& config) {
  if (!config.GetBool("paper_test_faces")) return std::nullopt;
  return paper::Faults{.time_percent = static_cast<int>(config.GetInt("paper_test_time_percent"))};
}

market::Simulator::Events EventsOf(const Config& config) {
  auto ppm = [&](const char* name) {
    constexpr std::int64_t kPpmOfPercent = 10'000;
    Decimal value = Multiply(config.GetDecimal(name), Decimal::FromInt(kPpmOfPercent), Rounding::kHalfEven);
    return static_cast<std::int64_t>(value.units() / Decimal::FromInt(1).units());
  };
  constexpr std::int64_t kMillis = 1'000;
  std::int64_t steps = config.GetInt("market_halt_seconds") * kMillis / config.GetInt("market_tick_ms");
  return {.halts_per_day = static_cast<int>(config.GetInt("market_halts_per_day")),
          .gaps_per_day = static_cast<int>(config.GetInt("market_gaps_per_day")),
          .halt_steps = std::max<std::int64_t>(steps, 1),
          .auction = config.GetBool("market_halt_auction"),
          .gap_ppm = ppm("market_gap_percent"),
          .open_gap_ppm = ppm("market_open_gap_percent")};
}

// With what becomes of orders while their sessions are down; `configured`: whether that can be read.
BrokerRegistry BrokersOf(const Config& config, absl::Status* configured) {
  BrokerRegistry brokers = BrokerRegistry::BuiltIn();
  *configured = brokers.SetSessionDown(config.GetStringList("session_down"));
  return brokers;
}

// A broker's settings as they are configured.
std::map<std::string, std::string> SettingsOf(const Config& config) {
  std::map<std::string, std::string> settings;
  const BrokerRegistry brokers = BrokerRegistry::BuiltIn();
  for (const BrokerEntry& entry : brokers.entries()) {
    for (const Knob& knob : entry.settings) {
      std::string& value = settings[knob.name];
      switch (knob.type) {
        case KnobType::kInt:
          value = std::to_string(config.GetInt(knob.name));
          break;
        case KnobType::kDecimal:
          value = config.GetDecimal(knob.name).ToString();
          break;
        case KnobType::kBool:
          value = config.GetBool(knob.name) ? "true" : "false";
          break;
        case KnobType::kStringList:
          for (const std::string& item : config.GetStringList(knob.name)) value += (value.empty() ? "" : ";") + item;
          break;
        case KnobType::kString:
          value = config.GetString(knob.name);
          break;
      }
    }
  }
  return settings;
}

class BrokerGateway : public Service {
 public:
  explicit BrokerGateway(ServiceContext& context)
      : store_(context.database),
        kill_(KillSwitchPath(context.config), context.clock, context.log),
        guard_(kill_, context.config.GetBool("two_persons_on_paper"), context.clock, context.log),
        engine_({.source = context.config.GetString("market_source"),
                 .exchange_hours = context.config.GetBool("simulated_exchange_hours"),
                 .day_start_minute = static_cast<std::int32_t>(context.config.GetInt("day_start_minute_utc")),
                 .seed = static_cast<std::uint64_t>(context.config.GetInt("market_seed")),
                 .tick_ms = context.config.GetInt("market_tick_ms"),
                 .events = EventsOf(context.config),
                 .speed = context.config.GetDecimal("market_speed"),
                 .replay_directory = context.config.GetString("replay_directory"),
                 .replay_symbols = context.config.GetStringList("replay_symbols"),
                 .replay_instruments = context.config.GetStringList("replay_instruments"),
                 .lockstep_subscribers = static_cast<int>(context.config.GetInt("lockstep_subscribers")),
                 .paper = {.latency = Duration::Millis(context.config.GetInt("paper_latency_ms")),
                           .slippage_ticks = static_cast<int>(context.config.GetInt("paper_slippage_ticks")),
                           .queue = context.config.GetBool("paper_queue"),
                           .refuses_in_halts = context.config.GetBool("paper_refuses_in_halts")},
                 .brokers = BrokersOf(context.config, &configured_),
                 .broker_settings = SettingsOf(context.config),
                 .faults = FaultsOf(context.config),
                 .last_check = {.notional_max = context.config.GetDecimal("notional_cap"),
                                .collar_ratio = context.config.GetDecimal("price_collar_ratio"),
                                .intent_age_ms_max = context.config.GetInt("intent_age_ms_max"),
                                .orders_per_second_max = context.config.GetInt("orders_per_second_cap"),
                                .venue_orders_per_second_max = context.config.GetInt("venue_orders_per_second_cap")},
                 .test_faces = context.config.GetBool("paper_test_faces")},
                store_, kill_, context.clock, context.log, context.metrics, context.redis, context.fail),
        worker_(engine_, context.clock),
        broker_(engine_, store_, reader_, kill_, guard_, kill_writer_),
        market_(engine_, store_, reader_),
        bar_data_desk_(context.database, context.clock, context.log),
        bar_data_(bar_data_desk_),
        outcome_(engine_),
        releases_(guard_),
        book_(engine_) {}

  absl::Status Recover() override {
    RETURN_IF_ERROR(configured_);
    kill_.Load();  // before anything can trade
    return engine_.Recover();
  }
  std::vector<grpc::Service*> GrpcServices() override {
    return {&broker_, &market_, &bar_data_, &outcome_, &releases_, &book_};
  }
  absl::Status Start() override {
    reader_.Start();
    kill_writer_.Start();
    bar_data_desk_.Start();
    worker_.Start();
    return absl::OkStatus();
  }
  bool Ready() override { return engine_.stores(); }
  void Drain() override {
    kill_writer_.Stop();
    bar_data_desk_.Stop();
    worker_.Drain();
    reader_.Stop();
  }

 private:
  absl::Status configured_;
  PostgresBrokerStore store_;
  HistoryReader reader_;
  KillDesk kill_;
  ReleaseGuard guard_;
  // The switch waits for its own file and for nothing else.
  HistoryReader kill_writer_;
  Engine engine_;
  runtime::Worker worker_;
  BrokerGrpc broker_;
  MarketDataGrpc market_;
  BarDataDesk bar_data_desk_;
  BarDataGrpc bar_data_;
  OutcomeGrpc outcome_;
  ReleaseGrpc releases_;
  BookGrpc book_;
};

}  // namespace

ServiceSpec BrokerGatewaySpec() {
  ServiceSpec spec = {
      .name = "broker_gateway",
      .knobs = {{.name = "market_source",
                 .type = KnobType::kString,
                 .default_value = "simulated",
                 .help = "simulated, replay, or binance: the public market of that venue (binance_symbols)"},
                {.name = "simulated_exchange_hours",
                 .type = KnobType::kBool,
                 .default_value = "false",
                 .help = "the simulated market closes when the exchanges do"},
                {.name = "day_start_minute_utc",
                 .type = KnobType::kInt,
                 .default_value = "0",
                 .help = "when the day of a market that never closes begins: DAY orders end there",
                 .minimum = "0",
                 .maximum = "1439",
                 .unit = "minutes after midnight UTC"},
                {.name = "market_speed",
                 .type = KnobType::kDecimal,
                 .default_value = "1",
                 .help = "market seconds per wall second; 0: as fast as possible, in lockstep",
                 .minimum = "0",
                 .maximum = "100000",
                 .unit = "ratio"},
                {.name = "replay_directory",
                 .type = KnobType::kString,
                 .default_value = "data",
                 .help = "folder of the recorded market data"},
                {.name = "replay_symbols",
                 .type = KnobType::kStringList,
                 .default_value = "SPY;IBM;BAC",
                 .help = "what is replayed"},
                {.name = "replay_instruments",
                 .type = KnobType::kStringList,
                 .default_value = "",
                 .help = "what they are, where no instruments.csv beside the data says so: "
                         "SYMBOL,asset_class=EQUITY,tick_size=0.01,lot_size=1"},
                {.name = "lockstep_subscribers",
                 .type = KnobType::kInt,
                 .default_value = "4",
                 .help = "in lockstep the market starts when so many are there: risk, positions, the strategy "
                         "runner and each order manager",
                 .minimum = "0",
                 .maximum = "100"},
                {.name = "market_seed",
                 .type = KnobType::kInt,
                 .default_value = "7",
                 .help = "seed of the simulated market",
                 .minimum = "0"},
                {.name = "market_tick_ms",
                 .type = KnobType::kInt,
                 .default_value = "250",
                 .help = "time between two steps of the market",
                 .minimum = "1",
                 .maximum = "60000",
                 .unit = "ms"},
                {.name = "market_halts_per_day",
                 .type = KnobType::kInt,
                 .default_value = "0",
                 .help = "of each instrument of the simulated market, on average, by its seed",
                 .minimum = "0",
                 .maximum = "1000"},
                {.name = "market_halt_seconds",
                 .type = KnobType::kInt,
                 .default_value = "300",
                 .help = "market time from a halt to the resume",
                 .minimum = "1",
                 .maximum = "86400",
                 .unit = "s"},
                {.name = "market_halt_auction",
                 .type = KnobType::kBool,
                 .default_value = "true",
                 .help = "trading resumes at the price of an auction, which may be far from the last one; without "
                         "it where it stopped"},
                {.name = "market_gaps_per_day",
                 .type = KnobType::kInt,
                 .default_value = "0",
                 .help = "how often the price of an instrument jumps, on average, by the seed",
                 .minimum = "0",
                 .maximum = "1000"},
                {.name = "market_gap_percent",
                 .type = KnobType::kDecimal,
                 .default_value = "5",
                 .help = "how far it jumps, up or down: half of that to all of it",
                 .minimum = "0.01",
                 .maximum = "50",
                 .unit = "%"},
                {.name = "market_open_gap_percent",
                 .type = KnobType::kDecimal,
                 .default_value = "0",
                 .help = "with simulated_exchange_hours: how far at most a session opens from the former close",
                 .minimum = "0",
                 .maximum = "50",
                 .unit = "%"},
                {.name = "notional_cap",
                 .type = KnobType::kDecimal,
                 .default_value = "1000000",
                 .help = "no order above it leaves, whatever risk said",
                 .minimum = "1",
                 .maximum = "1000000000",
                 .unit = "account currency"},
                {.name = "price_collar_ratio",
                 .type = KnobType::kDecimal,
                 .default_value = "0.10",
                 .help = "how far from the market a stop price, and through it a limit price, may be",
                 .minimum = "0",
                 .maximum = "1",
                 .unit = "ratio"},
                {.name = "orders_per_second_cap",
                 .type = KnobType::kInt,
                 .default_value = "20000",
                 .help = "no more new orders of an account leave in a second",
                 .minimum = "1",
                 .maximum = "1000000",
                 .unit = "orders/s"},
                {.name = "venue_orders_per_second_cap",
                 .type = KnobType::kInt,
                 .default_value = "20000",
                 .help = "no more new orders of all accounts together leave for the venue in a second",
                 .minimum = "1",
                 .maximum = "1000000",
                 .unit = "orders/s"},
                {.name = "kill_switch_file",
                 .type = KnobType::kString,
                 .default_value = "",
                 .help = "where the kill switch is kept; empty: broker_gateway.kill_switch in run_directory"},
                {.name = "session_down",
                 .type = KnobType::kStringList,
                 .default_value = "",
                 .help =
                     "what becomes of orders while the session of their account's broker is down, by broker: "
                     "<broker>:wait:<ms>, <broker>:refuse:<ms> (entries at once; reductions wait) or "
                     "<broker>:elsewhere:<ms> (as refuse, and the strategy runner may send them to another account). "
                     "What has waited so long ends NOT_SENT; without a line: wait:5000"},
                {.name = "two_persons_on_paper",
                 .type = KnobType::kBool,
                 .default_value = "false",
                 .help = "a kill switch of a paper account is let go by two persons, as one of a live account"},
                {.name = "intent_age_ms_max",
                 .type = KnobType::kInt,
                 .default_value = "5000",
                 .help = "an older new order is refused; a market order at two fifths of it",
                 .minimum = "100",
                 .maximum = "600000",
                 .unit = "ms"}},
      .migrations = Migrations_broker_gateway(),
      .check_data = &CheckData,
      .make = [](ServiceContext& context) { return std::make_unique<BrokerGateway>(context); }};
  const BrokerRegistry brokers = BrokerRegistry::BuiltIn();
  for (const BrokerEntry& entry : brokers.entries())
    spec.knobs.insert(spec.knobs.end(), entry.settings.begin(), entry.settings.end());
  return spec;
}

}  // namespace ballast
