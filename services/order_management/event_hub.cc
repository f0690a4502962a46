#include "services/order_management/event_hub.h"

#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

constexpr std::size_t kRecentMax = 5'000;
constexpr std::int64_t kHeartbeatNs = 1'000'000'000;
constexpr std::int64_t kRelaxedNs = 20'000'000;
// Who joins is sent no more while so many bytes lie unsent, and looked at again after the pause.
constexpr std::size_t kUnsentMax = 1 << 20;
constexpr std::int64_t kUnsentPauseNs = 10'000'000;

grpc::Status Stopping() { return {grpc::UNAVAILABLE, "order management is stopping"}; }

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  grpc::Slice slice(bytes);
  return {&slice, 1};
}

wire::EventForm FormOf(const order::v1::StreamOrderEventsRequest& request) {
  wire::EventForm form{.checks = !request.omit_checks(),
                       .fills_only = request.fills_only(),
                       .deployments_only = request.deployments_only()};
  if (!request.whole_types().empty()) form.whole_types = 0;
  for (int type : request.whole_types()) {
    if (type >= 0) form.whole_types |= std::uint64_t{1} << std::min(type, 63);
  }
  return form;
}

}  // namespace

EventHub::EventHub(Journal& journal, const Clock& clock) : journal_(journal), clock_(clock) {}
EventHub::~EventHub() { Stop(); }

void EventHub::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void EventHub::Stop() {
  joining_.Close();
  if (thread_.joinable()) thread_.join();
  for (const auto& subscriber : joining_.PopBatch(kJoiningMax, 0)) subscriber->sender->Close(Stopping());
  MutexLock lock(mutex_);
  for (const auto& subscriber : subscribers_) subscriber->sender->Close(Stopping());
  subscribers_.clear();
}

void EventHub::SetHead(const AccountId& account_id, std::uint64_t sequence) {
  MutexLock lock(mutex_);
  heads_[account_id.value()] = sequence;
}

std::uint64_t EventHub::Head(const std::string& account_id) const {
  MutexLock lock(mutex_);
  auto head = heads_.find(account_id);
  return head == heads_.end() ? 0 : head->second;
}

void EventHub::SetElsewhere(const std::string& account_id, bool elsewhere) {
  MutexLock lock(mutex_);
  if (elsewhere)
    elsewhere_.insert(account_id);
  else
    elsewhere_.erase(account_id);
}

absl::Status EventHub::CatchUp(const AccountId& account_id) {
  while (true) {
    ASSIGN_OR_RETURN(EncodedEvents events,
                     journal_.LoadEvents(account_id, Head(account_id.value()), static_cast<int>(EventPage::kEvents)));
    if (events.entries().empty()) return absl::OkStatus();
    Publish(std::make_shared<const EncodedEvents>(std::move(events)));
  }
}

bool EventHub::Wants(const Subscriber& subscriber, const std::string& account) {
  return subscriber.accounts.empty() ||
         std::find(subscriber.accounts.begin(), subscriber.accounts.end(), account) != subscriber.accounts.end();
}

void EventHub::Publish(const std::shared_ptr<const EncodedEvents>& events) {
  std::vector<Page> pages;
  std::size_t count = events->entries().size();
  for (std::size_t first = 0; first < count; first += EventPage::kEvents) {
    pages.push_back(std::make_shared<EventPage>(events, first, std::min(first + EventPage::kEvents, count)));
  }
  MutexLock lock(mutex_);
  for (const EncodedEvents::Entry& entry : events->entries()) heads_[entry.account_id] = entry.sequence;
  for (const Page& page : pages) {
    Keep(page);
    if (held_events_ + page->size() > EventPage::kEvents) SendHeld(true);
    bool first = held_.empty();
    held_.push_back(page);
    held_events_ += page->size();
    SendHeld(false);
    if (!first || held_.empty()) continue;
    held_since_ns_ = clock_.MonotonicNanos();
    joining_.Wake();
  }
}

void EventHub::Keep(const Page& page) {
  recent_.push_back(page);
  recent_events_ += page->size();
  while (recent_events_ - recent_.front()->size() > kRecentMax) {
    recent_events_ -= recent_.front()->size();
    recent_.pop_front();
  }
}

bool EventHub::CanWait(const Subscriber& subscriber, const Page& newest) {
  return subscriber.relaxed || (subscriber.accounts.empty() && !newest->Tells(subscriber.form));
}

