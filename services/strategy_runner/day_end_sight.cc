#include <algorithm>
#include <set>

#include "libs/base/absl_std.h"
#include "libs/model/protection.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/day_end_codec.h"
#include "services/strategy_runner/day_end_desk.h"

// What a look has found, in the day's words.

namespace ballast {

namespace session_pb = session::v1;

namespace {

// One book of one instrument.
using DayBook = std::pair<std::string, std::string>;

template <typename Message>
DayBook BookOf(const Message& message) {
  return {message.deployment_id(), message.symbol()};
}

// Never answered, or it can still trade.
bool IsOpenClose(const session_pb::DayEndClose& close) {
  const bool answered = !close.order_id().empty() || !close.message().empty();
  return !answered || (!close.order_id().empty() && CanTrade(close.status()));
}

// What cannot be read is held until it can.
bool HoldsSomething(const position::v1::Position& position) {
  auto quantity = wire::FromProto(position.quantity(), "quantity");
  return !quantity.ok() || !quantity->IsZero();
}

bool IsFailed(const session_pb::DayEndClose& close) {
  auto filled = wire::FromProto(close.filled(), "filled");
  return !IsOpenClose(close) && (!filled.ok() || filled->IsZero());
}

}  // namespace

bool DayEndDesk::IsOfDay(const Day& day, const std::string& symbol) const {
  return floor_.market.CalendarOf(Symbol(symbol)) == day.policy.calendar;
}

bool DayEndDesk::IsUnknown(const std::string& symbol) const {
  return floor_.market.InstrumentOf(Symbol(symbol)) == nullptr;
}

bool DayEndDesk::IsToClose(const Day& day, const position::v1::Position& position) const {
  return HoldsSomething(position) && IsOfDay(day, position.symbol()) &&
         Liquidates(day.row.policy(), position.deployment_id()) && floor_.market.Trades(Symbol(position.symbol())) &&
         std::none_of(day.row.closes().begin(), day.row.closes().end(), [&](const session_pb::DayEndClose& close) {
           return BookOf(close) == BookOf(position) && IsOpenClose(close);
         });
}

bool DayEndDesk::IsInTheWay(const Day& day, const order::v1::Order& order) const {
  return !order.request_id().starts_with(kProtectionPrefix) && !order.request_id().starts_with(DayEndPrefix(day.row)) &&
         IsOfDay(day, order.symbol());
}

bool DayEndDesk::IsFree(const Day& day, const position::v1::Position& position) const {
  return std::none_of(day.seen.working.begin(), day.seen.working.end(), [&](const order::v1::Order& order) {
    return IsInTheWay(day, order) && BookOf(order) == BookOf(position);
  });
}

day_end::Sight DayEndDesk::SightOf(const Day& day) const {
  day_end::Sight sight{.time = floor_.market.time()};
  for (const order::v1::Order& order : day.seen.working) sight.working += IsInTheWay(day, order) ? 1 : 0;
  for (const auto& close : day.row.closes()) sight.closes_open += IsOpenClose(close) ? 1 : 0;
  std::set<std::string> unknown;
  for (const position::v1::Position& position : day.seen.positions) {
    if (!HoldsSomething(position) || !Liquidates(day.row.policy(), position.deployment_id())) continue;
    if (IsUnknown(position.symbol())) {
      unknown.insert(position.symbol());
      ++sight.held;
    }
    if (!IsOfDay(day, position.symbol())) continue;
    ++sight.held;
    if (!IsToClose(day, position)) continue;
    ++sight.held_open;
    if (IsFree(day, position)) ++sight.held_free;
  }
  sight.unknown.assign(unknown.begin(), unknown.end());
  sight.current = day.seen.summary.sequence() >= day.seen.written;
  return sight;
}

void DayEndDesk::NoteFlat(Day& day, const day_end::Sight& sight) const {
  const bool flat = sight.current && sight.closes_open == 0 && LeftOf(day).empty();
  if (!flat)
    day.row.clear_flat_time();
  else if (!day.row.has_flat_time())
    wire::ToProto(sight.time, day.row.mutable_flat_time());
}

void DayEndDesk::NoteCloses(Day& day) {
  for (session_pb::DayEndClose& close : *day.row.mutable_closes()) {
    auto seen = day.seen.closes.find(close.request_id());
    if (seen == day.seen.closes.end()) continue;
    close.set_status(seen->second.status());
    *close.mutable_filled() = seen->second.cumulative_quantity();
    if (seen->second.has_rejection()) close.set_message(seen->second.rejection().message());
  }
}

DayEndDesk::Tries DayEndDesk::TriesOf(const session_pb::DayEnd& row, const position::v1::Position& position) {
  Tries tries;
  for (const session_pb::DayEndClose& close : row.closes()) {
    if (BookOf(close) != BookOf(position)) continue;
    tries.failed = IsFailed(close) ? tries.failed + 1 : 0;
    tries.last = wire::FromProto(close.ask_time());
  }
  return tries;
}

void DayEndDesk::ForgetTries(session_pb::DayEnd& row, const position::v1::Position& position) {
  auto* all = row.mutable_closes();
  int keep = kTriesKept;
  for (int i = all->size() - 1; i >= 0; --i) {
    if (BookOf(all->Get(i)) != BookOf(position) || !IsFailed(all->Get(i)) || keep-- > 0) continue;
    all->DeleteSubrange(i, 1);
  }
}

std::vector<session_pb::DayEndLeft> DayEndDesk::LeftOf(const Day& day) const {
  std::vector<session_pb::DayEndLeft> all;
  for (const position::v1::Position& position : day.seen.positions) {
    const bool unknown = IsUnknown(position.symbol());
    if (!HoldsSomething(position) || (!unknown && !IsOfDay(day, position.symbol()))) continue;
    session_pb::DayEndLeft& left = all.emplace_back();
    left.set_deployment_id(position.deployment_id());
    left.set_symbol(position.symbol());
    *left.mutable_quantity() = position.quantity();
    *left.mutable_market_value() = position.market_value();
    std::string why = "it is not to be closed";
    if (unknown) {
      why = "nobody knows it as an instrument, so neither whether its day has ended";
    } else if (Liquidates(day.row.policy(), position.deployment_id())) {
      why = day.row.late() ? "the end began after the close" : "it could not be closed before the close";
      for (const session_pb::DayEndClose& close : day.row.closes()) {
        if (close.symbol() == left.symbol() && close.deployment_id() == left.deployment_id() &&
            !close.message().empty())
          why = close.message();
      }
    }
    left.set_reason(why);
  }
  return all;
}

}  // namespace ballast
