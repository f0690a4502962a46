#include "services/api_gateway/status_board.h"

#include <grpcpp/client_context.h>

#include "grpc/health/v1/health.grpc.pb.h"
#include "libs/platform/service/service.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

using HealthStub = grpc::health::v1::Health::Stub;

constexpr std::int64_t kPeriodNs = 1'000'000'000;
constexpr auto kProbeDeadline = std::chrono::milliseconds(800);
constexpr char kServing[] = "serving";
constexpr char kNotServing[] = "not_serving";
constexpr char kUnreachable[] = "unreachable";

}  // namespace

struct StatusBoard::Watched {
  std::string name;
  std::string address;
  std::unique_ptr<HealthStub> health;
};

// One round of questions; kept by each of its calls.
struct StatusBoard::Round {
  template <typename Request, typename Response>
  struct Call {
    grpc::ClientContext context;
    Request request;
    Response response;
    grpc::Status status;
  };

  Mutex mutex;
  CondVar done;
  int open GUARDED_BY(mutex) = 0;
  std::vector<std::unique_ptr<Call<grpc::health::v1::HealthCheckRequest, grpc::health::v1::HealthCheckResponse>>>
      checks;
  Call<broker::v1::GetMarketStatusRequest, broker::v1::GetMarketStatusResponse> market;
  Call<order::v1::ListAccountsRequest, order::v1::ListAccountsResponse> accounts;

  std::function<void(grpc::Status)> Begin(grpc::ClientContext& context, grpc::Status& status) {
    context.set_deadline(std::chrono::system_clock::now() + kProbeDeadline);
    {
      MutexLock lock(mutex);
      ++open;
    }
    return [this, &status](grpc::Status answer) {
      MutexLock lock(mutex);
      status = std::move(answer);
      --open;
      done.NotifyAll();
    };
  }
  // Every call has a deadline, so this ends.
  void Wait() {
    MutexLock lock(mutex);
    while (open > 0) done.Wait(mutex);
  }
};

StatusBoard::StatusBoard(Options options, const Peers& peers, const Clock& clock, Logger& log, Metrics& metrics)
    : options_(std::move(options)),
      peers_(peers),
      clock_(clock),
      log_(log),
      metrics_(metrics),
      start_time_(clock.Now()) {
  auto watch = [&](const auto& peer) {
    watched_.push_back(
        std::make_unique<Watched>(Watched{peer.name, peer.address, grpc::health::v1::Health::NewStub(peer.channel)}));
  };
  watch(peers.orders);
  watch(peers.risk);
  watch(peers.positions);
  watch(peers.broker);
  watch(peers.strategy);
  watch(peers.alerts);
  watch(peers.audit);
}

StatusBoard::~StatusBoard() { Stop(); }

void StatusBoard::Start() {
  thread_ = std::thread([this] {
    while (true) {
      Ask();
      MutexLock lock(mutex_);
      if (!stopping_) wake_.WaitFor(mutex_, kPeriodNs);
      if (stopping_) return;
    }
  });
}

void StatusBoard::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

void StatusBoard::Ask() {
  Round round;
  for (const auto& watched : watched_) {
    auto& call = *round.checks.emplace_back(
        std::make_unique<Round::Call<grpc::health::v1::HealthCheckRequest, grpc::health::v1::HealthCheckResponse>>());
    watched->health->async()->Check(&call.context, &call.request, &call.response,
                                    round.Begin(call.context, call.status));
  }
  peers_.market.stub->async()->GetMarketStatus(&round.market.context, &round.market.request, &round.market.response,
                                               round.Begin(round.market.context, round.market.status));
  peers_.orders.stub->async()->ListAccounts(&round.accounts.context, &round.accounts.request, &round.accounts.response,
                                            round.Begin(round.accounts.context, round.accounts.status));
  round.Wait();

  std::vector<std::string> fresh;
  {
    MutexLock lock(mutex_);
    for (std::size_t i = 0; i < watched_.size(); ++i) {
      const auto& call = *round.checks[i];
      bool serving = call.response.status() == grpc::health::v1::HealthCheckResponse::SERVING;
      const char* state = !call.status.ok() ? kUnreachable : serving ? kServing : kNotServing;
      std::string& known = states_[watched_[i]->name];
      if (known != state) {
        log_.Info("peer.state", {{"peer", watched_[i]->name}, {"state", state}});
        known = state;
      }
      metrics_.GetGauge("ballast_gateway_peer_serving", "1 while the service serves", {{"peer", watched_[i]->name}})
          .Set(serving && call.status.ok() ? 1 : 0);
    }
    if (round.market.status.ok()) market_ = round.market.response;
    if (round.accounts.status.ok()) {
      for (const order::v1::Account& account : round.accounts.response.accounts()) {
        if (account.account_id() == options_.default_account) mode_ = account.mode();
        if (accounts_.insert(account.account_id()).second) fresh.push_back(account.account_id());
      }
    }
  }
  for (const std::string& account : fresh) {
    if (options_.on_account) options_.on_account(account);
  }
}

void StatusBoard::Fill(gateway::v1::GetStatusResponse* status) const {
  MutexLock lock(mutex_);
  status->set_version(kVersion);
  bool running = !states_.empty();
  auto add = [&](const std::string& name, const std::string& state, const std::string& address) {
    gateway::v1::ServiceState& row = *status->add_services();
    row.set_name(name);
    row.set_state(state);
    row.set_address(address);
    running = running && state == kServing;
  };
  for (const auto& watched : watched_) {
    auto known = states_.find(watched->name);
    add(watched->name, known == states_.end() ? kUnreachable : known->second, watched->address);
  }
  add("api_gateway", kServing, options_.own_address);
  status->set_running(running);
  status->set_market_source(market_.source());
  if (market_.has_market_time()) *status->mutable_market_time() = market_.market_time();
  auto broker = states_.find(peers_.broker.name);
  // What is not known to be open is closed.
  status->set_market_open(market_.any_session_open() && broker != states_.end() && broker->second == kServing);
  status->set_mode(mode_);
  wire::ToProto(start_time_, status->mutable_start_time());
}

bool StatusBoard::Knows(const std::string& account_id) const {
  MutexLock lock(mutex_);
  return accounts_.contains(account_id);
}

bool StatusBoard::Serves(const std::string& service) const {
  MutexLock lock(mutex_);
  auto known = states_.find(service);
  return known != states_.end() && known->second == kServing;
}

}  // namespace ballast
