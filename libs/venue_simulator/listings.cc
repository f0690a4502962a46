#include "libs/venue_simulator/listings.h"

#include <string>

namespace ballast::venue_simulator {
namespace {

Listing Of(const char* base, const char* quote, const char* tick, const char* lot, const char* notional,
           const char* price) {
  Listing listing;
  Instrument& instrument = listing.instrument;
  instrument.symbol = std::string(base) + quote;
  instrument.base = base;
  instrument.quote = quote;
  instrument.tick = instrument.price_min = Decimal::Of(tick);
  instrument.price_max = Decimal::Of("1000000");
  instrument.lot = instrument.quantity_min = Decimal::Of(lot);
  instrument.quantity_max = Decimal::Of("9000");
  instrument.market_quantity_max = Decimal::Of("1000");
  instrument.notional_min = Decimal::Of(notional);
  instrument.notional_max = Decimal::Of("9000000");
  instrument.band_low = Decimal::Of("0.2");
  instrument.band_high = Decimal::Of("5");
  instrument.iceberg_parts_max = 10;
  instrument.orders_max = 200;
  instrument.stops_max = 5;
  listing.price = Decimal::Of(price);
  return listing;
}

}  // namespace

std::vector<Listing> Listings() {
  return {
      Of("BTC", "USDT", "0.01", "0.00001", "5", "60000"),
      Of("ETH", "USDT", "0.01", "0.0001", "5", "2500"),
      Of("BNB", "USDT", "0.01", "0.001", "5", "550"),
      Of("LTC", "USDT", "0.01", "0.001", "5", "70"),
  };
}

}  // namespace ballast::venue_simulator
