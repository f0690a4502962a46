#include "libs/platform/postgres/testing/test_postgres.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <pqxx/pqxx>

#include "libs/base/check.h"

namespace ballast {
namespace {

constexpr char kBin[] = "/usr/lib/postgresql/15/bin/";

int FreePort() {
  int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0, "no free port");
  socklen_t length = sizeof(address);
  getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length);
  close(descriptor);
  return ntohs(address.sin_port);
}

// Postgres refuses to run as root.
std::string AsPostgres() { return geteuid() == 0 ? "setpriv --reuid=postgres --regid=postgres --init-groups " : ""; }

}  // namespace

TestPostgres& TestPostgres::Get() {
  static TestPostgres instance;
  return instance;
}

TestPostgres::TestPostgres() {
  char pattern[] = "/tmp/ballast_postgres_XXXXXX";
  CHECK(mkdtemp(pattern) != nullptr, "no temporary folder");
  folder_ = pattern;
  if (geteuid() == 0) CHECK(std::system(("chown postgres " + folder_).c_str()) == 0, "chown");
  std::string quiet = " >/dev/null 2>&1";
  CHECK(std::system(("cd / && " + AsPostgres() + kBin + "initdb -D " + folder_ + "/data -U tester -A trust -N" + quiet)
                        .c_str()) == 0,
        "initdb failed; is postgresql-15 installed?");
  port_ = FreePort();
  process_ = fork();
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    std::string command =
        "cd / && exec " + AsPostgres() + kBin + "postgres -D " + folder_ +
        "/data -c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off -c port=" + std::to_string(port_) +
        " -c unix_socket_directories=" + folder_ + quiet;
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  Database::Options options = OptionsFor("public");
  options.database = "postgres";
  CHECK(Database(options).WaitReachable(30'000'000'000).ok(), "the test's Postgres did not start");
}

TestPostgres::~TestPostgres() {
  kill(process_, SIGQUIT);
  waitpid(process_, nullptr, 0);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Database::Options TestPostgres::OptionsFor(const std::string& schema) const {
  Database::Options options;
  options.port = port_;
  options.database = "postgres";
  options.user = "tester";
  options.schema = schema;
  return options;
}

std::unique_ptr<Database> TestPostgres::NewSchema() {
  std::string schema = "test_" + std::to_string(++schemas_);
  Database maker(OptionsFor("public"));
  absl::Status status = maker.Transaction([&](pqxx::transaction_base& work) {
    work.exec("CREATE SCHEMA " + schema);
    return absl::OkStatus();
  });
  CHECK(status.ok(), "a test schema");
  return std::make_unique<Database>(OptionsFor(schema));
}

}  // namespace ballast
