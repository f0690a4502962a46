#include "services/strategy_runner/algo_runner.h"

#include <algorithm>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {

namespace algo_pb = execution::v1;

namespace {

constexpr std::array<std::size_t, kRunnerLanes> kAlgoLaneBytesMax = {4U << 20, SIZE_MAX, 64U << 20};
constexpr std::size_t kAlgoTurnMost = 100;

absl::Status NoSuchAlgo(const std::string& id) {
  return absl::NotFoundError(ToAbsl("there is no algorithm order '" + id + "'"));
}

Rejection ByHand(const std::string& actor) { return {.message = "by " + (actor.empty() ? "user:unknown" : actor)}; }

// FieldErrors travel in a status only through gRPC: here the first one is told.
absl::Status TermsRefused(const std::vector<execution::TermFault>& faults) {
  std::string all;
  for (const execution::TermFault& fault : faults)
    all += (all.empty() ? "spec." : "; spec.") + fault.field + ": " + fault.message;
  return absl::InvalidArgumentError(ToAbsl(all));
}

}  // namespace

AlgoRunner::AlgoRunner(Ports ports)
    : ports_(std::move(ports)),
      inbox_(std::make_shared<RunnerInbox>(kAlgoLaneBytesMax)),
      market_(ports_.clock),
      desk_({.neighbours = ports_.neighbours,
             .children = ports_.children,
             .clock = ports_.clock,
             .log = ports_.log,
             .metrics = ports_.metrics,
             .inbox = inbox_,
             .parents = parents_}),
      committer_(ports_.clock),
      active_(ports_.metrics.GetGauge("ballast_strategy_algo_orders", "parent orders that have not ended", {})),
      commit_failures_(
          ports_.metrics.GetCounter("ballast_strategy_algo_commit_failures_total", "commits that failed", {})) {}

absl::Status AlgoRunner::Recover() {
  RETURN_IF_ERROR(ports_.store.Fence());
  ASSIGN_OR_RETURN(std::vector<AlgoStore::Row> rows, ports_.store.LoadActive());
  for (const AlgoStore::Row& row : rows) RETURN_IF_ERROR(parents_.Recover(row));
  ASSIGN_OR_RETURN(any_, ports_.store.Any());
  return absl::OkStatus();
}

runtime::Turn AlgoRunner::Poll(std::int64_t now_ns) {
  if (ended_) return {runtime::Turn::State::kEnded, 0};
  // Nothing may be built on what is not durable.
  if (!Flush() && !dead_) return {runtime::Turn::State::kBlocked, committer_.next_try_ns()};
  // Before news of children that somebody else has ended.
  for (auto& [id, live] : parents_.all()) Permit(live);
  bool closed = inbox_->closed();
  std::vector<absl::AnyInvocable<void()>> tasks = inbox_->Take(kAlgoTurnMost);
  for (auto& task : tasks) task();
  if (closed && tasks.empty()) return End();
  bool due = !last_tick_ns_ || now_ns - *last_tick_ns_ >= kTickNs;
  if (!closed && !dead_ && (due || !tasks.empty())) {
    if (due) {
      last_tick_ns_ = now_ns;
      active_.Set(static_cast<double>(parents_.active()));
      parents_.Trim();
      TellAlerts(now_ns);
      if (market_new_ && events_live_ && parents_.active() > 0) AskMarket();
    }
    if (market_waits_)
      WorkSteps(now_ns);
    else
      Work();
  }
  if (!Flush() && !dead_) return {runtime::Turn::State::kBlocked, committer_.next_try_ns()};
  return {runtime::Turn::State::kReady, last_tick_ns_.value_or(now_ns) + kTickNs};
}

runtime::Turn AlgoRunner::End() {
  // Answers to what is asked do not come in any more.
  for (auto& [number, next] : std::exchange(asking_, {}))
    next(absl::UnavailableError("the strategy runner is stopping"));
  if (!Flush() && !dead_) return {runtime::Turn::State::kBlocked, committer_.next_try_ns()};
  ended_ = true;
  return {runtime::Turn::State::kEnded, 0};
}

