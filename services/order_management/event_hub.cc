#include "services/order_management/event_hub.h"

#include <algorithm>

#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr std::size_t kRecentMax = 5'000;
constexpr int kPage = 500;
constexpr std::int64_t kHeartbeatNs = 1'000'000'000;

}  // namespace

EventHub::EventHub(Journal& journal) : journal_(journal) {}
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
  std::vector<order::v1::OrderEvent> protos(events.size());
  for (std::size_t i = 0; i < events.size(); ++i) wire::ToProto(events[i], &protos[i]);
  MutexLock lock(mutex_);
  for (const order::v1::OrderEvent& event : protos) {
    heads_[event.account_id()] = event.sequence();
    auto& recent = recent_[event.account_id()];
    recent.push_back(event);
    if (recent.size() > kRecentMax) recent.pop_front();
  }
  for (const auto& subscriber : subscribers_) {
    if (!subscriber->live) continue;
    order::v1::StreamOrderEventsResponse response;
    for (const order::v1::OrderEvent& event : protos) {
      if (Wants(*subscriber, event.account_id())) *response.add_events() = event;
    }
    if (response.events_size() > 0) subscriber->sender->Push(std::move(response));
  }
}

void EventHub::Subscribe(const order::v1::StreamOrderEventsRequest& request, std::shared_ptr<Sender> sender) {
  auto subscriber = std::make_shared<Subscriber>();
  subscriber->sender = std::move(sender);
  subscriber->cursors = {request.after_sequences().begin(), request.after_sequences().end()};
  subscriber->accounts = {request.account_ids().begin(), request.account_ids().end()};
  subscriber->from_head = request.from_head();
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
        cursor->second = event.sequence();
        *response.add_events() = std::move(event);
      }
      if (!subscriber.sender->Push(std::move(response))) return false;
    }
  }
  MutexLock lock(mutex_);
  order::v1::StreamOrderEventsResponse rest;
  for (const auto& [account, head] : heads_) {
    (*rest.mutable_head_sequences())[account] = head;
    if (!Wants(subscriber, account)) continue;
    std::uint64_t cursor = subscriber.cursors[account];
    if (cursor >= head) continue;
    const auto& recent = recent_[account];
    if (recent.empty() || recent.front().sequence() > cursor + 1) return true;  // grew past the ring meanwhile: again
    for (const order::v1::OrderEvent& event : recent) {
      if (event.sequence() > cursor) *rest.add_events() = event;
    }
    subscriber.cursors[account] = head;
  }
  subscriber.live = true;
  return subscriber.sender->Push(std::move(rest));
}

void EventHub::Loop() {
  while (!joining_.closed()) {
    for (std::shared_ptr<Subscriber>& subscriber : joining_.PopBatch(16, kHeartbeatNs)) {
      bool alive = true;
      while (alive && !subscriber->live && !joining_.closed()) alive = Backfill(*subscriber);
      if (!alive || joining_.closed()) {
        subscriber->sender->Close(grpc::Status(grpc::UNAVAILABLE, "order management is stopping"));
        continue;
      }
      MutexLock lock(mutex_);
      // Events published between going live inside Backfill and this line: it is in no list yet, so send them now.
      order::v1::StreamOrderEventsResponse missed;
      for (const auto& [account, recent] : recent_) {
        if (!Wants(*subscriber, account)) continue;
        for (const order::v1::OrderEvent& event : recent) {
          if (event.sequence() > subscriber->cursors[account]) *missed.add_events() = event;
        }
      }
      if (missed.events_size() > 0) subscriber->sender->Push(std::move(missed));
      subscribers_.push_back(subscriber);
    }
    MutexLock lock(mutex_);
    std::erase_if(subscribers_, [](const auto& subscriber) { return subscriber->sender->done(); });
    for (const auto& subscriber : subscribers_) {
      order::v1::StreamOrderEventsResponse heartbeat;
      for (const auto& [account, head] : heads_) (*heartbeat.mutable_head_sequences())[account] = head;
      subscriber->sender->Push(std::move(heartbeat));
    }
  }
}

}  // namespace ballast
