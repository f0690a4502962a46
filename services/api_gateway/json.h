#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/message.h>
#include <nlohmann/json.hpp>

#include "libs/platform/grpc/status.h"

// Proto3 JSON as the dashboard and the clients see it: original field names, every primitive field printed, enums by
// name, 64-bit integers as text, and a Decimal as plain text ("1.5") instead of {"value":"1.5"}.
namespace ballast {

using Json = nlohmann::ordered_json;

Json ToJson(const google::protobuf::Message& message);
std::string ToJsonText(const google::protobuf::Message& message);

// Text to JSON. Refuses what is not one object, a name given twice, and more than 32 levels. Problems go to `errors`.
Json ParseObject(std::string_view text, std::vector<FieldError>& errors);

// Fills `message` from an object. Every unknown name, wrong type, JSON number for a decimal and unreadable decimal is
// one error with the path of its field ("spec.stop_loss_ratio"). null and "" leave a decimal unset.
void FromJson(const Json& object, google::protobuf::Message* message, std::vector<FieldError>& errors);

}  // namespace ballast