bool AlgoRunner::Flush() {
  using Outcome = runtime::Committer::Outcome;
  if (!dead_ && (batch_ || parents_.touched())) {
    // What is being stored does not change between its tries.
    if (!batch_) {
      batch_ = parents_.Collect(market_.time(), ports_.clock.Now());
      parents_.Forget();
    }
    Outcome outcome = committer_.Try({.append = [&] { return ports_.store.Save(*batch_); },
                                      .on_failure =
                                          [this](const absl::Status& status, int) {
                                            ports_.log.Error("algo.commit_failed", {{"error", status.ToString()}});
                                            commit_failures_.Increment();
                                          }},
                                     inbox_->closed());
    if (outcome == Outcome::kLater) return false;
    if (outcome == Outcome::kNever) {
      dead_ = true;
      if (!absl::IsCancelled(committer_.status()))
        ports_.fail("an algorithm order cannot be stored: " + committer_.status().ToString());
    }
    batch_.reset();
  }
  absl::Status durable = dead_ ? absl::UnavailableError("the change could not be stored") : absl::OkStatus();
  std::vector<Effect> effects;
  effects.swap(effects_);
  for (const Effect& effect : effects) effect(durable);
  return !dead_;
}

void AlgoRunner::Work() {
  for (auto& [id, live] : parents_.all()) {
    if (live.works()) WorkOne(live);
  }
}

void AlgoRunner::WorkOne(LiveAlgo& live) {
  Permit(live);
  desk_.Work(live, market_.time(), !market_waits_);
  if (market_.time().nanos == 0) {
    live.waits_for = "the market";
    return;
  }
  execution::Sight sight = market_.Of(live.parent.record().spec.symbol);
  std::vector<std::uint32_t> marked = live.parent.Mark(sight);
  if (!marked.empty()) parents_.Touch(live, {marked.begin(), marked.end()});
  // Nothing is looked at for it any more: its row says so too.
  if (live.kept.watched() && !live.parent.Watched(market_.time()) && !live.parent.Working().IsPositive())
    parents_.Touch(live);
  bool finished = live.parent.finished();
  execution::Decision decision = live.parent.Decide(sight);
  live.waits_for = decision.waits_for;
  if (decision.changed) parents_.Touch(live);
  for (std::uint32_t number : decision.cancel) {
    live.parent.OnCancelAsked(number);
    parents_.Touch(live, {number});
  }
  if (live.parent.finished() && !finished) {
    ports_.log.Info("algo.finished",
                    {{"order", live.id()},
                     {"status", algo_pb::AlgoStatus_Name(static_cast<algo_pb::AlgoStatus>(live.parent.record().state))},
                     {"filled", live.parent.Filled().ToString()}});
    if (live.parent.record().state == execution::ParentState::kStopped) Alert(live);
  }
  if (!decision.place) return;
  // What becomes of it could not be heard.
  if (!events_live_) {
    live.waits_for = "the order log";
    return;
  }
  const execution::ChildOrder& child = live.parent.Place(*decision.place, sight);
  live.flights[child.number] = {};
  parents_.Touch(live, {child.number});
  effects_.push_back([this, id = live.id(), number = child.number](const absl::Status& durable) {
    if (durable.ok()) desk_.OnDurable(id, number);
  });
}

bool AlgoRunner::Create(algo_pb::CreateAlgoOrderRequest request, Reply<algo_pb::CreateAlgoOrderResponse> reply) {
  return Command([this, request = std::move(request), reply = std::move(reply)] {
    if (Replayed(request, reply)) return;
    AskTerms(request.spec().account_id(), Symbol(request.spec().symbol()),
             [this, request, reply](const absl::StatusOr<Terms>& terms) { Make(request, terms, reply); });
  });
}

bool AlgoRunner::Replayed(const algo_pb::CreateAlgoOrderRequest& request,
                          const Reply<algo_pb::CreateAlgoOrderResponse>& reply) {
  std::string id = AlgoOrderIdFor(request.spec().account_id(), request.request_id());
  algo_pb::CreateAlgoOrderResponse response;
  algo_pb::AlgoSpec asked;
  if (LiveAlgo* live = parents_.Find(id)) {
    asked = live->kept.asked();
    *response.mutable_algo_order() = Describe(*live, market_.time(), true);
  } else {
    auto stored = ports_.store.Find(id);
    if (!stored.ok()) return reply(stored.status(), {}), true;
    if (!stored->has_value()) return false;
    asked = (*stored)->kept.asked();
    *response.mutable_algo_order() = (*stored)->kept.order();
  }
  if (asked.SerializeAsString() != request.spec().SerializeAsString()) {
    reply(absl::AlreadyExistsError("the request id was used for another algorithm order"), {});
    return true;
  }
  response.set_replayed(true);
  // It may be of this very turn.
  effects_.push_back([reply, response](const absl::Status& durable) { reply(durable, response); });
  return true;
}

