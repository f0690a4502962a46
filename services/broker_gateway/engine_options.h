#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/decimal.h"
#include "libs/brokers/paper/faulty_session.h"
#include "libs/brokers/paper/paper_broker.h"
#include "libs/market/simulator.h"
#include "services/broker_gateway/last_check.h"
#include "services/broker_gateway/registry.h"

namespace ballast {

struct EngineOptions {
  // "simulated", "replay" or "binance".
  std::string source = "simulated";
  // The simulated market closes when the exchanges do.
  bool exchange_hours = false;
  // When the day of a market that never closes begins, in minutes after midnight UTC.
  std::int32_t day_start_minute = 0;
  std::uint64_t seed = 7;
  std::int64_t tick_ms = 250;
  // What happens in the simulated market; steps_per_day is made of tick_ms.
  market::Simulator::Events events = {};
  // Market seconds per wall second; 0: lockstep.
  Decimal speed = Decimal::FromInt(1);
  std::string replay_directory;
  std::vector<std::string> replay_symbols;
  // What the symbols are where nothing beside the data says so: market::ParseInstrument.
  std::vector<std::string> replay_instruments;
  int lockstep_subscribers = 4;
  paper::PaperBroker::Options paper = {};
  // The brokers an account can be with.
  BrokerRegistry brokers = BrokerRegistry::BuiltIn();
  // The values of their settings, by name.
  std::map<std::string, std::string> broker_settings = {};
  // The paper venue fails as orders ask it to; for tests.
  std::optional<paper::Faults> faults = {};
  // So many closed orders are known in memory; the others are looked up.
  std::size_t closed_orders_kept = 10'000;
  // The gateway's own caps, checked last and apart from risk.
  LastCheck last_check = {};
  // PlantPaperFault does what it says.
  bool test_faces = false;
};

}  // namespace ballast
