#include "services/api_gateway/openapi.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "libs/base/check.h"

namespace ballast {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;

// "ballast.order.v1.Order" is told as "order.v1.Order".
std::string ShortName(const std::string& full_name) { return full_name.substr(std::string_view("ballast.").size()); }

// Schemas of messages and enums, each once, as the answers show them (json.cc).
class Schemas {
 public:
  Json Reference(const std::string& name) {
    const Descriptor* type =
        google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName("ballast." + name);
    CHECK(type != nullptr, "openapi names a message that there is");
    return Reference(*type);
  }
  [[nodiscard]] const Json& all() const { return all_; }

 private:
  static Json Refer(const std::string& name) { return {{"$ref", "#/components/schemas/" + name}}; }

  Json Reference(const Descriptor& type) {
    if (type.full_name() == "google.protobuf.Timestamp") return {{"type", "string"}, {"format", "date-time"}};
    if (type.full_name() == "ballast.type.v1.Decimal") {
      return {{"type", "string"}, {"description", "an exact decimal"}, {"example", "1.5"}};
    }
    std::string name = ShortName(type.full_name());
    if (!all_.contains(name)) {
      all_[name] = {{"type", "object"}};  // before its fields: they may name it
      Json properties = Json::object();
      for (int i = 0; i < type.field_count(); ++i) properties[type.field(i)->name()] = OfField(*type.field(i));
      all_[name]["properties"] = std::move(properties);
    }
    return Refer(name);
  }
  Json Reference(const EnumDescriptor& type) {
    std::string name = ShortName(type.full_name());
    if (!all_.contains(name)) {
      Json values = Json::array();
      for (int i = 0; i < type.value_count(); ++i) values.push_back(type.value(i)->name());
      all_[name] = {{"type", "string"}, {"enum", std::move(values)}};
    }
    return Refer(name);
  }
  Json OfField(const FieldDescriptor& field) {
    if (field.is_map()) {
      return {{"type", "object"}, {"additionalProperties", OfValue(*field.message_type()->FindFieldByName("value"))}};
    }
    if (field.is_repeated()) return {{"type", "array"}, {"items", OfValue(field)}};
    return OfValue(field);
  }
  Json OfValue(const FieldDescriptor& field) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Reference(*field.message_type());
      case FieldDescriptor::CPPTYPE_ENUM:
        return Reference(*field.enum_type());
      case FieldDescriptor::CPPTYPE_BOOL:
        return {{"type", "boolean"}};
      case FieldDescriptor::CPPTYPE_INT32:
      case FieldDescriptor::CPPTYPE_UINT32:
        return {{"type", "integer"}, {"format", "int32"}};
      case FieldDescriptor::CPPTYPE_INT64:
      case FieldDescriptor::CPPTYPE_UINT64:
        return {{"type", "string"}, {"format", "int64"}};
      case FieldDescriptor::CPPTYPE_FLOAT:
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return {{"type", "number"}};
      case FieldDescriptor::CPPTYPE_STRING:
        return {{"type", "string"}};
    }
    return Json::object();
  }

  Json all_ = Json::object();
};

struct Member {
  std::string name;
  std::string type = "string";
  bool repeated = false;
};

std::vector<Member> Members(std::string_view text) {
  std::vector<Member> members;
  while (!text.empty()) {
    std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    Member& member = members.emplace_back();
    std::size_t colon = part.find(':');
    if (colon != std::string_view::npos) member.type = part.substr(colon + 1);
    member.name = part.substr(0, colon);
    member.repeated = member.name.ends_with("[]");
    if (member.repeated) member.name.resize(member.name.size() - 2);
  }
  return members;
}

Json OfMember(const Member& member, Schemas& schemas) {
  Json one = member.type.find('.') != std::string::npos ? schemas.Reference(member.type)
             : member.type == "bool"                    ? Json{{"type", "boolean"}}
                                                        : Json{{"type", member.type}};
  return member.repeated ? Json{{"type", "array"}, {"items", std::move(one)}} : one;
}

Json OfObject(std::string_view text, Schemas& schemas) {
  bool message = text.find('.') != std::string_view::npos && text.find(':') == std::string_view::npos;
  if (message) return schemas.Reference(std::string(text));
  Json properties = Json::object();
  for (const Member& member : Members(text)) properties[member.name] = OfMember(member, schemas);
  return {{"type", "object"}, {"properties", std::move(properties)}};
}

Json Content(Json schema) { return {{"application/json", {{"schema", std::move(schema)}}}}; }

Json ErrorSchema() {
  Json text = {{"type", "string"}};
  Json violation = {{"type", "object"}, {"properties", {{"field", text}, {"reason", text}, {"message", text}}}};
  Json error = {{"type", "object"},
                {"properties",
                 {{"status", text},
                  {"code", {{"type", "integer"}}},
                  {"message", text},
                  {"reason", text},
                  {"violations", {{"type", "array"}, {"items", violation}}},
                  {"request_id", text}}}};
  return {{"type", "object"}, {"properties", {{"error", error}}}};
}

Json OfOperation(const Operation& operation, Schemas& schemas) {
  Json parameters = Json::array();
  std::string_view path = operation.path;
  if (path.find("{id}") != std::string_view::npos) {
    parameters.push_back({{"name", "id"}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}});
  }
  for (const Member& member : Members(operation.query)) {
    parameters.push_back({{"name", member.name}, {"in", "query"}, {"schema", OfMember(member, schemas)}});
  }
  Json told = {{"summary", operation.summary}, {"parameters", std::move(parameters)}};
  std::string name = operation.method;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  for (char c : path.substr(std::string_view("/api").size())) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      name += c;
    else if (!name.ends_with('_'))
      name += '_';
  }
  while (name.ends_with('_')) name.pop_back();
  told["operationId"] = name;
  if (*operation.body != '\0') told["requestBody"] = {{"content", Content(OfObject(operation.body, schemas))}};
  told["responses"][std::to_string(operation.success)] = {{"description", "done"},
                                                          {"content", Content(OfObject(operation.answer, schemas))}};
  told["responses"]["default"] = {{"description", "refused; the one shape of every error"},
                                  {"content", Content({{"$ref", "#/components/schemas/Error"}})}};
  bool signs_in = path == "/api/session" && std::string_view(operation.method) == "POST";
  if (signs_in) told["security"] = Json::array();
  return told;
}

Json Make() {
  Schemas schemas;
  Json paths = Json::object();
  for (const Operation& operation : Operations()) {
    std::string method = operation.method;
    std::transform(method.begin(), method.end(), method.begin(), [](unsigned char c) { return std::tolower(c); });
    paths[operation.path][method] = OfOperation(operation, schemas);
  }
  Json components = {{"schemas", schemas.all()}};
  components["schemas"]["Error"] = ErrorSchema();
  components["securitySchemes"]["bearer"] = {{"type", "http"}, {"scheme", "bearer"}};
  return {{"openapi", "3.0.3"},
          {"info",
           {{"title", "Ballast"},
            {"version", "1"},
            {"description",
             "Decimals and 64-bit integers are text. What makes or changes something is sent again with the same "
             "request_id (or header Idempotency-Key). The rules are in docs/reference/rest.md."}}},
          {"security", Json::array({{{"bearer", Json::array()}}})},
          {"paths", std::move(paths)},
          {"components", std::move(components)}};
}

}  // namespace

const Json& OpenApi() {
  static const Json kDocument = Make();
  return kDocument;
}

}  // namespace ballast
