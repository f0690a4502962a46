#include <string>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast::wire {

void ToProto(const Instrument& instrument, broker::v1::Instrument* out) {
  out->set_symbol(instrument.symbol.value());
  out->set_display_name(instrument.display_name);
  out->set_asset_class(static_cast<broker::v1::AssetClass>(instrument.asset_class));
  out->set_currency(instrument.currency);
  ToProto(instrument.tick_size, out->mutable_tick_size());
  ToProto(instrument.lot_size, out->mutable_lot_size());
  ToProto(instrument.min_notional, out->mutable_min_notional());
  ToProto(instrument.taker_fee_ratio, out->mutable_taker_fee_ratio());
  ToProto(instrument.maker_fee_ratio, out->mutable_maker_fee_ratio());
  ToProto(instrument.fee_per_unit, out->mutable_fee_per_unit());
  out->set_shortable(instrument.shortable);
  out->set_calendar(static_cast<broker::v1::TradingCalendar>(instrument.calendar));
  out->set_day_start_minute(instrument.day_start_minute);
}

absl::StatusOr<Instrument> FromProto(const broker::v1::Instrument& instrument) {
  Instrument out;
  out.symbol = Symbol(instrument.symbol());
  out.display_name = instrument.display_name();
  out.asset_class = static_cast<AssetClass>(instrument.asset_class());
  out.currency = instrument.currency();
  ASSIGN_OR_RETURN(out.tick_size, FromProto(instrument.tick_size(), "tick_size"));
  ASSIGN_OR_RETURN(out.lot_size, FromProto(instrument.lot_size(), "lot_size"));
  ASSIGN_OR_RETURN(out.min_notional, FromProto(instrument.min_notional(), "min_notional"));
  ASSIGN_OR_RETURN(out.taker_fee_ratio, FromProto(instrument.taker_fee_ratio(), "taker_fee_ratio"));
  ASSIGN_OR_RETURN(out.maker_fee_ratio, FromProto(instrument.maker_fee_ratio(), "maker_fee_ratio"));
  ASSIGN_OR_RETURN(out.fee_per_unit, FromProto(instrument.fee_per_unit(), "fee_per_unit"));
  out.shortable = instrument.shortable();
  out.calendar = static_cast<TradingCalendar>(instrument.calendar());
  out.day_start_minute = instrument.day_start_minute();
  if (!out.tick_size.IsPositive() || !out.lot_size.IsPositive()) {
    return absl::InvalidArgumentError("tick_size and lot_size must be positive");
  }
  return out;
}

void ToProto(const Quote& quote, broker::v1::Quote* out) {
  out->set_symbol(quote.symbol.value());
  ToProto(quote.bid_price, out->mutable_bid_price());
  ToProto(quote.bid_size, out->mutable_bid_size());
  ToProto(quote.ask_price, out->mutable_ask_price());
  ToProto(quote.ask_size, out->mutable_ask_size());
  ToProto(quote.last_price, out->mutable_last_price());
  ToProto(quote.quote_time, out->mutable_quote_time());
  out->set_sequence(quote.sequence);
  out->set_session_open(quote.session_open);
  out->set_stale(quote.stale);
  if (!quote.halted) return;
  out->set_halted(true);
  out->set_halt_reason(quote.halt_reason);
}

absl::StatusOr<Quote> FromProto(const broker::v1::Quote& quote) {
  Quote out;
  out.symbol = Symbol(quote.symbol());
  ASSIGN_OR_RETURN(out.bid_price, FromProto(quote.bid_price(), "bid_price"));
  ASSIGN_OR_RETURN(out.bid_size, FromProto(quote.bid_size(), "bid_size"));
  ASSIGN_OR_RETURN(out.ask_price, FromProto(quote.ask_price(), "ask_price"));
  ASSIGN_OR_RETURN(out.ask_size, FromProto(quote.ask_size(), "ask_size"));
  ASSIGN_OR_RETURN(out.last_price, FromProto(quote.last_price(), "last_price"));
  out.quote_time = FromProto(quote.quote_time());
  out.sequence = quote.sequence();
  out.session_open = quote.session_open();
  out.stale = quote.stale();
  out.halted = quote.halted();
  out.halt_reason = quote.halt_reason();
  return out;
}

void ToProto(const Bar& bar, broker::v1::Bar* out) {
  out->set_symbol(bar.symbol.value());
  out->set_timeframe(bar.timeframe);
  ToProto(bar.start_time, out->mutable_start_time());
  ToProto(bar.open, out->mutable_open());
  ToProto(bar.high, out->mutable_high());
  ToProto(bar.low, out->mutable_low());
  ToProto(bar.close, out->mutable_close());
  ToProto(bar.volume, out->mutable_volume());
}

absl::StatusOr<Bar> FromProto(const broker::v1::Bar& bar) {
  Bar out;
  out.symbol = Symbol(bar.symbol());
  out.timeframe = bar.timeframe();
  out.start_time = FromProto(bar.start_time());
  ASSIGN_OR_RETURN(out.open, FromProto(bar.open(), "open"));
  ASSIGN_OR_RETURN(out.high, FromProto(bar.high(), "high"));
  ASSIGN_OR_RETURN(out.low, FromProto(bar.low(), "low"));
  ASSIGN_OR_RETURN(out.close, FromProto(bar.close(), "close"));
  ASSIGN_OR_RETURN(out.volume, FromProto(bar.volume(), "volume"));
  return out;
}

}  // namespace ballast::wire
