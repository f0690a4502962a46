#include "services/order_management/market_reader.h"

#include <chrono>
#include <utility>

#include "libs/platform/grpc/channel.h"
#include "libs/wire/wire.h"

namespace ballast {

MarketReader::MarketReader(const std::string& address, std::string name, Ports ports, const Clock& clock, Logger& log)
    : name_(std::move(name)),
      ports_(std::move(ports)),
      log_(log),
      stub_(broker::v1::MarketDataService::NewStub(MakeChannel(address))),
      instruments_([this] { return LoadInstruments(); }, clock),
      client_({.open = [this](grpc::ClientContext* call,
                              auto* reactor) { stub_->async()->StreamMarketData(call, reactor); },
               .on_open =
                   [this](const std::function<void(broker::v1::StreamMarketDataRequest)>& send) {
                     instruments_.Want();
                     broker::v1::StreamMarketDataRequest request;
                     request.mutable_subscribe()->set_subscriber(name_);
                     request.mutable_subscribe()->set_lockstep(true);
                     request.mutable_subscribe()->set_phase(0);
                     send(std::move(request));
                   },
               .on_message = [this](broker::v1::StreamMarketDataResponse& step) { return OnStep(step); },
               .on_disconnected =
                   [this](const absl::Status& status) {
                     log_.Warning("market.stream_lost", {{"error", status.ToString()}});
                     ports_.lost();
                   }}) {}

// Blocks the client's thread. Without them no order can follow: its tick is not known.
bool MarketReader::LoadInstruments() {
  grpc::ClientContext call;
  broker::v1::ListInstrumentsResponse response;
  call.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(3));
  if (grpc::Status status = stub_->ListInstruments(&call, {}, &response); !status.ok()) {
    log_.Warning("market.instruments_unknown", {{"error", status.error_message()}});
    return false;
  }
  std::vector<Instrument> instruments;
  for (const auto& proto : response.instruments()) {
    auto instrument = wire::FromProto(proto);
    if (instrument.ok())
      instruments.push_back(std::move(*instrument));
    else
      log_.Error("market.instrument_unreadable", {{"error", instrument.status().ToString()}});
  }
  ports_.instruments(std::move(instruments));
  return true;
}

bool MarketReader::OnStep(const broker::v1::StreamMarketDataResponse& message) {
  instruments_.Retry();
  auto acknowledge = [this, number = message.step()] {
    broker::v1::StreamMarketDataRequest request;
    request.mutable_acknowledge()->set_step(number);
    return client_.Send(std::move(request));
  };
  // A market that waits is looked at in any case: the reports of its step may make an order wait for it.
  if (!message.lockstep() && !ports_.watching()) return true;
  MarketStep step{.market_time = wire::FromProto(message.market_time()), .lockstep = message.lockstep()};
  step.quotes.reserve(static_cast<std::size_t>(message.quotes_size()));
  for (const auto& proto : message.quotes()) {
    auto quote = wire::FromProto(proto);
    if (quote.ok())
      step.quotes.push_back(std::move(*quote));
    else
      log_.Error("market.quote_unreadable", {{"error", quote.status().ToString()}});
  }
  for (const auto& [account, sequence] : message.execution_sequences())
    step.execution_sequences[AccountId(account)] = sequence;
  // A stream that ended meanwhile takes no answer, and its market does not wait for one.
  if (message.lockstep()) step.done = [acknowledge] { (void)acknowledge(); };
  ports_.step(std::move(step));
  return true;
}

}  // namespace ballast
