#include "tools/venue_simulator/server.h"

#include <chrono>
#include <thread>

#include "libs/platform/crypto/crypto.h"
#include "libs/venue_simulator/listings.h"
#include "tools/venue_simulator/control.h"

namespace ballast::venue_simulator {
namespace {

constexpr auto kTick = std::chrono::milliseconds(10);
// Binance Spot's default.
constexpr const char* kFee = "0.001";

UtcTime Now() {
  return UtcTime{
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count()};
}

std::string_view QueryOf(const HttpRequest& request) {
  std::string_view target = request.target;
  std::size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

}  // namespace

Server::Server(HttpServer::Options options, std::uint64_t seed, Secret control_token)
    : control_token_(std::move(control_token)), venue_(seed), http_([&] {
        options.on_request = [this](HttpRequest request, HttpResponder responder) {
          OnRequest(std::move(request), std::move(responder));
        };
        options.on_upgrade = [this](const HttpRequest& request) { return OnUpgrade(request); };
        return std::move(options);
      }()) {}

absl::StatusOr<int> Server::Start(const Credentials& credentials,
                                  const std::vector<std::pair<std::string, Decimal>>& balances) {
  {
    MutexLock lock(mutex_);
    UtcTime now = Now();
    for (Listing& listing : Listings()) venue_.List(std::move(listing.instrument), listing.price, now);
    AccountId account = OpenAccount(venue_, kFee, kFee);
    for (const auto& [asset, amount] : balances) venue_.market().exchange.Deposit(account, asset, amount, now);
    for (const Credentials::Key* key : {&credentials.hmac, &credentials.ed25519}) {
      auto status = AddKey(venue_, account, *key);
      if (!status.ok()) return status;
    }
  }
  return http_.Start();
}

void Server::Run(const std::atomic<bool>& stop) {
  while (!stop) {
    {
      MutexLock lock(mutex_);
      UtcTime now = Now();
      venue_.Advance(now);
      Flush(now);
    }
    std::this_thread::sleep_for(kTick);
  }
}

bool Server::MayControl(const HttpRequest& request) const {
  return ConstantTimeEquals(request.Header("authorization"), "Bearer " + control_token_.Reveal());
}

void Server::OnRequest(HttpRequest request, HttpResponder responder) {
  MutexLock lock(mutex_);
  UtcTime now = Now();
  if (!request.segments.empty() && request.segments[0] == "simulator") {
    responder.Send(MayControl(request) ? Control(venue_, request, now)
                                       : HttpResponse{401, {}, "{\"error\":\"the control token is missing\"}"});
    Flush(now);
    return;
  }
  binance::Question question;
  question.method = request.method;
  question.path = std::string(request.RawPath());
  question.query = std::string(QueryOf(request));
  question.body = std::move(request.body);
  question.api_key = std::string(request.Header("x-mbx-apikey"));
  std::string_view unit = request.Header("x-mbx-time-unit");
  question.micros = unit == "MICROSECOND" || unit == "microsecond";
  question.remote = request.remote;
  binance::Answer answer = venue_.Ask(question, now);
  waiting_.push_back({std::move(responder),
                      {answer.status, std::move(answer.headers), std::move(answer.body)},
                      answer.dropped,
                      now + answer.delay});
  Flush(now);
}

UpgradeAnswer Server::OnUpgrade(const HttpRequest& request) {
  UpgradeAnswer answer;
  std::string path(request.RawPath());
  if (!binance::Venue::HasSocket(path)) {
    answer.refusal = {404, {}, "there is no stream here"};
    return answer;
  }
  std::uint64_t id = 0;
  {
    MutexLock lock(mutex_);
    id = ++sockets_made_;
  }
  answer.accepted = true;
  answer.events.on_open = [this, id, path, query = request.query,
                           remote = request.remote](std::shared_ptr<WebSocket> socket) {
    MutexLock lock(mutex_);
    UtcTime now = Now();
    sockets_[id] = std::move(socket);
    venue_.Open(id, path, binance::Parameters(query), remote, now);
    Flush(now);
  };
  answer.events.on_text = [this, id](const std::string& text) {
    MutexLock lock(mutex_);
    UtcTime now = Now();
    venue_.Receive(id, text, now);
    Flush(now);
  };
  answer.events.on_close = [this, id] {
    MutexLock lock(mutex_);
    sockets_.erase(id);
    venue_.Closed(id);
  };
  return answer;
}

void Server::Flush(UtcTime now) {
  for (binance::Outgoing& message : venue_.TakeOutgoing(now)) {
    auto found = sockets_.find(message.socket);
    if (found == sockets_.end()) continue;
    if (message.close) {
      found->second->Close(1001, "");
    } else {
      found->second->Send(std::make_shared<const std::string>(std::move(message.text)));
    }
  }
  std::vector<Waiting> later;
  for (Waiting& one : waiting_) {
    if (one.due > now) {
      later.push_back(std::move(one));
    } else if (one.dropped) {
      one.responder.Drop();
    } else {
      one.responder.Send(std::move(one.response));
    }
  }
  waiting_ = std::move(later);
}

}  // namespace ballast::venue_simulator
