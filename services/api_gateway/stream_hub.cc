#include "services/api_gateway/stream_hub.h"

#include <charconv>

#include <fmt/format.h>

#include "libs/platform/crypto/crypto.h"

namespace ballast {
namespace {

constexpr std::int64_t kTickNs = 50'000'000;
constexpr std::int64_t kQuoteRounds = 5;
constexpr std::int64_t kSecondRounds = 20;
constexpr int kPolicyViolation = 1008;

}  // namespace

StreamHub::StreamHub(Options options, const Clock& clock, Metrics& metrics)
    : options_(std::move(options)),
      clock_(clock),
      run_(Sha256Hex(RandomToken(16)).substr(0, 16)),
      clients_gauge_(
          metrics.GetGauge("ballast_gateway_stream_clients", "WebSocket clients that follow the stream", {})),
      deltas_(metrics.GetCounter("ballast_gateway_stream_deltas_total", "Deltas of the stream", {})),
      slow_(metrics.GetCounter("ballast_gateway_stream_slow_total", "Clients closed because they did not keep up", {})),
      model_(options_.default_account) {}

void StreamHub::Start() {
  thread_ = std::thread([this] {
    std::int64_t next_ns = clock_.MonotonicNanos();
    for (std::int64_t round = 0;; ++round) {
      {
        MutexLock lock(mutex_);
        std::int64_t wait_ns = next_ns - clock_.MonotonicNanos();
        while (!stopping_ && wait_ns > 0) {
          wake_.WaitFor(mutex_, wait_ns);
          wait_ns = next_ns - clock_.MonotonicNanos();
        }
        if (stopping_) return;
      }
      Tick(round);
      next_ns = std::max(next_ns + kTickNs, clock_.MonotonicNanos());
    }
  });
}

void StreamHub::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.NotifyAll();
  if (thread_.joinable()) thread_.join();
  MutexLock lock(mutex_);
  clients_.clear();
}

void StreamHub::Tick(std::int64_t round) {
  bool second = round % kSecondRounds == 0;
  {
    MutexLock lock(mutex_);
    rounds_alone_ = clients_.empty() ? rounds_alone_ + 1 : 0;
    if (!asleep_ && rounds_alone_ >= options_.idle_rounds) FallAsleep();
    if (asleep_) return model_.Trim();
  }
  std::string status = second && options_.status ? options_.status() : "";
  MutexLock lock(mutex_);
  if (!status.empty()) model_.OnStatus(std::move(status));
  model_.CheckMarket(clock_.MonotonicNanos());
  for (const LiveModel::Delta& delta : model_.Flush(round % kQuoteRounds == 0)) Publish(delta);
  if (!second) return;
  CloseEndedSessions();
  SendAll(HeartbeatText());
}

void StreamHub::FallAsleep() {
  asleep_ = true;
  ring_.clear();
  ring_bytes_ = 0;
}

void StreamHub::WakeUp(std::string status) {
  asleep_ = false;
  rounds_alone_ = 0;
  if (!status.empty()) model_.OnStatus(std::move(status));
  model_.CheckMarket(clock_.MonotonicNanos());
  // A number for all of it that is never sent: whoever was here before has missed something. Nobody was where nothing
  // was ever sent.
  (void)model_.Flush(true);
  if (sequence_ > 0) ++sequence_;
}

void StreamHub::OnMarket(broker::v1::StreamMarketDataResponse&& step) {
  std::int64_t now_ns = clock_.MonotonicNanos();
  With([&](LiveModel& model) { model.OnMarket(std::move(step), now_ns); });
}

Json StreamHub::QuoteRow(const broker::v1::Quote& quote) {
  std::int64_t now_ns = clock_.MonotonicNanos();
  return With([&](LiveModel& model) { return model.QuoteRow(quote, now_ns); });
}

