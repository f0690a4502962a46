#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/broker/v1/market_data_service.pb.h"
#include "ballast/order/v1/order.pb.h"
#include "ballast/type/v1/type.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "libs/base/decimal.h"
#include "libs/base/utc_time.h"
#include "libs/model/market.h"
#include "libs/model/order.h"

// Protobuf to model and back. Decoding outside data never CHECKs: it answers INVALID_ARGUMENT naming the field.
namespace ballast::wire {

void ToProto(Decimal value, type::v1::Decimal* out);
void ToProto(UtcTime time, google::protobuf::Timestamp* out);
void ToProto(const Rejection& rejection, type::v1::Rejection* out);
void ToProto(const RiskCheck& check, order::v1::RiskCheck* out);
void ToProto(const Order& order, order::v1::Order* out);
void ToProto(const Trailing& trailing, order::v1::Trailing* out);
void ToProto(const Replacement& replacement, order::v1::Replacement* out);
void ToProto(const Fill& fill, order::v1::Fill* out);
void ToProto(const VenueAnswer& answer, order::v1::VenueAnswer* out);
void ToProto(const ExternalPolicy& policy, order::v1::ExternalPolicy* out);
// `with_checks` false leaves out what risk said: most of the bytes, and news to nobody who is risk itself.
void ToProto(const OrderEvent& event, order::v1::OrderEvent* out, bool with_checks = true);
void ToProto(const Instrument& instrument, broker::v1::Instrument* out);
void ToProto(const Quote& quote, broker::v1::Quote* out);
void ToProto(const Bar& bar, broker::v1::Bar* out);

// `field` names it in the error, e.g. "limit_price".
absl::StatusOr<Decimal> FromProto(const type::v1::Decimal& value, std::string_view field);
UtcTime FromProto(const google::protobuf::Timestamp& time);
Rejection FromProto(const type::v1::Rejection& rejection);
RiskCheck FromProto(const order::v1::RiskCheck& check);
VenueAnswer FromProto(const order::v1::VenueAnswer& answer);
// A handling that is not known here keeps its number, and counts as ASK.
ExternalPolicy FromProto(const order::v1::ExternalPolicy& policy);
// What is to be done must be understood whole: a number that is not known here is refused.
absl::StatusOr<Order> FromProto(const order::v1::Order& order);
absl::StatusOr<Trailing> FromProto(const order::v1::Trailing& trailing);
absl::StatusOr<Replacement> FromProto(const order::v1::Replacement& replacement);
absl::StatusOr<Fill> FromProto(const order::v1::Fill& fill);
// What has happened is taken also from a younger writer: kinds, states and types that are not known here keep their
// numbers (a state that is not known counts as one that can still trade). A side that is not known is refused.
absl::StatusOr<OrderEvent> FromProto(const order::v1::OrderEvent& event);
absl::StatusOr<Instrument> FromProto(const broker::v1::Instrument& instrument);
absl::StatusOr<Quote> FromProto(const broker::v1::Quote& quote);
absl::StatusOr<Bar> FromProto(const broker::v1::Bar& bar);

}  // namespace ballast::wire
