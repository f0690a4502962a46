#include "tests/simulation/venue_link.h"

namespace ballast::simulation {
namespace {

constexpr std::int64_t kTimeout = 5 * kSecond;
// A request is taken so long after it was sent at the latest.
constexpr Duration kAcceptance = Duration::Seconds(8);

OrderId OrderOf(const broker::Fact& fact) {
  return std::visit(
      [](const auto& each) {
        if constexpr (std::is_same_v<std::decay_t<decltype(each)>, broker::SessionState>)
          return OrderId();
        else
          return each.order_id;
      },
      fact);
}

}  // namespace

broker::Capabilities VenueLink::Can(const Stage& stage) {
  broker::Capabilities can = broker::CapabilitiesOf("paper");
  can.query_by_order_id = true;
  can.corrections = true;
  can.acceptance_window = kAcceptance;
  if (stage.Has(Bug::kWindowTooShort)) can.acceptance_window = can.processing_limit = can.horizon_margin = Duration{};
  return can;
}

VenueLink::VenueLink(Stage& stage, Venue& venue, std::function<void(const Order&)> on_send, std::function<void()> wake)
    : stage_(stage), venue_(venue), on_send_(std::move(on_send)), wake_(std::move(wake)), capabilities_(Can(stage)) {
  Connect();
}

void VenueLink::Connect() {
  int connection = ++state_->connection;
  stage_.After(stage_.Between(50 * kMilli, kSecond), [this, state = state_, connection] {
    if (state->gone || state->connection != connection) return;
    venue_.Connect([this, state, connection](broker::Fact fact) {
      if (!state->gone && state->connection == connection) Hear(std::move(fact));
    });
    // What was missed, and that this is all of it.
    std::vector<broker::Fact> missed;
    if (!stage_.Has(Bug::kNoResync)) missed = venue_.Everything();
    stage_.After(stage_.Between(kMilli, 300 * kMilli), [this, state, connection, missed = std::move(missed)] {
      if (state->gone || state->connection != connection) return;
      state->connected = true;
      for (const broker::Fact& fact : missed) Hear(fact);
      stage_.Note("link", "ready");
      Hear(broker::SessionState{.state = broker::SessionState::State::kReady});
    });
  });
}

void VenueLink::Cut() {
  if (!state_->connected) {
    // What a connection that is being made has missed meanwhile, only a new one asks for.
    venue_.Disconnect();
    Connect();
    return;
  }
  state_->connected = false;
  venue_.Disconnect();
  stage_.Note("link", "lost");
  stage_.Count("venue: sessions lost");
  Hear(broker::SessionState{.state = broker::SessionState::State::kDown});
  for (const OrderId& id : std::exchange(state_->unanswered, {}))
    Hear(broker::OutcomeUnknown{.order_id = id, .error = broker::ErrorClass::kNetwork, .message = "connection lost"});
  state_->unanswered_queries.clear();
  Connect();
}

void VenueLink::Hear(broker::Fact fact) {
  OrderId id = OrderOf(fact);
  state_->unanswered.erase(id);
  if (std::holds_alternative<broker::OrderRecord>(fact) || std::holds_alternative<broker::NotFound>(fact))
    state_->unanswered_queries.erase(id);
  if (auto* trade = std::get_if<broker::Trade>(&fact)) {
    if (stage_.Has(Bug::kFillsNotDeduplicated))
      trade->root_id = ExecutionId(trade->root_id.value() + "-" + std::to_string(++state_->copies));
    if (stage_.Has(Bug::kBustsIgnored) && trade->busted) return;
    if (stage_.Has(Bug::kLateFillDropped) && state_->ended.contains(id)) return;
  }
  if (std::holds_alternative<broker::Ended>(fact)) state_->ended.insert(id);
  if (auto* refused = std::get_if<broker::CancelReject>(&fact);
      refused != nullptr && stage_.Has(Bug::kCancelRefusedIsEnded)) {
    fact = broker::Ended{.order_id = id, .status = OrderStatus::kCanceled, .time = refused->time};
  }
  state_->heard.push_back(std::move(fact));
  wake_();
}

void VenueLink::Out(std::function<void()> request) {
  if (stage_.Chance(stage_.faults().lost_request)) {
    stage_.Count("venue: lost requests");
    return;
  }
  std::int64_t delay = stage_.Between(kMilli / 20, stage_.faults().delay_ms_max * kMilli);
  if (stage_.Chance(stage_.faults().late_request)) {
    stage_.Count("venue: late requests");
    delay += stage_.Between(0, 8 * kSecond);
  }
  stage_.After(delay, std::move(request));
}

void VenueLink::Submit(const Order& intent) {
  on_send_(intent);
  if (!state_->connected) {
    Hear(broker::NotSent{
        .order_id = intent.order_id, .error = broker::ErrorClass::kNetwork, .message = "there is no connection"});
    return;
  }
  state_->unanswered.insert(intent.order_id);
  Out([venue = &venue_, intent] { venue->Submit(intent); });
  stage_.After(kTimeout, [this, state = state_, intent] {
    if (state->gone || !state->unanswered.contains(intent.order_id)) return;
    stage_.Count("venue: orders unanswered");
    state->unanswered.erase(intent.order_id);
    if (stage_.Has(Bug::kResendOnTimeout)) {
      Submit(intent);
    } else if (stage_.Has(Bug::kTimeoutIsReject)) {
      Hear(broker::DefinitiveReject{
          .order_id = intent.order_id, .rejection = {.reason = RejectReason::kBrokerRejected}, .time = stage_.Now()});
    } else if (stage_.Has(Bug::kTimeoutIsNotSent)) {
      Hear(broker::NotSent{.order_id = intent.order_id, .error = broker::ErrorClass::kNetwork});
    } else {
      Hear(broker::OutcomeUnknown{
          .order_id = intent.order_id, .error = broker::ErrorClass::kNetwork, .message = "no answer in time"});
    }
  });
}

void VenueLink::Cancel(const broker::CancelIntent& intent) {
  if (!state_->connected) return;
  Out([venue = &venue_, id = intent.order_id] { venue->Cancel(id); });
  if (stage_.Has(Bug::kCancelAssumed))
    Hear(broker::Ended{.order_id = intent.order_id, .status = OrderStatus::kCanceled, .time = stage_.Now()});
}

// A connector that hears nothing of it asks again: it is idempotent by its number.
void VenueLink::Replace(const broker::ReplaceIntent& intent) {
  if (!state_->connected) return;
  Out([venue = &venue_, intent] { venue->Replace(intent); });
}

void VenueLink::Query(const broker::QueryIntent& intent) {
  if (!state_->connected) return;
  OrderId id = intent.order_id;
  state_->unanswered_queries.insert(id);
  Out([this, state = state_, id, question = intent.question, connection = state_->connection] {
    if (state->gone || stage_.Chance(stage_.faults().lost_answer)) return;
    std::vector<broker::Fact> facts = venue_.Query(id, question);
    if (facts.empty())
      facts.emplace_back(broker::NotFound{.order_id = id, .as_of = stage_.Now(), .question = question});
    stage_.After(stage_.Between(kMilli / 20, stage_.faults().delay_ms_max * kMilli),
                 [this, state, connection, facts = std::move(facts)] {
                   if (state->gone || state->connection != connection) return;
                   for (const broker::Fact& fact : facts) Hear(fact);
                 });
  });
  stage_.After(kTimeout, [this, state = state_, id] {
    if (state->gone || state->unanswered_queries.erase(id) == 0) return;
    Hear(broker::OutcomeUnknown{
        .order_id = id, .error = broker::ErrorClass::kNetwork, .message = "the query was not answered"});
  });
}

std::vector<broker::Fact> VenueLink::Poll(UtcTime) { return std::exchange(state_->heard, {}); }

}  // namespace ballast::simulation
