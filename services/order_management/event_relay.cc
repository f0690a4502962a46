#include "services/order_management/event_relay.h"

#include "libs/platform/grpc/client_stream.h"
#include "services/order_management/encoded_events.h"
#include "services/order_management/event_hub.h"

namespace ballast {
namespace {

using Reader = StreamReader<order::v1::StreamOrderEventsResponse>;

// What the hub does not have yet of a message, in its form.
std::shared_ptr<const EncodedEvents> NewOf(order::v1::StreamOrderEventsResponse& message, const EventHub& hub) {
  auto events = std::make_shared<EncodedEvents>();
  std::map<std::string, std::uint64_t> heads;
  for (order::v1::OrderEvent& event : *message.mutable_events()) {
    std::uint64_t& head = heads.try_emplace(event.account_id(), hub.Head(event.account_id())).first->second;
    if (event.sequence() != head + 1) continue;  // seen, from the store or from a former owner
    head = event.sequence();
    order::v1::OrderEvent checks;
    checks.mutable_checks()->Swap(event.mutable_checks());
    events->Add(event.account_id(), event.sequence(), event.SerializeAsString(), checks.SerializeAsString());
  }
  return events->entries().empty() ? nullptr : events;
}

}  // namespace

struct EventRelay::Parts {
  std::shared_ptr<order::v1::OrderService::Stub> owner;
  std::set<std::string> accounts;
  EventHub& hub;
  Reader reader;

  Parts(std::shared_ptr<order::v1::OrderService::Stub> stub, std::set<std::string> followed, EventHub& to)
      : owner(std::move(stub)),
        accounts(std::move(followed)),
        hub(to),
        reader({.open =
                    [this](grpc::ClientContext* context, auto* stream) {
                      order::v1::StreamOrderEventsRequest request;
                      for (const std::string& account : accounts) {
                        request.add_account_ids(account);
                        (*request.mutable_after_sequences())[account] = hub.Head(account);
                      }
                      auto kept = std::make_shared<const order::v1::StreamOrderEventsRequest>(std::move(request));
                      owner->async()->StreamOrderEvents(context, kept.get(), stream);
                      return kept;
                    },
                .on_message =
                    [this](order::v1::StreamOrderEventsResponse& message) {
                      if (auto events = NewOf(message, hub)) hub.Publish(events);
                      return true;
                    },
                .on_disconnected = {}}) {
    reader.Start();
  }
};

EventRelay::EventRelay(std::shared_ptr<order::v1::OrderService::Stub> owner, std::set<std::string> accounts,
                       EventHub& hub)
    : parts_(std::make_unique<Parts>(std::move(owner), std::move(accounts), hub)) {}
EventRelay::~EventRelay() { parts_->reader.Stop(); }

}  // namespace ballast