void AlgoRunner::AskTerms(const std::string& account, const Symbol& symbol, WithTerms next) {
  struct Asked {
    int open = 4;
    absl::Status status;
    Terms terms;
  };
  auto asked = std::make_shared<Asked>();
  const std::uint64_t question = ++last_question_;
  asking_[question] = std::move(next);
  // Each runs on the deciding thread.
  auto done = [this, asked, question, symbol](const absl::Status& status) {
    asked->status.Update(status);
    if (--asked->open > 0) return;
    auto waiting = asking_.extract(question);
    if (waiting.empty()) return;
    const WithTerms& next = waiting.mapped();
    if (!asked->status.ok()) return next(asked->status);
    if (asked->terms.instrument.symbol != symbol)
      return next(absl::InvalidArgumentError(ToAbsl("spec.symbol: there is no instrument '" + symbol.value() + "'")));
    if (asked->terms.market_time.nanos == 0) return next(absl::UnavailableError("the market has not spoken yet"));
    market_.SetTime(asked->terms.market_time);
    next(asked->terms);
  };
  using Accounts = absl::StatusOr<order::v1::ListAccountsResponse>;
  ports_.neighbours.Accounts(Posted<Accounts>(inbox_, [done, account](const Accounts& all) {
    if (!all.ok()) return done(all.status());
    bool there = std::any_of(all->accounts().begin(), all->accounts().end(),
                             [&](const order::v1::Account& one) { return one.account_id() == account; });
    done(there ? absl::OkStatus() : absl::NotFoundError(ToAbsl("there is no account '" + account + "'")));
  }));
  using Instruments = absl::StatusOr<std::vector<Instrument>>;
  ports_.neighbours.Instruments(Posted<Instruments>(inbox_, [asked, done, symbol](const Instruments& all) {
    if (all.ok()) {
      for (const Instrument& one : *all) {
        if (one.symbol == symbol) asked->terms.instrument = one;
      }
    }
    done(all.status());
  }));
  using Quotes = absl::StatusOr<broker::v1::GetQuotesResponse>;
  ports_.neighbours.Quotes(Posted<Quotes>(inbox_, [asked, done, symbol](const Quotes& all) {
    if (all.ok()) {
      for (const broker::v1::Quote& one : all->quotes()) {
        auto quote = wire::FromProto(one);
        if (quote.ok() && quote->symbol == symbol) asked->terms.quote = *quote;
      }
    }
    done(all.status());
  }));
  using Status = absl::StatusOr<broker::v1::GetMarketStatusResponse>;
  ports_.neighbours.MarketStatus(Posted<Status>(inbox_, [this, asked, done](const Status& status) {
    if (status.ok()) {
      asked->terms.market_time = wire::FromProto(status->market_time());
      market_.SetBarLength(status->bar_length_seconds());
    }
    done(status.status());
  }));
}

