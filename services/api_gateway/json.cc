#include "services/api_gateway/json.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>

#include <charconv>
#include <limits>
#include <set>

#include "ballast/type/v1/type.pb.h"
#include "libs/base/absl_std.h"
#include "libs/base/decimal.h"

namespace ballast {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr int kDepthMax = 32;
constexpr char kDecimal[] = "ballast.type.v1.Decimal";

bool IsDecimal(const FieldDescriptor& field) {
  return field.type() == FieldDescriptor::TYPE_MESSAGE && field.message_type()->full_name() == kDecimal;
}
bool IsOurs(const Descriptor& type) { return type.full_name().rfind("ballast.", 0) == 0; }

void Flatten(const Descriptor& type, Json& object);

void FlattenValue(const FieldDescriptor& field, Json& value) {
  if (IsDecimal(field)) {
    auto text = value.find("value");
    value = text == value.end() ? Json("") : Json(text->get<std::string>());
  } else {
    Flatten(*field.message_type(), value);
  }
}

void Flatten(const Descriptor& type, Json& object) {
  if (!IsOurs(type) || !object.is_object()) return;  // google.protobuf.Timestamp is text
  for (auto it = object.begin(); it != object.end(); ++it) {
    const FieldDescriptor* field = type.FindFieldByName(it.key());
    if (field == nullptr || field->type() != FieldDescriptor::TYPE_MESSAGE) continue;
    if (field->is_map()) {
      const FieldDescriptor* mapped = field->message_type()->FindFieldByName("value");
      if (mapped->type() != FieldDescriptor::TYPE_MESSAGE) continue;
      for (auto& entry : it.value()) FlattenValue(*mapped, entry);
    } else if (field->is_repeated()) {
      for (auto& entry : it.value()) FlattenValue(*field, entry);
    } else {
      FlattenValue(*field, it.value());
    }
  }
}

// The other way: checks each value against its field and puts decimals back into their messages.
class Checker {
 public:
  explicit Checker(std::vector<FieldError>& errors) : errors_(errors) {}

  void Object(const Descriptor& type, Json& object, const std::string& path) {
    std::vector<std::string> unset;
    for (auto it = object.begin(); it != object.end(); ++it) {
      std::string name = path.empty() ? it.key() : path + "." + it.key();
      const FieldDescriptor* field = type.FindFieldByName(it.key());
      if (field == nullptr) {
        Refuse(name, RejectReason::kMalformed, "there is no such field");
        continue;
      }
      if (it.value().is_null() || (IsDecimal(*field) && !field->is_repeated() && it.value() == "")) {
        unset.push_back(it.key());
        continue;
      }
      Field(*field, it.value(), name);
    }
    for (const std::string& key : unset) object.erase(key);
  }

 private:
  void Refuse(const std::string& field, RejectReason reason, std::string message) {
    errors_.push_back({.field = field, .reason = reason, .message = std::move(message)});
  }

  void Field(const FieldDescriptor& field, Json& value, const std::string& name) {
    if (field.is_map()) {
      if (!value.is_object()) return Refuse(name, RejectReason::kMalformed, "an object is expected");
      const FieldDescriptor* mapped = field.message_type()->FindFieldByName("value");
      for (auto it = value.begin(); it != value.end(); ++it) Value(*mapped, it.value(), name + "." + it.key());
    } else if (field.is_repeated()) {
      if (!value.is_array()) return Refuse(name, RejectReason::kMalformed, "a list is expected");
      for (std::size_t i = 0; i < value.size(); ++i) Value(field, value[i], name + "[" + std::to_string(i) + "]");
    } else {
      Value(field, value, name);
    }
  }

  void Value(const FieldDescriptor& field, Json& value, const std::string& name) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return MessageValue(field, value, name);
      case FieldDescriptor::CPPTYPE_STRING:
        if (!value.is_string()) Refuse(name, RejectReason::kMalformed, "text is expected");
        return;
      case FieldDescriptor::CPPTYPE_BOOL:
        if (!value.is_boolean()) Refuse(name, RejectReason::kMalformed, "true or false is expected");
        return;
      case FieldDescriptor::CPPTYPE_ENUM:
        if (!value.is_string() || field.enum_type()->FindValueByName(value.get<std::string>()) == nullptr) {
          Refuse(name, RejectReason::kBadEnum, Names(field));
        }
        return;
      case FieldDescriptor::CPPTYPE_INT32:
        return Integer(value, name, std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max());
      case FieldDescriptor::CPPTYPE_UINT32:
        return Integer(value, name, 0, std::numeric_limits<std::uint32_t>::max());
      case FieldDescriptor::CPPTYPE_INT64:
        return Integer(value, name, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
      case FieldDescriptor::CPPTYPE_UINT64:
        return Integer(value, name, 0, std::numeric_limits<std::int64_t>::max());
      case FieldDescriptor::CPPTYPE_DOUBLE:
      case FieldDescriptor::CPPTYPE_FLOAT:
        if (!value.is_number()) Refuse(name, RejectReason::kMalformed, "a number is expected");
        return;
    }
  }

