#pragma once

#include <vector>

#include "libs/venue_simulator/instrument.h"

namespace ballast::venue_simulator {

struct Listing {
  Instrument instrument;
  Decimal price;
};

// What a simulated venue lists: a few pairs with bounds as venues have them, and prices of their order of magnitude.
std::vector<Listing> Listings();

}  // namespace ballast::venue_simulator
