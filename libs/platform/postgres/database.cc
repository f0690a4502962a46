#include "libs/platform/postgres/database.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <pqxx/pqxx>
#include <thread>

#include "libs/base/absl_std.h"
#include "libs/platform/crypto/crypto.h"
#include "libs/platform/postgres/sql_pipeline.h"
#include "libs/platform/thread/mutex.h"

namespace ballast {
namespace {

std::string Quoted(const std::string& value) {
  std::string quoted = "'";
  for (char c : value) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

absl::Status StatusOf(const pqxx::sql_error& problem) {
  return StatusOfSqlState(problem.sqlstate(), std::string("Postgres: ") + problem.what());
}

}  // namespace

struct Database::State {
  Options options;
  std::atomic<bool> storage_suspected{false};
  Mutex mutex;
  CondVar returned;
  std::vector<std::unique_ptr<pqxx::connection>> idle GUARDED_BY(mutex);
  int open GUARDED_BY(mutex) = 0;
  // For batches, beside the others: as many as batches have ever been under way at once.
  std::vector<std::unique_ptr<SqlPipeline>> pipelines GUARDED_BY(mutex);

  // A part of the peer's time in whole seconds, at least one: keepalives are counted in those.
  [[nodiscard]] std::string PeerSeconds(std::int64_t parts) const {
    return std::to_string(std::max<std::int64_t>(1, options.peer_timeout_ms / 1'000 / parts));
  }

  // `settings`: more of the server's, as it takes them on a command line.
  [[nodiscard]] std::string ConnectionText(const char* settings = "") const {
    std::string text =
        "host=" + Quoted(options.host) + " port=" + std::to_string(options.port) +
        " dbname=" + Quoted(options.database) + " user=" + Quoted(options.user) +
        " connect_timeout=5 application_name=" +
        Quoted(options.application_name.empty() ? options.user : options.application_name) +
        " keepalives=1 keepalives_idle=" + PeerSeconds(3) + " keepalives_interval=" + PeerSeconds(3) +
        " keepalives_count=2 tcp_user_timeout=" + std::to_string(options.peer_timeout_ms) + " options=" +
        Quoted("-c search_path=" + options.schema +
               " -c timezone=UTC -c statement_timeout=" + std::to_string(options.statement_timeout_ms) +
               " -c lock_timeout=" + std::to_string(options.lock_timeout_ms) +
               " -c idle_in_transaction_session_timeout=" + std::to_string(options.idle_in_transaction_timeout_ms) +
               settings);
    if (!options.password.empty()) text += " password=" + Quoted(options.password.Reveal());
    return text;
  }
  std::unique_ptr<pqxx::connection> Connect() const { return std::make_unique<pqxx::connection>(ConnectionText()); }

  // Waits for one of the pool; throws what connecting throws.
  std::unique_ptr<pqxx::connection> Take() {
    {
      MutexLock lock(mutex);
      while (idle.empty() && open >= options.connections_max) returned.Wait(mutex);
      if (!idle.empty()) {
        std::unique_ptr<pqxx::connection> connection = std::move(idle.back());
        idle.pop_back();
        return connection;
      }
      ++open;
    }
    try {
      return Connect();
    } catch (...) {
      Discard();
      throw;
    }
  }
  void Give(std::unique_ptr<pqxx::connection> connection) {
    {
      MutexLock lock(mutex);
      idle.push_back(std::move(connection));
    }
    returned.NotifyOne();
  }
  void Discard() {
    {
      MutexLock lock(mutex);
      --open;
    }
    returned.NotifyOne();
  }
};

Database::Database(Options options) : state_(std::make_unique<State>()) { state_->options = std::move(options); }
Database::~Database() = default;

absl::Status Database::WithConnection(absl::StatusCode broken_code,
                                      const std::function<absl::Status(pqxx::connection_base&)>& use) {
  auto told = [](absl::StatusCode code, const std::exception& problem) {
    return absl::Status(code, ToAbsl(std::string("Postgres: ") + problem.what()));
  };
  std::unique_ptr<pqxx::connection> connection;
  try {
    connection = state_->Take();
  } catch (const std::exception& problem) {
    return Noted(told(absl::StatusCode::kUnavailable, problem));
  }
  absl::Status status;
  bool broken = false;
  try {
    status = use(*connection);
  } catch (const pqxx::in_doubt_error& problem) {
    status = told(absl::StatusCode::kUnknown, problem);
    broken = true;
  } catch (const pqxx::broken_connection& problem) {
    status = told(broken_code, problem);
    broken = true;
  } catch (const pqxx::serialization_failure& problem) {
    status = told(absl::StatusCode::kAborted, problem);
  } catch (const pqxx::deadlock_detected& problem) {
    status = told(absl::StatusCode::kAborted, problem);
  } catch (const pqxx::unique_violation& problem) {
    status = told(absl::StatusCode::kAlreadyExists, problem);
  } catch (const pqxx::sql_error& problem) {
    status = StatusOf(problem);
    broken = !connection->is_open();
    if (broken) status = told(broken_code, problem);
  } catch (const std::exception& problem) {
    broken = !connection->is_open();
    status = told(broken ? broken_code : absl::StatusCode::kInternal, problem);
  }
  if (broken) {
    connection.reset();
    state_->Discard();
  } else {
    state_->Give(std::move(connection));
  }
  return Noted(std::move(status));
}

absl::Status Database::Noted(absl::Status status) {
  if (!status.ok() && IsStorageProblem(status)) state_->storage_suspected = true;
  return status;
}

bool Database::StorageSuspected() const { return state_->storage_suspected; }

absl::Status Database::ProbeStorage() {
  state_->storage_suspected = false;
  // Emptied each time, so that each time the file has to grow; rows too short to be compressed.
  absl::Status status = Transaction([](pqxx::transaction_base& work) {
    work.exec("INSERT INTO storage_probe SELECT repeat('x', 1900) FROM generate_series(1, 128)");
    return absl::OkStatus();
  });
  if (status.ok()) {
    status = Transaction([](pqxx::transaction_base& work) {
      work.exec("TRUNCATE storage_probe");
      return absl::OkStatus();
    });
  }
  if (!status.ok()) state_->storage_suspected = true;
  return status;
}

absl::Status Database::Transaction(const std::function<absl::Status(pqxx::transaction_base&)>& work) {
  // libpqxx reports a connection that breaks inside commit as in_doubt_error, so otherwise nothing was committed.
  return WithConnection(absl::StatusCode::kUnavailable, [&](pqxx::connection_base& connection) -> absl::Status {
    pqxx::work transaction(connection);
    RETURN_IF_ERROR(work(transaction));
    transaction.commit();
    return absl::OkStatus();
  });
}

absl::Status Database::FencedWrite(std::string_view key, std::uint64_t epoch,
                                   const std::function<std::string(pqxx::transaction_base&)>& statements) {
  return WithConnection(absl::StatusCode::kUnknown, [&](pqxx::connection_base& connection) {
    // Postgres runs the statements of one message as one transaction and commits at its end.
    pqxx::nontransaction message(connection);
    message.exec("SELECT require_epoch(" + message.quote(std::string(key)) + "," + std::to_string(epoch) + ");" +
                 statements(message));
    return absl::OkStatus();
  });
}

absl::Status Database::FencedWrite(std::string_view key, std::uint64_t epoch, const SqlBatch& batch) {
  Fence fence{std::string(key), epoch};
  return FencedWrite(std::span<const Fence>(&fence, 1), batch);
}

absl::Status Database::FencedWrite(std::span<const Fence> fences, const SqlBatch& batch) {
  std::unique_ptr<SqlPipeline> pipeline;
  {
    MutexLock lock(state_->mutex);
    if (!state_->pipelines.empty()) {
      pipeline = std::move(state_->pipelines.back());
      state_->pipelines.pop_back();
    }
  }
  if (!pipeline) {
    // What a batch does is the same each time; Postgres would plan some of it anew for every commit.
    absl::StatusOr<std::unique_ptr<SqlPipeline>> connected =
        SqlPipeline::Connect(state_->ConnectionText(" -c plan_cache_mode=force_generic_plan"));
    if (!connected.ok()) return Noted(connected.status());
    pipeline = *std::move(connected);
  }
  absl::Status status = pipeline->Run(fences, batch);
  if (pipeline->usable()) {
    MutexLock lock(state_->mutex);
    state_->pipelines.push_back(std::move(pipeline));
  }
  return Noted(std::move(status));
}

absl::Status Database::LongTransaction(const std::function<absl::Status(pqxx::transaction_base&)>& work) {
  return Transaction([&work](pqxx::transaction_base& transaction) {
    transaction.exec(
        "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; "
        "SET LOCAL idle_in_transaction_session_timeout = 0");
    return work(transaction);
  });
}

absl::Status Database::WaitReachable(std::int64_t timeout_ns) {
  auto deadline = std::chrono::steady_clock::now() + std::chrono::nanoseconds(timeout_ns);
  std::chrono::milliseconds pause(50);
  while (true) {
    absl::Status status = Transaction([](pqxx::transaction_base& work) {
      work.exec("SELECT 1");
      return absl::OkStatus();
    });
    if (status.ok() || std::chrono::steady_clock::now() > deadline) return status;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(1000));
  }
}

absl::Status Database::Migrate(const std::vector<Migration>& migrations) {
  RETURN_IF_ERROR(LongTransaction([](pqxx::transaction_base& work) {
    work.exec("SELECT pg_advisory_xact_lock(hashtext(current_schema() || '.migration'))");
    work.exec(
        "CREATE TABLE IF NOT EXISTS schema_migration (name text PRIMARY KEY, checksum text NOT NULL, "
        "apply_time timestamptz NOT NULL DEFAULT now())");
    work.exec("CREATE TABLE IF NOT EXISTS writer_epoch (key text PRIMARY KEY, epoch bigint NOT NULL)");
    work.exec("CREATE TABLE IF NOT EXISTS storage_probe (filler text NOT NULL)");
    // The row stays locked until the commit: nobody takes over in between, and a write whose answer was lost is over
    // before the next one of the same writer looks at what is stored.
    work.exec(
        "CREATE OR REPLACE FUNCTION require_epoch(wanted_key text, wanted bigint) RETURNS void LANGUAGE plpgsql AS "
        "$$BEGIN PERFORM FROM writer_epoch WHERE key = wanted_key AND epoch = wanted FOR NO KEY UPDATE; IF NOT FOUND "
        "THEN "
        "RAISE EXCEPTION 'a newer writer has taken over' USING ERRCODE = '" +
        std::string(kFencedState) + "'; END IF; END$$");
    work.exec(
        "CREATE OR REPLACE FUNCTION require(condition boolean, message text) RETURNS void LANGUAGE plpgsql AS "
        "$$BEGIN IF NOT coalesce(condition, false) THEN RAISE EXCEPTION '%', message USING ERRCODE = '40001'; END IF; "
        "END$$");
    return absl::OkStatus();
  }));
  for (const Migration& migration : migrations) {
    std::string checksum = Sha256Hex(migration.sql);
    RETURN_IF_ERROR(LongTransaction([&](pqxx::transaction_base& work) -> absl::Status {
      work.exec("SELECT pg_advisory_xact_lock(hashtext(current_schema() || '.migration'))");
      pqxx::result rows = work.exec_params("SELECT checksum FROM schema_migration WHERE name = $1", migration.name);
      if (!rows.empty()) {
        if (rows[0][0].as<std::string>() == checksum) return absl::OkStatus();
        return absl::FailedPreconditionError(
            ToAbsl("migration " + migration.name + " was applied and has changed since"));
      }
      work.exec(migration.sql);
      work.exec_params("INSERT INTO schema_migration (name, checksum) VALUES ($1, $2)", migration.name, checksum);
      return absl::OkStatus();
    }));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::uint64_t> Database::ClaimEpoch(std::string_view key) {
  std::uint64_t epoch = 0;
  RETURN_IF_ERROR(Transaction([&](pqxx::transaction_base& work) {
    epoch = work.exec_params1(
                    "INSERT INTO writer_epoch VALUES ($1, 1) ON CONFLICT (key) DO UPDATE SET epoch = "
                    "writer_epoch.epoch + 1 RETURNING epoch",
                    std::string(key))[0]
                .as<std::uint64_t>();
    return absl::OkStatus();
  }));
  return epoch;
}

absl::Status Database::CheckEpoch(pqxx::transaction_base& work, std::string_view key, std::uint64_t epoch) {
  pqxx::result rows = work.exec_params("SELECT epoch FROM writer_epoch WHERE key = $1 FOR SHARE", std::string(key));
  if (rows.size() == 1 && rows[0][0].as<std::uint64_t>() == epoch) return absl::OkStatus();
  return absl::FailedPreconditionError("a newer writer has taken over");
}

}  // namespace ballast
