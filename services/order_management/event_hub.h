#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/support/byte_buffer.h>

#include "ballast/order/v1/order_service.pb.h"
#include "libs/base/clock.h"
#include "libs/platform/grpc/server_stream.h"
#include "libs/platform/thread/bounded_queue.h"
#include "libs/platform/thread/mutex.h"
#include "services/order_management/event_page.h"
#include "services/order_management/journal.h"

namespace ballast {

// Hands committed events to everybody who follows: the stored ones after each one's cursor first, then live, with no
// gap between. Publish is called by the writer after each commit; the backfill reads on a thread of its own, a page at
// a time for each who joins, and only for those who take what they are sent.
class EventHub {
 public:
  // Messages are StreamOrderEventsResponse, encoded.
  using Sender = StreamSender<grpc::ByteBuffer>;

  EventHub(Journal& journal, const Clock& clock);
  ~EventHub();

  void Start();
  void Stop();
  // Heads known at start, before anything is published.
  void SetHead(const AccountId& account_id, std::uint64_t sequence);
  [[nodiscard]] std::uint64_t Head(const std::string& account_id) const EXCLUDES(mutex_);
  // The account's log is written by another process, and comes here a little later than it is stored there.
  void SetElsewhere(const std::string& account_id, bool elsewhere) EXCLUDES(mutex_);
  // Publishes what is stored after the head.
  absl::Status CatchUp(const AccountId& account_id) EXCLUDES(mutex_);
  void Publish(const std::shared_ptr<const EncodedEvents>& events) EXCLUDES(mutex_);
  void Subscribe(const order::v1::StreamOrderEventsRequest& request, std::shared_ptr<Sender> sender);

 private:
  using Page = std::shared_ptr<EventPage>;
  struct Subscriber {
    std::shared_ptr<Sender> sender;
    // Of the accounts it wants.
    std::map<std::string, std::uint64_t> cursors;
    std::vector<std::string> accounts;  // empty: all
    bool from_head = false;
    bool relaxed = false;
    wire::EventForm form;
    // The first page of held_ that it was not sent.
    std::size_t unsent = 0;
  };
  // Of one who joins: live or gone, sent a page, or not to be sent more before it has taken what it was.
  enum class Progress { kOver, kSent, kWaits };

  void Loop();
  // Moves everybody who joins by one page. False: none could be moved.
  bool Fill(std::vector<std::shared_ptr<Subscriber>>& joining);
  Progress Advance(const std::shared_ptr<Subscriber>& subscriber);
  Progress SendStored(Subscriber& subscriber, const std::string& account, std::uint64_t head);
  // Makes it live if the ring reaches back to its cursors.
  bool Join(const std::shared_ptr<Subscriber>& subscriber) EXCLUDES(mutex_);
  // What the ring has after the cursors. False: it does not reach back that far.
  bool RecentAfter(std::map<std::string, std::uint64_t> cursors, const wire::EventForm& form,
                   std::vector<grpc::ByteBuffer>* messages) REQUIRES(mutex_);
  void Keep(const Page& page) REQUIRES(mutex_);
  // Whether the newest page waits with those before it for a while: nobody hurries, or nothing in it is news.
  [[nodiscard]] static bool CanWait(const Subscriber& subscriber, const Page& newest);
  // Sends the held pages to all who have not had them, or only to those for whom the newest cannot wait.
  void SendHeld(bool all) REQUIRES(mutex_);
  void SendOwn(const Subscriber& subscriber, std::size_t first) REQUIRES(mutex_);
  void SendHeartbeat() REQUIRES(mutex_);
  [[nodiscard]] grpc::ByteBuffer HeadsMessage() const REQUIRES(mutex_);
  // How long the thread may sleep.
  std::int64_t UntilDue() EXCLUDES(mutex_);
  [[nodiscard]] static bool Wants(const Subscriber& subscriber, const std::string& account);

  static constexpr std::size_t kJoiningMax = 1000;

  Journal& journal_;
  const Clock& clock_;
  BoundedQueue<std::shared_ptr<Subscriber>> joining_{kJoiningMax};
  std::thread thread_;
  mutable Mutex mutex_;
  std::map<std::string, std::uint64_t> heads_ GUARDED_BY(mutex_);
  std::set<std::string> elsewhere_ GUARDED_BY(mutex_);
  // The newest pages, so that a backfill can join without reading to the last row.
  std::deque<Page> recent_ GUARDED_BY(mutex_);
  std::size_t recent_events_ GUARDED_BY(mutex_) = 0;
  // What not everybody was sent yet, since held_since_ns_.
  std::vector<Page> held_ GUARDED_BY(mutex_);
  std::size_t held_events_ GUARDED_BY(mutex_) = 0;
  std::int64_t held_since_ns_ GUARDED_BY(mutex_) = 0;
  std::int64_t last_heartbeat_ns_ GUARDED_BY(mutex_) = 0;
  std::vector<std::shared_ptr<Subscriber>> subscribers_ GUARDED_BY(mutex_);
};

}  // namespace ballast
