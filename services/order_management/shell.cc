#include "services/order_management/shell.h"

#include <algorithm>
#include <map>
#include <set>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/channel.h"
#include "services/order_management/account_config.h"
#include "services/order_management/decision_grpc.h"
#include "services/order_management/event_hub.h"
#include "services/order_management/event_relay.h"
#include "services/order_management/grpc_adapter.h"
#include "services/order_management/lease_keeper.h"
#include "services/order_management/lease_store.h"
#include "services/order_management/shard_host.h"
#include "services/order_management/shard_roster.h"
#include "services/order_management/store.h"

namespace ballast {

std::vector<Migration> Migrations_order_management();

namespace {

class OrderManagement : public Service {
 public:
  explicit OrderManagement(ServiceContext& context)
      : context_(context),
        store_(context.database),
        hub_(store_, context.clock),
        leases_(context.database),
        persons_(context.config.GetBool("two_persons_on_paper"), context.clock, context.log) {}

  absl::Status Recover() override {
    std::vector<AccountId> ids;
    std::map<AccountId, std::string> brokers;
    for (const std::string& text : context_.config.GetStringList("accounts")) {
      ASSIGN_OR_RETURN(Shard::AccountSpec spec, ParseAccount(text));
      ids.push_back(spec.id);
      brokers[spec.id] = spec.broker;
      accounts_.push_back(std::move(spec));
    }
    int shards = static_cast<int>(context_.config.GetInt("order_managers"));
    int index = static_cast<int>(context_.config.GetInt("order_manager"));
    if (index > shards) return absl::InvalidArgumentError("order_manager: more than order_managers");
    roster_ = std::make_unique<ShardRoster>(orders::ShardMap(shards, ids));
    auto tellers = std::make_shared<StoryTellers>();
    tellers->strategy =
        strategy::v1::StrategyService::NewStub(MakeChannel(context_.config.GetString("strategy_runner_address")));
    tellers->positions =
        position::v1::PositionService::NewStub(MakeChannel(context_.config.GetString("positions_address")));
    grpc_ = std::make_unique<OrderGrpc>(*roster_, std::move(brokers), store_, hub_, context_.clock, std::move(tellers),
                                        persons_);
    decisions_ = std::make_unique<DecisionGrpc>(*roster_, persons_);
    ASSIGN_OR_RETURN(std::vector<orders::Account::Snapshot> stored, store_.LoadAccounts());
    for (const orders::Account::Snapshot& account : stored) hub_.SetHead(account.id, account.last_sequence);
    keeper_ = std::make_unique<LeaseKeeper>(
        LeaseKeeper::Options{.name = "order_management_" + std::to_string(index),
                             .address = AddressForOthers(),
                             .shards = shards,
                             .home = {index - 1},
                             .lease_ns = context_.config.GetInt("lease_ms") * 1'000'000},
        leases_,
        LeaseKeeper::Ports{.open = [this](int shard, std::uint64_t epoch) { return Open(shard, epoch); },
                           .start = [this](int shard) { roster_->OfShard(shard).host->Start(); },
                           .close = [this](int shard) { Close(shard); },
                           .elsewhere = [this](int shard, const std::string& address) { Elsewhere(shard, address); },
                           .fail = context_.fail},
        context_.clock, context_.log, context_.metrics);
    return keeper_->Begin();
  }

  std::vector<grpc::Service*> GrpcServices() override { return {grpc_.get(), decisions_.get()}; }

  absl::Status Start() override {
    hub_.Start();
    grpc_->Start();
    keeper_->Start();
    return absl::OkStatus();
  }

  // One that has no shard at the moment stands by, and passes on what it is asked.
  bool Ready() override {
    std::vector<std::shared_ptr<ShardHost>> hosts = roster_->Hosts();
    return std::all_of(hosts.begin(), hosts.end(), [](const auto& host) { return host->Ready(); });
  }

  void Drain() override {
    keeper_->Stop();
    relays_.clear();
    hub_.Stop();
    grpc_->Stop();
  }

 private:
  std::string AddressForOthers() {
    std::string own = context_.config.GetString("advertise_address");
    return own.empty() ? context_.config.GetString("grpc_listen") : own;
  }

  // The stored accounts of a shard and the configured ones.
  absl::StatusOr<std::set<AccountId>> AccountsOf(int shard) {
    std::set<AccountId> ids;
    ASSIGN_OR_RETURN(std::vector<orders::Account::Snapshot> stored, store_.LoadAccounts());
    for (const orders::Account::Snapshot& account : stored) ids.insert(account.id);
    for (const Shard::AccountSpec& spec : accounts_) ids.insert(spec.id);
    std::erase_if(ids, [&](const AccountId& id) { return roster_->map().Of(id) != shard; });
    return ids;
  }

