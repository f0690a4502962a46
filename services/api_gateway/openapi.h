#pragma once

#include <string_view>
#include <vector>

#include "services/api_gateway/json.h"

namespace ballast {

// What a program has to know of one endpoint. Members of an object are written "name:type, name[]:type": `type` is
// string (when left out), bool, integer, or a message's full name without "ballast."; a body or an answer that is one
// message is that name alone.
struct Operation {
  const char* method;
  const char* path;
  const char* summary;
  const char* query = "";
  const char* body = "";
  const char* answer = "";
  int success = 200;
};

// Every endpoint under /api, in the order of docs/reference/rest.md; api_test.cc holds it to the route tables.
const std::vector<Operation>& Operations();

// Where it is served, to whoever asks: it says nothing that the sources do not.
constexpr std::string_view kOpenApiPath = "/api/openapi.json";

// The OpenAPI 3.0 document: the operations, with the schemas of the messages they name, from their descriptors.
const Json& OpenApi();

}  // namespace ballast