void EventHub::SendHeld(bool all) {
  if (held_.empty()) return;
  // One message for all who want the same: the bytes are shared.
  struct Made {
    wire::EventForm form;
    std::size_t first;
    std::shared_ptr<const grpc::ByteBuffer> message;
  };
  std::vector<Made> made;
  bool behind = false;
  for (const auto& subscriber : subscribers_) {
    if (subscriber->unsent == held_.size()) continue;
    if (!all && CanWait(*subscriber, held_.back())) {
      behind = true;
      continue;
    }
    std::size_t first = std::exchange(subscriber->unsent, held_.size());
    if (!subscriber->accounts.empty()) {
      SendOwn(*subscriber, first);
      continue;
    }
    const wire::EventForm& form = subscriber->form;
    auto same =
        std::find_if(made.begin(), made.end(), [&](const Made& one) { return one.first == first && one.form == form; });
    if (same == made.end()) {
      std::vector<grpc::Slice> slices;
      for (std::size_t i = first; i < held_.size(); ++i) slices.push_back(held_[i]->Bytes(form));
      auto message = std::make_shared<const grpc::ByteBuffer>(slices.data(), slices.size());
      same = made.insert(made.end(), Made{form, first, std::move(message)});
    }
    subscriber->sender->PushShared(same->message);
  }
  if (behind) return;
  held_.clear();
  held_events_ = 0;
  for (const auto& subscriber : subscribers_) subscriber->unsent = 0;
}

void EventHub::SendOwn(const Subscriber& subscriber, std::size_t first) {
  std::string own;
  for (std::size_t page = first; page < held_.size(); ++page) {
    for (std::size_t i = 0; i < held_[page]->size(); ++i) {
      const EncodedEvents::Entry& entry = held_[page]->entry(i);
      if (Wants(subscriber, entry.account_id)) held_[page]->events().AppendFramed(entry, subscriber.form, &own);
    }
  }
  if (!own.empty()) subscriber.sender->Push(ToBuffer(own));
}

void EventHub::Subscribe(const order::v1::StreamOrderEventsRequest& request, std::shared_ptr<Sender> sender) {
  auto subscriber = std::make_shared<Subscriber>();
  subscriber->sender = std::move(sender);
  subscriber->cursors = {request.after_sequences().begin(), request.after_sequences().end()};
  subscriber->accounts = {request.account_ids().begin(), request.account_ids().end()};
  subscriber->from_head = request.from_head();
  subscriber->relaxed = request.relaxed();
  subscriber->form = FormOf(request);
  if (!joining_.TryPush(subscriber)) {
    subscriber->sender->Close(grpc::Status(grpc::RESOURCE_EXHAUSTED, "too many streams are being opened"));
  }
}

EventHub::Progress EventHub::Advance(const std::shared_ptr<Subscriber>& subscriber) {
  if (subscriber->sender->done()) return Progress::kOver;
  if (subscriber->sender->unsent_bytes() > kUnsentMax) return Progress::kWaits;
  std::map<std::string, std::uint64_t> heads;
  std::set<std::string> elsewhere;
  {
    MutexLock lock(mutex_);
    heads = heads_;
    elsewhere = elsewhere_;
  }
  std::uint64_t behind = 0;
  auto furthest = heads.end();
  for (auto account = heads.begin(); account != heads.end(); ++account) {
    const auto& [id, head] = *account;
    if (!Wants(*subscriber, id)) continue;
    std::uint64_t cursor =
        subscriber->cursors.try_emplace(id, subscriber->from_head ? head : std::uint64_t{0}).first->second;
    // It may have followed the account's own order manager until now, and know what is still to come here.
    if (cursor > head && elsewhere.contains(id)) return Progress::kWaits;
    if (cursor > head) {
      subscriber->sender->Close(grpc::Status(grpc::OUT_OF_RANGE, "the cursor of " + id + " is beyond the log"));
      return Progress::kOver;
    }
    behind += head - cursor;
    if (furthest == heads.end() || head - cursor > furthest->second - subscriber->cursors[furthest->first])
      furthest = account;
  }
  if (behind <= kRecentMax && Join(subscriber)) return Progress::kOver;
  if (behind == 0) return Progress::kSent;  // the log grew past the ring meanwhile: again
  return SendStored(*subscriber, furthest->first, furthest->second);
}