  // The claim has fenced the former owner: what is stored is all there is.
  absl::Status Open(int shard, std::uint64_t epoch) {
    ASSIGN_OR_RETURN(std::set<AccountId> ids, AccountsOf(shard));
    for (const AccountId& id : ids) {
      RETURN_IF_ERROR(hub_.CatchUp(id));
      hub_.SetElsewhere(id.value(), false);
    }
    const Config& config = context_.config;
    Shard::Options options{.risk_timeout_ms = config.GetInt("risk_timeout_ms"),
                           .intent_age_ms_max = config.GetInt("intent_age_ms_max"),
                           .broker_grace_ms = config.GetInt("broker_grace_ms"),
                           .duplicate_window_manual_ms = config.GetInt("duplicate_window_manual_ms"),
                           .duplicate_window_strategy_ms = config.GetInt("duplicate_window_strategy_ms"),
                           .queue_age_ms_max = config.GetInt("queue_age_hours_max") * 3'600'000};
    for (const Shard::AccountSpec& spec : accounts_) {
      if (roster_->map().Of(spec.id) == shard) options.accounts.push_back(spec);
    }
    ShardPlace place{.key = ShardKey(shard),
                     .epoch = epoch,
                     .owns = [map = roster_->map(), shard](const AccountId& id) { return map.Of(id) == shard; }};
    auto host = std::make_shared<ShardHost>(context_, hub_, std::move(place), std::move(options), context_.fail);
    RETURN_IF_ERROR(host->Recover());
    roster_->SeatHere(shard, std::move(host));
    return absl::OkStatus();
  }

  void Close(int shard) {
    std::shared_ptr<ShardHost> host = roster_->OfShard(shard).host;
    if (!host) return;  // it could not be opened
    roster_->SeatHere(shard, nullptr);
    host->Drain();
  }

  void Elsewhere(int shard, const std::string& address) {
    if (!roster_->SeatElsewhere(shard, address)) return;
    relays_.erase(shard);
    if (address.empty()) return;
    auto ids = AccountsOf(shard);
    if (!ids.ok()) {
      (void)roster_->SeatElsewhere(shard, "");  // again at the next look
      return;
    }
    std::set<std::string> accounts;
    for (const AccountId& id : *ids) {
      accounts.insert(id.value());
      hub_.SetElsewhere(id.value(), true);
    }
    context_.log.Info("shard.elsewhere", {{"shard", std::to_string(shard)}, {"address", address}});
    relays_[shard] = std::make_unique<EventRelay>(roster_->OfShard(shard).other, std::move(accounts), hub_);
  }

  ServiceContext& context_;
  // For reading; each shard writes through one of its own.
  Store store_;
  EventHub hub_;
  LeaseStore leases_;
  std::vector<Shard::AccountSpec> accounts_;
  std::unique_ptr<ShardRoster> roster_;
  // Outlives the calls.
  SecondPersonDesk persons_;
  std::unique_ptr<OrderGrpc> grpc_;
  std::unique_ptr<DecisionGrpc> decisions_;
  std::unique_ptr<LeaseKeeper> keeper_;
  // The keeper's thread.
  std::map<int, std::unique_ptr<EventRelay>> relays_;
};

}  // namespace

ServiceSpec OrderManagementSpec() {
  return {.name = "order_management",
          .knobs = {{.name = "accounts",
                     .type = KnobType::kStringList,
                     .default_value = "paper:PAPER:USD:100000:paper",
                     .help = "accounts opened at the first start: id:mode:currency:opening_cash[:broker], broker "
                             "being paper where none is named"},
                    {.name = "order_managers",
                     .type = KnobType::kInt,
                     .default_value = "1",
                     .help = "how many order managers share the accounts; the same for all of them",
                     .minimum = "1",
                     .maximum = "16"},
                    {.name = "order_manager",
                     .type = KnobType::kInt,
                     .default_value = "1",
                     .help = "which of them this is: 1 to order_managers",
                     .minimum = "1",
                     .maximum = "16"},
                    {.name = "advertise_address",
                     .default_value = "",
                     .help = "where the other order managers reach this one, host:port; empty: grpc_listen"},
                    {.name = "lease_ms",
                     .type = KnobType::kInt,
                     .default_value = "1500",
                     .help = "an order manager that was not heard of for so long loses its accounts to another one",
                     .minimum = "200",
                     .maximum = "60000",
                     .unit = "ms"},
                    {.name = "risk_timeout_ms",
                     .type = KnobType::kInt,
                     .default_value = "200",
                     .help = "how long risk may take",
                     .minimum = "10",
                     .maximum = "10000",
                     .unit = "ms"},
                    {.name = "intent_age_ms_max",
                     .type = KnobType::kInt,
                     .default_value = "5000",
                     .help = "how long an accepted order may wait for the broker; market orders two fifths of it",
                     .minimum = "100",
                     .maximum = "60000",
                     .unit = "ms"},
                    {.name = "broker_grace_ms",
                     .type = KnobType::kInt,
                     .default_value = "1000",
                     .help = "orders are still taken this long after the broker session broke",
                     .minimum = "0",
                     .maximum = "10000",
                     .unit = "ms"},
                    {.name = "duplicate_window_manual_ms",
                     .type = KnobType::kInt,
                     .default_value = "5000",
                     .help = "an equal manual order within it needs confirm_duplicate",
                     .minimum = "0",
                     .maximum = "60000",
                     .unit = "ms"},
                    {.name = "duplicate_window_strategy_ms",
                     .type = KnobType::kInt,
                     .default_value = "500",
                     .help = "the same for a deployment's orders",
                     .minimum = "0",
                     .maximum = "60000",
                     .unit = "ms"},
                    {.name = "two_persons_on_paper",
                     .type = KnobType::kBool,
                     .default_value = "false",
                     .help = "unknown orders and trading again take two persons on paper too"},
                    {.name = "queue_age_hours_max",
                     .type = KnobType::kInt,
                     .default_value = "96",
                     .help = "how long an order may wait for the open (hold_until_open)",
                     .minimum = "1",
                     .maximum = "720",
                     .unit = "h"}},
          .migrations = Migrations_order_management(),
          .make = [](ServiceContext& context) { return std::make_unique<OrderManagement>(context); }};
}

}  // namespace ballast