void AlgoRunner::Make(const algo_pb::CreateAlgoOrderRequest& request, const absl::StatusOr<Terms>& terms,
                      const Reply<algo_pb::CreateAlgoOrderResponse>& reply) {
  if (!terms.ok()) return reply(terms.status(), {});
  // Another one with the same id may have been asked for meanwhile.
  if (Replayed(request, reply)) return;
  if (parents_.active() >= AlgoParents::kActiveMax)
    return reply(absl::ResourceExhaustedError("200 algorithm orders are active; end some first"), {});
  std::vector<FieldError> errors;
  execution::ParentRecord record{
      .id = AlgoOrderIdFor(request.spec().account_id(), request.request_id()),
      .spec = AlgoSpecFromProto(request.spec(), errors),
      .lot = terms->instrument.lot_size,
      .min_notional = terms->instrument.min_notional,
      .decision_price = execution::MiddleOf(terms->quote.symbol.empty() ? std::nullopt : std::optional(terms->quote))};
  auto faults = execution::FaultsOf(record.spec, terms->instrument);
  if (!faults.empty()) return reply(TermsRefused(faults), {});
  if (absl::Status permitted = Permitted(record.spec, terms->instrument); !permitted.ok()) return reply(permitted, {});
  if (record.spec.start_time.nanos == 0) record.spec.start_time = terms->market_time;
  if (auto end = record.spec.end_time(); end && *end <= terms->market_time)
    return reply(absl::InvalidArgumentError("spec.start_time: its end is over already"), {});
  std::uint64_t seed = 0;
  for (char c : record.id) seed = seed * 0x100000001b3ULL ^ static_cast<unsigned char>(c);
  record.spec = execution::WithDefaults(record.spec, seed | 1);
  algo_pb::KeptAlgoOrder kept;
  *kept.mutable_asked() = request.spec();
  algo_pb::AlgoOrder& order = *kept.mutable_order();
  order.set_algo_order_id(record.id);
  order.set_request_id(request.request_id());
  order.set_actor(request.actor());
  *order.mutable_requested_quantity() = request.spec().quantity();
  kept.set_calendar(static_cast<int>(terms->instrument.calendar));
  wire::ToProto(ports_.clock.Now(), order.mutable_create_time());
  LiveAlgo& live = parents_.Add(std::move(kept), std::move(record));
  Permit(live);
  parents_.Touch(live);
  ports_.log.Info("algo.created", {{"order", live.id()},
                                   {"type", execution::NameOf(live.parent.record().spec.type)},
                                   {"symbol", live.parent.record().spec.symbol.value()},
                                   {"quantity", live.parent.record().spec.quantity.ToString()},
                                   {"actor", request.actor()}});
  algo_pb::CreateAlgoOrderResponse response;
  *response.mutable_algo_order() = Describe(live, market_.time(), true);
  any_ = true;
  effects_.push_back([this, reply, response](const absl::Status& durable) {
    if (durable.ok()) ports_.follow();
    reply(durable, response);
  });
}

bool AlgoRunner::Preview(algo_pb::AlgoSpec proto, Reply<algo_pb::PreviewAlgoOrderResponse> reply) {
  return Command([this, proto = std::move(proto), reply = std::move(reply)] {
    AskTerms(proto.account_id(), Symbol(proto.symbol()), [this, proto, reply](const absl::StatusOr<Terms>& terms) {
      if (!terms.ok()) return reply(terms.status(), {});
      std::vector<FieldError> errors;
      execution::AlgoSpec spec = AlgoSpecFromProto(proto, errors);
      auto faults = execution::FaultsOf(spec, terms->instrument);
      if (!faults.empty()) return reply(TermsRefused(faults), {});
      if (absl::Status permitted = Permitted(spec, terms->instrument); !permitted.ok()) return reply(permitted, {});
      if (spec.start_time.nanos == 0) spec.start_time = terms->market_time;
      spec = execution::WithDefaults(spec, 1);
      algo_pb::PreviewAlgoOrderResponse response;
      ToProto(spec, response.mutable_spec());
      wire::ToProto(spec.start_time, response.mutable_start_time());
      if (auto end = spec.end_time()) wire::ToProto(*end, response.mutable_end_time());
      ToProto(execution::ScheduleOf(spec, terms->instrument.lot_size), response.mutable_schedule());
      reply(absl::OkStatus(), response);
    });
  });
}

LiveAlgo* AlgoRunner::Active(const std::string& id, const Reply<algo_pb::AlgoOrder>& reply) {
  LiveAlgo* live = parents_.Find(id);
  if (live != nullptr && live->parent.record().state < execution::ParentState::kEnding) return live;
  absl::Status why = NoSuchAlgo(id);
  auto stored = live != nullptr ? absl::StatusOr<std::optional<AlgoStore::Row>>(std::nullopt) : ports_.store.Find(id);
  if (!stored.ok())
    why = stored.status();
  else if (live != nullptr || stored->has_value())
    why = absl::FailedPreconditionError("it is ending or has ended");
  reply(why, {});
  return nullptr;
}

