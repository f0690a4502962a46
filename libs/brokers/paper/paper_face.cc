// Of PaperBroker: how each of the paper venues shows the market, and what it takes.
#include <algorithm>

#include "libs/brokers/paper/paper_broker.h"

namespace ballast::paper {
namespace {

// The market as a venue shows it: it is never crossed by that, and a bid stays a price.
Quote Faced(Quote quote, const Instrument& instrument, const Face& face) {
  Decimal worse = Multiply(instrument.tick_size, Decimal::FromInt(face.ticks_worse), Rounding::kHalfEven);
  quote.ask_price += worse;
  quote.bid_price = std::max(quote.bid_price - worse, std::min(quote.bid_price, instrument.tick_size));
  for (Decimal* size : {&quote.bid_size, &quote.ask_size})
    *size = Multiply(*size, face.size_factor, Rounding::kDown).RoundTo(instrument.lot_size, Rounding::kDown);
  return quote;
}

}  // namespace

std::vector<matching::Level> PaperBroker::Levels(const Symbol& symbol, Side side, const AccountId& account) const {
  const Face* face = FaceOf(account);
  if (face == nullptr) return Levels(symbol, side);
  const Quote* quote = FindQuote(symbol);
  const Instrument* instrument = FindInstrument(symbol);
  if (quote == nullptr || instrument == nullptr) return {};
  return matching::Opposite(Faced(*quote, *instrument, *face), *instrument, side, options_.depth,
                            TakenAt(symbol, side, face->venue));
}

std::optional<Instrument> PaperBroker::TermsFor(const AccountId& account, const Symbol& symbol) const {
  const Instrument* instrument = FindInstrument(symbol);
  if (instrument == nullptr) return std::nullopt;
  Instrument terms = *instrument;
  const Face* face = FaceOf(account);
  if (face == nullptr) return terms;
  for (Decimal* fee : {&terms.taker_fee_ratio, &terms.maker_fee_ratio, &terms.fee_per_unit})
    *fee = Multiply(*fee, face->fee_factor, Rounding::kUp);
  return terms;
}

void PaperBroker::SetFace(const AccountId& id, Face face) {
  // What waits is due by the latency it came under: after a restart that is only known now.
  std::vector<OrderId> waits;
  for (const auto& [due, order] : waiting_) {
    if (orders_.At(order).account_id == id) waits.push_back(order);
  }
  for (const OrderId& order : waits) waiting_.erase({states_.At(order).arrival + LatencyOf(id), order});
  faces_[id] = std::move(face);
  for (const OrderId& order : waits) waiting_.insert({states_.At(order).arrival + LatencyOf(id), order});
}

Duration PaperBroker::LatencyOf(const AccountId& account) const {
  const Face* face = FaceOf(account);
  return face == nullptr ? options_.latency : Duration{options_.latency.nanos + face->extra_latency.nanos};
}

const Face* PaperBroker::FaceOf(const AccountId& account) const {
  auto found = faces_.find(account);
  return found == faces_.end() ? nullptr : &found->second;
}

const Quote& PaperBroker::Shown(const Order& order, Quote& scratch) const {
  const Quote& quote = *FindQuote(order.symbol);
  const Face* face = FaceOf(order.account_id);
  if (face == nullptr) return quote;
  return scratch = Faced(quote, instruments_.at(order.symbol), *face);
}

Decimal& PaperBroker::Taken(const Order& order) {
  const Face* face = FaceOf(order.account_id);
  return taken_[{order.symbol, order.side}][face == nullptr ? "" : face->venue];
}

Decimal PaperBroker::TakenAt(const Symbol& symbol, Side side, const std::string& venue) const {
  auto of = taken_.find({symbol, side});
  if (of == taken_.end()) return {};
  auto taken = of->second.find(venue);
  return taken == of->second.end() ? Decimal() : taken->second;
}

}  // namespace ballast::paper