  void MessageValue(const FieldDescriptor& field, Json& value, const std::string& name) {
    if (IsDecimal(field)) {
      if (!value.is_string()) {
        return Refuse(name, RejectReason::kBadDecimal,
                      "a decimal is text, e.g. \"1.5\": a JSON number may already have lost digits");
      }
      if (auto parsed = Decimal::Parse(value.get<std::string>()); !parsed.ok()) {
        return Refuse(name, RejectReason::kBadDecimal, MessageOf(parsed.status()));
      }
      value = Json{{"value", value.get<std::string>()}};
    } else if (IsOurs(*field.message_type())) {
      if (!value.is_object()) return Refuse(name, RejectReason::kMalformed, "an object is expected");
      Object(*field.message_type(), value, name);
    } else if (!value.is_string()) {
      Refuse(name, RejectReason::kMalformed, "text is expected");  // google.protobuf.Timestamp
    }
  }

  void Integer(const Json& value, const std::string& name, std::int64_t least, std::int64_t most) {
    std::int64_t number = 0;
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(most)) {
      return Refuse(name, RejectReason::kOutOfRange, "at most " + std::to_string(most));
    }
    if (value.is_number_integer()) {
      number = value.get<std::int64_t>();
    } else if (value.is_string()) {
      const auto& text = value.get_ref<const std::string&>();
      auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error == std::errc::result_out_of_range) return Refuse(name, RejectReason::kOutOfRange, "too large");
      if (error != std::errc() || end != text.data() + text.size()) {
        return Refuse(name, RejectReason::kMalformed, "a whole number is expected");
      }
    } else {
      return Refuse(name, RejectReason::kMalformed, "a whole number is expected");
    }
    if (number < least || number > most) Refuse(name, RejectReason::kOutOfRange, "out of range");
  }

  static std::string Names(const FieldDescriptor& field) {
    std::string names = "one of";
    for (int i = 0; i < field.enum_type()->value_count(); ++i) names += " " + field.enum_type()->value(i)->name();
    return names + " is expected";
  }

  std::vector<FieldError>& errors_;
};

}  // namespace

Json ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  Json json = status.ok() ? Json::parse(text, nullptr, false) : Json(Json::value_t::discarded);
  // A time outside the years 1 to 9999, for one, has no text.
  if (json.is_discarded()) return Json{{"unreadable", message.GetDescriptor()->full_name()}};
  if (message.GetDescriptor()->full_name() == kDecimal) return json["value"];
  Flatten(*message.GetDescriptor(), json);
  return json;
}

std::string ToJsonText(const google::protobuf::Message& message) {
  return ToJson(message).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json ParseObject(std::string_view text, std::vector<FieldError>& errors) {
  std::vector<std::set<std::string>> names;
  std::string problem;
  auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) {
      if (depth >= kDepthMax) problem = "nested too deeply";
      names.emplace_back();
    } else if (event == Json::parse_event_t::array_start && depth >= kDepthMax) {
      problem = "nested too deeply";
    } else if (event == Json::parse_event_t::object_end) {
      names.pop_back();
    } else if (event == Json::parse_event_t::key && !names.back().insert(parsed.get<std::string>()).second) {
      problem = "\"" + parsed.get<std::string>() + "\" is given twice";
    }
    return true;
  };
  Json json = Json::parse(text.begin(), text.end(), watch, false);
  if (json.is_discarded())
    problem = "the body is not JSON";
  else if (!json.is_object())
    problem = "the body is not a JSON object";
  if (problem.empty()) return json;
  errors.push_back({.field = "", .reason = RejectReason::kMalformed, .message = problem});
  return Json::object();
}

void FromJson(const Json& object, google::protobuf::Message* message, std::vector<FieldError>& errors) {
  Json checked = object;
  std::size_t before = errors.size();
  Checker(errors).Object(*message->GetDescriptor(), checked, "");
  if (errors.size() != before) return;
  auto status = google::protobuf::util::JsonStringToMessage(
      checked.dump(-1, ' ', false, Json::error_handler_t::replace), message);
  if (!status.ok()) {
    errors.push_back({.field = "",
                      .reason = RejectReason::kMalformed,
                      .message = std::string(status.message().data(), status.message().size())});
  }
}

}  // namespace ballast
