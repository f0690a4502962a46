// ballast-seed-state PORT SECRETS_FOLDER ORDERS OPEN: puts a day of trading into a suite's Postgres.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>

#include "libs/platform/postgres/database.h"
#include "services/broker_gateway/postgres_store.h"
#include "tests/proofs/day_of_orders.h"

namespace ballast {
namespace {

Database Connect(const std::string& service, int port, const std::string& secrets) {
  std::ifstream file(secrets + "/postgres_" + service);
  std::string password;
  std::getline(file, password);
  return Database({.port = port,
                   .user = "ballast_" + service,
                   .password = Secret(password),
                   .schema = service,
                   .statement_timeout_ms = 600'000});
}

int Main(int count, char** arguments) {
  if (count != 5) {
    std::fprintf(stderr, "ballast-seed-state PORT SECRETS_FOLDER ORDERS OPEN\n");
    return 2;
  }
  int port = std::stoi(arguments[1]);
  Database orders = Connect("order_management", port, arguments[2]);
  Database venue = Connect("broker_gateway", port, arguments[2]);
  Store order_store(orders);
  PostgresBrokerStore venue_store(venue);
  auto now = std::chrono::system_clock::now().time_since_epoch();
  DayOfOrders day({.orders = std::stoi(arguments[3]),
                   .open = std::stoi(arguments[4]),
                   .end = UtcTime{std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()}},
                  order_store, venue_store);
  absl::Status status = day.Run();
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace ballast

int main(int count, char** arguments) { return ballast::Main(count, arguments); }
