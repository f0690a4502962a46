#pragma once

#include "libs/model/ids.h"

namespace ballast::orders {

// The order's id: a pure function of account and request id, so a repeated request finds its order and a replay gives
// the same ids. "o" and 26 characters of [0-9a-v]: 128 bits of a two-lane mix of the length-prefixed inputs. Not
// cryptographic: both inputs are ours, and the database's primary key catches what 2^-64 luck would do.
OrderId OrderIdFor(const AccountId& account_id, const RequestId& request_id);

}  // namespace ballast::orders
