#include "services/order_management/event_hub.h"

#include <algorithm>

#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr int kRecentMax = 5'000;
constexpr int kPage = 500;
constexpr std::int64_t kHeartbeatNs = 1'000'000'000;
constexpr std::int64_t kRelaxedNs = 20'000'000;

}  // namespace

EventHub::EventHub(Journal& journal, const Clock& clock) : journal_(journal), clock_(clock) {}
EventHub::~EventHub() { Stop(); }

void EventHub::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void EventHub::Stop() {
  joining_.Close();
  if (thread_.joinable()) thread_.join();
  for (const auto& subscriber : joining_.PopBatch(kJoiningMax, 0)) {
    subscriber->sender->Close(grpc::Status(grpc::UNAVAILABLE, "order management is stopping"));
  }
  MutexLock lock(mutex_);
  for (const auto& subscriber : subscribers_) {
    subscriber->sender->Close(grpc::Status(grpc::UNAVAILABLE, "order management is stopping"));
  }
  subscribers_.clear();
}

void EventHub::SetHead(const AccountId& account_id, std::uint64_t sequence) {
  MutexLock lock(mutex_);
  heads_[account_id.value()] = sequence;
}

bool EventHub::Wants(const Subscriber& subscriber, const std::string& account) {
  return subscriber.accounts.empty() ||
         std::find(subscriber.accounts.begin(), subscriber.accounts.end(), account) != subscriber.accounts.end();
}

void EventHub::Publish(const std::vector<OrderEvent>& events) {
  struct Forms {
    std::shared_ptr<Batch> whole = std::make_shared<Batch>();
    std::shared_ptr<Batch> without_checks = std::make_shared<Batch>();
  };
  std::vector<Forms> pages;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (i % kPage == 0) pages.emplace_back();
    wire::ToProto(events[i], pages.back().whole->add_events());
    wire::ToProto(events[i], pages.back().without_checks->add_events(), false);
  }
  MutexLock lock(mutex_);
  for (const OrderEvent& event : events) heads_[event.account_id.value()] = event.sequence;
  for (const Forms& page : pages) {
    recent_.push_back(page.whole);
    recent_events_ += page.whole->events_size();
    while (recent_events_ - recent_.front()->events_size() > kRecentMax) {
      recent_events_ -= recent_.front()->events_size();
      recent_.pop_front();
    }
    for (bool omit_checks : {false, true}) {
      const std::shared_ptr<Batch>& batch = omit_checks ? page.without_checks : page.whole;
      Send(batch, false, omit_checks);
      if (!Anybody(true, omit_checks)) continue;
      std::shared_ptr<Batch>& held = held_.at(omit_checks ? 1 : 0);
      if (held && held->events_size() + batch->events_size() > kPage) SendHeld();
      if (!holding()) {
        held_since_ns_ = clock_.MonotonicNanos();
        joining_.Wake();
      }
      if (!held) held = std::make_shared<Batch>();
      held->MergeFrom(*batch);
    }
  }
}

bool EventHub::Anybody(bool relaxed, bool omit_checks) const {
  return std::any_of(subscribers_.begin(), subscribers_.end(), [&](const auto& subscriber) {
    return subscriber->relaxed == relaxed && subscriber->omit_checks == omit_checks;
  });
}

void EventHub::Send(const std::shared_ptr<const Batch>& batch, bool relaxed, bool omit_checks) {
  for (const auto& subscriber : subscribers_) {
    if (subscriber->relaxed != relaxed || subscriber->omit_checks != omit_checks) continue;
    if (subscriber->accounts.empty()) {
      subscriber->sender->PushShared(batch);
      continue;
    }
    Batch own;
    for (const order::v1::OrderEvent& event : batch->events()) {
      if (Wants(*subscriber, event.account_id())) *own.add_events() = event;
    }
    if (own.events_size() > 0) subscriber->sender->Push(std::move(own));
  }
}

void EventHub::SendHeld() {
  for (bool omit_checks : {false, true}) {
    std::shared_ptr<Batch> held = std::exchange(held_.at(omit_checks ? 1 : 0), nullptr);
    if (held) Send(held, true, omit_checks);
  }
}

void EventHub::Subscribe(const order::v1::StreamOrderEventsRequest& request, std::shared_ptr<Sender> sender) {
  auto subscriber = std::make_shared<Subscriber>();
  subscriber->sender = std::move(sender);
  subscriber->cursors = {request.after_sequences().begin(), request.after_sequences().end()};
  subscriber->accounts = {request.account_ids().begin(), request.account_ids().end()};
  subscriber->from_head = request.from_head();
  subscriber->relaxed = request.relaxed();
  subscriber->omit_checks = request.omit_checks();
  if (!joining_.TryPush(subscriber)) {
    subscriber->sender->Close(grpc::Status(grpc::RESOURCE_EXHAUSTED, "too many streams are being opened"));
  }
}