EventHub::Progress EventHub::SendStored(Subscriber& subscriber, const std::string& account, std::uint64_t head) {
  std::uint64_t& cursor = subscriber.cursors[account];
  auto events = journal_.LoadEvents(AccountId(account), cursor, static_cast<int>(EventPage::kEvents));
  if (!events.ok() || events->entries().empty()) {
    std::string why = events.ok() ? "the log ends before its head" : std::string(events.status().message());
    subscriber.sender->Close(grpc::Status(grpc::UNAVAILABLE, why));
    return Progress::kOver;
  }
  std::string framed;
  for (const EncodedEvents::Entry& entry : events->entries()) {
    if (entry.sequence > head) break;  // stored, but still to be published: comes with the rest
    cursor = entry.sequence;
    events->AppendFramed(entry, subscriber.form, &framed);
  }
  return subscriber.sender->Push(ToBuffer(framed)) ? Progress::kSent : Progress::kOver;
}

bool EventHub::RecentAfter(std::map<std::string, std::uint64_t> cursors, const wire::EventForm& form,
                           std::vector<grpc::ByteBuffer>* messages) {
  std::vector<std::string> framed;
  std::size_t events = 0;
  for (const Page& page : recent_) {
    for (std::size_t i = 0; i < page->size(); ++i) {
      const EncodedEvents::Entry& entry = page->entry(i);
      auto cursor = cursors.find(entry.account_id);
      if (cursor == cursors.end() || entry.sequence <= cursor->second) continue;
      if (entry.sequence != cursor->second + 1) return false;
      cursor->second = entry.sequence;
      if (events++ % EventPage::kEvents == 0) framed.emplace_back();
      page->events().AppendFramed(entry, form, &framed.back());
    }
  }
  for (const auto& [account, cursor] : cursors) {
    if (cursor < heads_[account]) return false;
  }
  for (const std::string& message : framed) messages->push_back(ToBuffer(message));
  return true;
}

bool EventHub::Join(const std::shared_ptr<Subscriber>& subscriber) {
  MutexLock lock(mutex_);
  std::map<std::string, std::uint64_t> cursors;
  for (const auto& [account, head] : heads_) {
    if (Wants(*subscriber, account)) cursors[account] = subscriber->cursors[account];
  }
  std::vector<grpc::ByteBuffer> messages;
  if (!RecentAfter(std::move(cursors), subscriber->form, &messages)) return false;
  SendHeld(true);  // is for those who were there before
  messages.push_back(HeadsMessage());
  for (grpc::ByteBuffer& message : messages) subscriber->sender->Push(std::move(message));
  subscribers_.push_back(subscriber);
  return true;
}

bool EventHub::Fill(std::vector<std::shared_ptr<Subscriber>>& joining) {
  bool moved = false;
  std::erase_if(joining, [&](const std::shared_ptr<Subscriber>& subscriber) {
    Progress progress = Advance(subscriber);
    moved = moved || progress != Progress::kWaits;
    return progress == Progress::kOver;
  });
  return moved;
}

std::int64_t EventHub::UntilDue() {
  MutexLock lock(mutex_);
  std::int64_t due = last_heartbeat_ns_ + kHeartbeatNs;
  if (!held_.empty()) due = std::min(due, held_since_ns_ + kRelaxedNs);
  return std::max<std::int64_t>(due - clock_.MonotonicNanos(), 0);
}

grpc::ByteBuffer EventHub::HeadsMessage() const {
  order::v1::StreamOrderEventsResponse heads;
  for (const auto& [account, head] : heads_) (*heads.mutable_head_sequences())[account] = head;
  return ToBuffer(heads.SerializeAsString());
}

void EventHub::SendHeartbeat() {
  SendHeld(true);  // a head is news only after its events
  std::erase_if(subscribers_, [](const auto& subscriber) { return subscriber->sender->done(); });
  auto heartbeat = std::make_shared<const grpc::ByteBuffer>(HeadsMessage());
  for (const auto& subscriber : subscribers_) subscriber->sender->PushShared(heartbeat);
}

void EventHub::Loop() {
  std::vector<std::shared_ptr<Subscriber>> filling;
  bool moved = false;
  while (!joining_.closed()) {
    std::int64_t wait_ns = UntilDue();
    if (!filling.empty()) wait_ns = moved ? 0 : std::min(wait_ns, kUnsentPauseNs);
    for (std::shared_ptr<Subscriber>& subscriber : joining_.PopBatch(16, wait_ns)) {
      filling.push_back(std::move(subscriber));
    }
    moved = Fill(filling);
    MutexLock lock(mutex_);
    std::int64_t now = clock_.MonotonicNanos();
    if (!held_.empty() && now - held_since_ns_ >= kRelaxedNs) SendHeld(true);
    if (now - last_heartbeat_ns_ < kHeartbeatNs) continue;
    last_heartbeat_ns_ = now;
    SendHeartbeat();
  }
  for (const auto& subscriber : filling) subscriber->sender->Close(Stopping());
}

}  // namespace ballast
