// What orders hear of the venue's answers.
#include <algorithm>
#include <utility>

#include "libs/brokers/binance/session.h"

namespace ballast::binance {
namespace {

constexpr int kCancelTriesMax = 6;
constexpr Duration kCancelPause = Duration::Millis(200);

// A cancel that did no harm may be said again: whether it was heard the first time or not.
bool MaySayAgain(const Problem& problem) {
  using broker::ErrorClass;
  return problem.clock || problem.error == ErrorClass::kNetwork || problem.error == ErrorClass::kThrottled ||
         problem.error == ErrorClass::kUnreadable;
}

}  // namespace

void Session::On(const venue::HttpAnswer& answer, UtcTime now) {
  auto found = calls_.find(answer.id);
  if (found == calls_.end()) return;
  const Asked asked = std::move(found->second);
  calls_.erase(found);
  budget_.Hear(answer, VenueTime(now));
  if (answer.outcome != venue::Outcome::kNotSent) not_sent_in_a_row_ = 0;
  // Steps of an attempt that was given up lead nowhere; what was told of orders stays told.
  const bool of_now = asked.attempt == attempt_ && stage_ != Stage::kWaiting;
  switch (asked.kind) {
    case Kind::kClock:
      if (of_now) OnClock(asked, answer, now);
      return;
    case Kind::kRules:
      if (of_now && stage_ == Stage::kRules) OnRules(answer, now);
      return;
    case Kind::kAccount:
      if (of_now) OnAccount(answer, now);
      return;
    case Kind::kOpenOrders:
      if (of_now) OnOpenList(answer, now);
      return;
    case Kind::kMissing:
      if (of_now) OnMissing(asked, answer, now);
      return;
    case Kind::kPlace: {
      Answer out = OnPlaced(asked.order, answer, now);
      const bool taken =
          !out.facts.empty() && std::holds_alternative<broker::Ack>(out.facts.front()) && stage_ == Stage::kReady;
      TellAll(std::move(out.facts));
      const Tracked* tracked = Find(asked.order_id);
      if (taken && of_now && tracked != nullptr && !tracked->heard) unheard_.try_emplace(asked.order_id, now);
      if (out.problem) Heed(*out.problem, now);
      return;
    }
    case Kind::kCancel:
      OnCancelAnswer(asked, answer, now);
      return;
    case Kind::kQuery:
      // Of two answers with a gap between them nothing is proved; the desk asks again.
      if (!of_now) return;
      asking_.erase({asked.order_id, asked.query.question});
      OnQueryAnswer(asked, answer, now);
      return;
    case Kind::kStatementAccount:
    case Kind::kStatementOrders:
      if (of_now && statement_) OnStatementPart(asked, answer, now);
      return;
  }
}

void Session::OnCancelAnswer(const Asked& asked, const venue::HttpAnswer& answer, UtcTime now) {
  Answer out = OnCanceled(asked.order_id, answer, now);
  const Tracked* tracked = Find(asked.order_id);
  // While the session is away the desk keeps what is wanted, and says it again.
  const bool again = out.problem && MaySayAgain(*out.problem) && asked.tries < kCancelTriesMax &&
                     (tracked == nullptr || tracked->open);
  if (again) {
    if (stage_ == Stage::kReady) {
      cancels_.try_emplace(asked.order_id, WantedCancel{.intent = asked.cancel,
                                                        .due = now + Duration{kCancelPause.nanos << asked.tries},
                                                        .tries = asked.tries + 1});
    }
  } else {
    TellAll(std::move(out.facts));
  }
  if (out.problem) Heed(*out.problem, now);
}

void Session::OnQueryAnswer(const Asked& asked, const venue::HttpAnswer& answer, UtcTime now) {
  std::optional<Problem> problem;
  switch (asked.query.question) {
    case VenueQuestion::kTrades: {
      TradesAnswer out = OnTrades(
          {.order_id = asked.order_id, .broker_order_id = asked.broker_order_id, .first_page = asked.first_page},
          symbols_, answer, asked.time);
      const Tracked* tracked = Find(asked.order_id);
      const bool named = tracked != nullptr && !tracked->broker_order_id.empty();
      if (asked.broker_order_id.empty() && named && out.answer.facts.empty() && stage_ == Stage::kReady) {
        // Its number has come meanwhile, and trades name an order by that only.
        Query(asked.query);
        break;
      }
      TellAll(std::move(out.answer.facts));
      problem = std::move(out.answer.problem);
      if (!out.next_trade || stage_ != Stage::kReady) break;
      RequestOrRejection more = TradesRequest(
          {.symbol = SymbolOf(asked.order_id), .broker_order_id = asked.broker_order_id, .from_trade = out.next_trade},
          symbols_);
      if (const Request* request = std::get_if<Request>(&more)) {
        Asked next = asked;
        next.first_page = false;
        asking_.insert({asked.order_id, VenueQuestion::kTrades});
        Ask(std::move(next), Lane::kQuery, *request, now);
      }
      break;
    }
    case VenueQuestion::kOpenOrders: {
      Answer out = OnOpenOrders(asked.order_id, answer, asked.time);
      TellAll(std::move(out.facts));
      problem = std::move(out.problem);
      break;
    }
    default: {
      Answer out = OnQueried(asked.order_id, answer, asked.time);
      TellAll(std::move(out.facts));
      problem = std::move(out.problem);
      break;
    }
  }
  if (problem) Heed(*problem, now);
}

// One part that fails makes the whole none; it is asked for again in a while.
void Session::OnStatementPart(const Asked& asked, const venue::HttpAnswer& answer, UtcTime now) {
  if (answer.outcome != venue::Outcome::kAnswered || answer.status != 200) {
    statement_.reset();
    Heed(Judge(answer), now);
    return;
  }
  bool read = false;
  if (asked.kind == Kind::kStatementAccount) {
    if (auto account = ReadAccount(answer.body); account.ok()) {
      statement_->account = *std::move(account);
      read = true;
    }
  } else if (auto orders = ReadOpenOrders(answer.body, symbols_); orders.ok()) {
    for (Order& order : *orders) statement_->orders.push_back(std::move(order));
    read = true;
  }
  if (!read) {
    statement_.reset();
    return;
  }
  if (--statement_->left > 0 || !statement_->account) return;
  WantedStatement whole = *std::exchange(statement_, std::nullopt);
  statements_.push_back(StatementOf(options_.account_id, options_.currency, *whole.account, listings_,
                                    std::move(whole.orders), whole.as_of));
}

void Session::Tell(broker::Fact fact) {
  Note(fact);
  heard_.push_back(std::move(fact));
}

void Session::TellAll(std::vector<broker::Fact> facts) {
  for (broker::Fact& fact : facts) Tell(std::move(fact));
}

// What has to be asked for after a gap: what is open.
void Session::Note(const broker::Fact& fact) {
  auto of = [this](const OrderId& id) -> Tracked* {
    auto found = tracked_.find(id);
    return found == tracked_.end() ? nullptr : &found->second;
  };
  auto end = [&](const OrderId& id) {
    if (Tracked* tracked = of(id)) tracked->open = false;
    unheard_.erase(id);
    cancels_.erase(id);
  };
  if (const auto* ack = std::get_if<broker::Ack>(&fact)) {
    if (Tracked* tracked = of(ack->order_id)) tracked->broker_order_id = ack->broker_order_id;
  } else if (const auto* trade = std::get_if<broker::Trade>(&fact)) {
    if (Tracked* tracked = of(trade->order_id)) tracked->broker_order_id = trade->broker_order_id;
  } else if (const auto* record = std::get_if<broker::OrderRecord>(&fact)) {
    Tracked* tracked = of(record->order_id);
    if (tracked != nullptr && !record->broker_order_id.empty()) tracked->broker_order_id = record->broker_order_id;
    if (IsTerminal(record->status)) end(record->order_id);
  } else if (const auto* reject = std::get_if<broker::DefinitiveReject>(&fact)) {
    end(reject->order_id);
  } else if (const auto* unsent = std::get_if<broker::NotSent>(&fact)) {
    end(unsent->order_id);
  } else if (const auto* ended = std::get_if<broker::Ended>(&fact)) {
    end(ended->order_id);
  }
}

}  // namespace ballast::binance