void StreamHub::Publish(const LiveModel::Delta& delta) {
  auto text = std::make_shared<std::string>(
      fmt::format(R"({{"type":"delta","sequence":{},"topic":"{}","data":[)", ++sequence_, delta.topic));
  for (const std::string& row : delta.rows) {
    if (&row != &delta.rows.front()) *text += ',';
    *text += row;
  }
  *text += "]}";
  deltas_.Increment();
  ring_bytes_ += text->size();
  ring_.push_back(text);
  while (ring_.size() > options_.ring_max || ring_bytes_ > options_.ring_bytes_max) {
    ring_bytes_ -= ring_.front()->size();
    ring_.pop_front();
  }
  SendAll(text);
}

void StreamHub::SendAll(const Text& text) {
  for (auto it = clients_.begin(); it != clients_.end();) {
    if (it->second.socket->Send(text)) {
      ++it;
    } else {
      slow_.Increment();  // or gone, and its farewell is on the way
      it = clients_.erase(it);
    }
  }
  clients_gauge_.Set(static_cast<double>(clients_.size()));
}

void StreamHub::CloseEndedSessions() {
  if (!options_.session_holds) return;
  for (auto it = clients_.begin(); it != clients_.end();) {
    if (it->second.cookie.empty() || options_.session_holds(it->second.cookie)) {
      ++it;
    } else {
      it->second.socket->Close(kPolicyViolation, "the session is over");
      it = clients_.erase(it);
    }
  }
}

StreamHub::Text StreamHub::HeartbeatText() const {
  return std::make_shared<std::string>(fmt::format(R"({{"type":"heartbeat","sequence":{},"market":{}}})", sequence_,
                                                   model_.MarketJson(clock_.MonotonicNanos())));
}

bool StreamHub::Covers(const std::string& run, std::int64_t after) const {
  if (run != run_ || after < 0 || after > sequence_) return false;
  auto missing = static_cast<std::size_t>(sequence_ - after);
  return missing <= ring_.size() && missing <= options_.resume_max;
}

void StreamHub::Join(std::shared_ptr<WebSocket> socket, const std::string& run, std::int64_t after,
                     const std::string& cookie) {
  bool asleep = false;
  {
    MutexLock lock(mutex_);
    asleep = asleep_;
  }
  // Made without the lock: it asks for what the lock guards.
  std::string status = asleep && options_.status ? options_.status() : "";
  MutexLock lock(mutex_);
  if (stopping_) return socket->Close(1001, "the server is stopping");
  if (asleep_) WakeUp(std::move(status));
  if (Covers(run, after)) {
    auto missing = static_cast<std::size_t>(sequence_ - after);
    for (std::size_t i = ring_.size() - missing; i < ring_.size(); ++i) socket->Send(ring_[i]);
  } else {
    socket->Send(std::make_shared<std::string>(fmt::format(
        R"({{"type":"snapshot","sequence":{},"run":"{}","data":{}}})", sequence_, run_, model_.Snapshot())));
  }
  // A first sign of life, also for those who missed nothing.
  socket->Send(HeartbeatText());
  clients_[socket.get()] = {.socket = socket, .cookie = cookie};
  clients_gauge_.Set(static_cast<double>(clients_.size()));
}

void StreamHub::Leave(const WebSocket* socket) {
  MutexLock lock(mutex_);
  clients_.erase(socket);
  clients_gauge_.Set(static_cast<double>(clients_.size()));
}

UpgradeAnswer StreamHub::Accept(const HttpRequest& request, const std::string& cookie) {
  std::int64_t after = -1;
  std::string_view text = request.Query("after");
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), after);
  if (error != std::errc() || end != text.data() + text.size()) after = -1;
  std::string run(request.Query("run"));
  auto joined = std::make_shared<const WebSocket*>(nullptr);
  UpgradeAnswer answer{.accepted = true, .events = {}, .refusal = {}};
  answer.events.on_open = [this, run, after, cookie, joined](std::shared_ptr<WebSocket> socket) {
    *joined = socket.get();
    Join(std::move(socket), run, after, cookie);
  };
  answer.events.on_close = [this, joined] { Leave(*joined); };
  return answer;
}

}  // namespace ballast