// Sends what is stored until the ring of recent events covers the rest, then joins. False: the reader is gone.
bool EventHub::Backfill(Subscriber& subscriber) {
  std::map<std::string, std::uint64_t> heads;
  {
    MutexLock lock(mutex_);
    heads = heads_;
  }
  for (const auto& [account, head] : heads) {
    if (!Wants(subscriber, account)) continue;
    auto cursor = subscriber.cursors.find(account);
    if (cursor == subscriber.cursors.end()) {
      cursor = subscriber.cursors.emplace(account, subscriber.from_head ? head : 0).first;
    }
    if (cursor->second > head) {
      subscriber.sender->Close(grpc::Status(grpc::OUT_OF_RANGE, "the cursor of " + account + " is beyond the log"));
      return false;
    }
    while (cursor->second < head) {
      auto events = journal_.LoadEvents(AccountId(account), cursor->second, kPage);
      if (!events.ok()) {
        subscriber.sender->Close(grpc::Status(grpc::UNAVAILABLE, std::string(events.status().message())));
        return false;
      }
      if (events->empty()) break;
      order::v1::StreamOrderEventsResponse response;
      for (order::v1::OrderEvent& event : *events) {
        if (event.sequence() > head) break;  // stored, but still to be published: comes with the rest
        cursor->second = event.sequence();
        if (subscriber.omit_checks) event.clear_checks();
        *response.add_events() = std::move(event);
      }
      if (!subscriber.sender->Push(std::move(response))) return false;
    }
  }
  MutexLock lock(mutex_);
  if (!SendRecent(subscriber)) return true;  // the log grew past the ring meanwhile: again
  Batch heads_now;
  for (const auto& [account, head] : heads_) (*heads_now.mutable_head_sequences())[account] = head;
  subscriber.live = true;
  return subscriber.sender->Push(std::move(heads_now));
}

bool EventHub::SendRecent(Subscriber& subscriber) {
  std::map<std::string, std::uint64_t> cursors;
  for (const auto& [account, head] : heads_) {
    if (Wants(subscriber, account)) cursors[account] = subscriber.cursors[account];
  }
  std::vector<Batch> pages;
  for (const std::shared_ptr<const Batch>& batch : recent_) {
    for (const order::v1::OrderEvent& event : batch->events()) {
      auto cursor = cursors.find(event.account_id());
      if (cursor == cursors.end() || event.sequence() <= cursor->second) continue;
      if (event.sequence() != cursor->second + 1) return false;
      cursor->second = event.sequence();
      if (pages.empty() || pages.back().events_size() == kPage) pages.emplace_back();
      order::v1::OrderEvent& copy = *pages.back().add_events() = event;
      if (subscriber.omit_checks) copy.clear_checks();
    }
  }
  for (const auto& [account, cursor] : cursors) {
    if (cursor < heads_[account]) return false;
  }
  for (Batch& page : pages) subscriber.sender->Push(std::move(page));
  subscriber.cursors = std::move(cursors);
  return true;
}

std::int64_t EventHub::UntilDue() {
  MutexLock lock(mutex_);
  std::int64_t due = last_heartbeat_ns_ + kHeartbeatNs;
  if (holding()) due = std::min(due, held_since_ns_ + kRelaxedNs);
  return std::max<std::int64_t>(due - clock_.MonotonicNanos(), 0);
}

void EventHub::Loop() {
  while (!joining_.closed()) {
    for (std::shared_ptr<Subscriber>& subscriber : joining_.PopBatch(16, UntilDue())) {
      bool alive = true;
      while (alive && !subscriber->live && !joining_.closed()) alive = Backfill(*subscriber);
      if (!alive || joining_.closed()) {
        subscriber->sender->Close(grpc::Status(grpc::UNAVAILABLE, "order management is stopping"));
        continue;
      }
      MutexLock lock(mutex_);
      SendHeld();  // is for those who were there before
      // Published between going live inside Backfill and this line, when it was in no list yet.
      if (!SendRecent(*subscriber)) {
        subscriber->sender->Close(grpc::Status(grpc::UNAVAILABLE, "the log grew too fast to join; ask again"));
        continue;
      }
      subscribers_.push_back(subscriber);
    }
    MutexLock lock(mutex_);
    std::int64_t now = clock_.MonotonicNanos();
    if (holding() && now - held_since_ns_ >= kRelaxedNs) SendHeld();
    if (now - last_heartbeat_ns_ < kHeartbeatNs) continue;
    last_heartbeat_ns_ = now;
    SendHeld();  // a head is news only after its events
    std::erase_if(subscribers_, [](const auto& subscriber) { return subscriber->sender->done(); });
    auto heartbeat = std::make_shared<Batch>();
    for (const auto& [account, head] : heads_) (*heartbeat->mutable_head_sequences())[account] = head;
    for (const auto& subscriber : subscribers_) subscriber->sender->PushShared(heartbeat);
  }
}

}  // namespace ballast