void AlgoRunner::Answer(const LiveAlgo& live, const Reply<algo_pb::AlgoOrder>& reply) {
  effects_.push_back([this, id = live.id(), reply](const absl::Status& durable) {
    LiveAlgo* there = parents_.Find(id);
    if (there == nullptr) return reply(NoSuchAlgo(id), {});
    reply(durable, Describe(*there, market_.time(), true));
  });
}

bool AlgoRunner::Pause(std::string id, std::string actor, Reply<algo_pb::AlgoOrder> reply) {
  return Command([this, id = std::move(id), actor = std::move(actor), reply = std::move(reply)] {
    LiveAlgo* live = Active(id, reply);
    if (live == nullptr) return;
    (void)live->parent.Pause(ByHand(actor));
    parents_.Touch(*live);
    ports_.log.Info("algo.paused", {{"order", id}, {"actor", actor}});
    Answer(*live, reply);
  });
}

bool AlgoRunner::Resume(std::string id, std::string actor, Reply<algo_pb::AlgoOrder> reply) {
  return Command([this, id = std::move(id), actor = std::move(actor), reply = std::move(reply)] {
    LiveAlgo* live = Active(id, reply);
    if (live == nullptr) return;
    (void)live->parent.Resume();
    parents_.Touch(*live);
    ports_.log.Info("algo.resumed", {{"order", id}, {"actor", actor}});
    Answer(*live, reply);
  });
}

bool AlgoRunner::Cancel(std::string id, std::string actor, Reply<algo_pb::AlgoOrder> reply) {
  return Command([this, id = std::move(id), actor = std::move(actor), reply = std::move(reply)] {
    LiveAlgo* live = parents_.Find(id);
    if (live == nullptr) {
      auto stored = ports_.store.Find(id);
      if (!stored.ok()) return reply(stored.status(), {});
      // It has ended before this process began.
      return stored->has_value() ? reply(absl::OkStatus(), (*stored)->kept.order()) : reply(NoSuchAlgo(id), {});
    }
    live->parent.End(execution::ParentState::kCanceled, ByHand(actor));
    parents_.Touch(*live);
    ports_.log.Info("algo.cancel_asked", {{"order", id}, {"actor", actor}});
    Answer(*live, reply);
  });
}

bool AlgoRunner::Get(std::string id, Reply<algo_pb::AlgoOrder> reply) {
  return Command([this, id = std::move(id), reply = std::move(reply)] {
    LiveAlgo* live = parents_.Find(id);
    if (live == nullptr) return reply(NoSuchAlgo(id), {});
    Answer(*live, reply);
  });
}

bool AlgoRunner::List(Reply<std::vector<algo_pb::AlgoOrder>> reply) {
  return Command([this, reply = std::move(reply)] {
    effects_.push_back([this, reply](const absl::Status& durable) {
      std::vector<algo_pb::AlgoOrder> all;
      for (const auto& [id, live] : parents_.all()) all.push_back(Describe(live, market_.time(), false));
      reply(durable, all);
    });
  });
}

void AlgoRunner::OnEventsLive() {
  (void)inbox_->PostAlways(kFeeds, kTaskBytes, [this] {
    events_live_ = true;
    desk_.LookAgain();
    AskHalts();
  });
}

void AlgoRunner::OnEventsLost() {
  (void)inbox_->PostAlways(kFeeds, kTaskBytes, [this] { events_live_ = false; });
}

bool AlgoRunner::OnOrder(order::v1::Order order) {
  std::size_t bytes = order.ByteSizeLong();
  return inbox_->Post(kFeeds, bytes, [this, order = std::move(order)] {
    std::string parent;
    std::uint32_t number = 0;
    if (!SplitChildRequestId(order.request_id(), &parent, &number)) return;
    if (market_waits_ && !InStep())
      told_.push_back({parent, number, order});
    else
      desk_.OnOrder(parent, number, order);
  });
}

bool AlgoRunner::OnHalted(std::string account, Rejection why) {
  return inbox_->PostAlways(kFeeds, kTaskBytes, [this, account = std::move(account), why = std::move(why)] {
    for (auto& [id, live] : parents_.all()) {
      if (live.parent.finished() || live.parent.record().spec.account_id.value() != account) continue;
      live.parent.End(execution::ParentState::kStopped, why);
      parents_.Touch(live);
      ports_.log.Warning("algo.stopped", {{"order", id}, {"why", why.message}});
    }
  });
}

}  // namespace ballast
