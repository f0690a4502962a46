#pragma once

#include <string>
#include <vector>

namespace ballast {

// One step of a schema, compiled into the service from services/<service>/migrations/<name>/up.sql.
struct Migration {
  std::string name;
  std::string sql;
};

}  // namespace ballast
