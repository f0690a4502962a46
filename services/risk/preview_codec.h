#pragma once

#include "ballast/order/v1/order.pb.h"
#include "libs/model/order.h"
#include "libs/platform/grpc/fields.h"

namespace ballast {

// The order somebody thinks of sending, held against the same rules of form as one that is sent; a request id may be
// missing. Every field that breaks one is in `check`.
Order PreviewFromProto(const order::v1::Order& proto, FieldCheck& check);

}  // namespace ballast
