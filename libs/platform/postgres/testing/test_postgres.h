#pragma once

#include <memory>
#include <string>

#include "libs/platform/postgres/database.h"

namespace ballast {

// A throw-away Postgres of the test process: started at first use on a free port, removed at exit.
class TestPostgres {
 public:
  static TestPostgres& Get();
  // A new empty schema with a name of its own; `Database` connects to it.
  std::unique_ptr<Database> NewSchema();
  Database::Options OptionsFor(const std::string& schema) const;
  ~TestPostgres();

 private:
  TestPostgres();
  std::string folder_;
  int port_ = 0;
  int process_ = 0;
  int schemas_ = 0;
};

}  // namespace ballast
