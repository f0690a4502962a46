#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/base/utc_time.h"
#include "libs/platform/http/http.h"
#include "libs/venue_simulator/binance/venue.h"
#include "tools/venue_simulator/credentials.h"

namespace ballast::venue_simulator {

// Gives an account a key: an HMAC secret, or the public half of what `secret` is the PEM of.
absl::Status AddKey(binance::Venue& venue, AccountId account, const Credentials::Key& key, bool may_trade = true);
AccountId OpenAccount(binance::Venue& venue, std::string_view maker_fee, std::string_view taker_fee);

// The face for tests and for who practises, /simulator/… (tools/venue_simulator/README.md). Not the venue's: nothing of
// it is at Binance. The caller has looked at the token.
HttpResponse Control(binance::Venue& venue, const HttpRequest& request, UtcTime now);

}  // namespace ballast::venue_simulator
