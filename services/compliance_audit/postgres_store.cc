#include "services/compliance_audit/postgres_store.h"

#include <pqxx/pqxx>

#include "libs/audit/order_record.h"
#include "libs/base/absl_std.h"

namespace ballast {
namespace {

constexpr char kWriter[] = "compliance_audit";
// Of the table as it is now, and of the one with the records of older builds.
constexpr char kSelect[] =
    "SELECT sequence, time_ns, actor, action, subject, detail, request_id, account_id, coalesce("
    "(SELECT encode(p.hash, 'hex') FROM record p WHERE p.sequence = r.sequence - 1), "
    "(SELECT p.hash FROM record_before p WHERE p.sequence = r.sequence - 1), repeat('0', 64)), encode(hash, 'hex') "
    "FROM record r";
constexpr char kSelectBefore[] =
    "SELECT sequence, time_ns, actor, action, subject, detail, request_id, account_id, previous_hash, hash "
    "FROM record_before";

std::string BytesOf(const std::string& hex) {
  auto digit = [](char c) { return c >= 'a' ? c - 'a' + 10 : c - '0'; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1]));
  return bytes;
}

audit::Record RecordFrom(const pqxx::row& row) {
  audit::Record record;
  record.sequence = row[0].as<std::uint64_t>();
  record.time = UtcTime{row[1].as<std::int64_t>()};
  record.actor = row[2].as<std::string>();
  record.action = row[3].as<std::string>();
  record.subject = row[4].as<std::string>();
  record.detail = row[5].as<std::string>();
  record.request_id = row[6].as<std::string>();
  record.account_id = row[7].as<std::string>();
  record.previous_hash = row[8].as<std::string>();
  record.hash = row[9].as<std::string>();
  return record;
}

void AddRecords(const pqxx::result& rows, std::vector<audit::Record>& records) {
  records.reserve(records.size() + static_cast<std::size_t>(rows.size()));
  for (const pqxx::row& row : rows) records.push_back(RecordFrom(row));
}

// A LIKE pattern for "starts with": what has a meaning in patterns is taken literally.
std::string LikePrefix(const std::string& prefix) {
  std::string pattern;
  for (char c : prefix) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

// " AND action …": also in the words of an index, when there is one that knows.
std::string ActionCondition(pqxx::transaction_base& work, const std::string& prefix) {
  std::string condition = " AND action LIKE " + work.quote(LikePrefix(prefix));
  constexpr std::string_view kOrder = "order.", kAccount = "account.";
  auto apart = [&](std::string_view kind) { return !kind.starts_with(prefix) && !prefix.starts_with(kind); };
  if (apart(kOrder) && apart(kAccount)) condition += " AND action NOT LIKE 'order.%' AND action NOT LIKE 'account.%'";
  for (int type = 1; type <= static_cast<int>(OrderEventType::kTradeCorrect); ++type) {
    // Whole, and the beginning of no other: the common case, and the only one that is looked for by equality.
    if (audit::ActionOf(static_cast<OrderEventType>(type)) == prefix)
      condition += " AND action = " + work.quote(prefix);
  }
  return condition;
}

}  // namespace

absl::Status PostgresAuditStore::Fence() {
  ASSIGN_OR_RETURN(epoch_, database_.ClaimEpoch(kWriter));
  return absl::OkStatus();
}

absl::StatusOr<AuditStore::State> PostgresAuditStore::Load() {
  State state;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    state = State();
    for (const pqxx::row& row : work.exec("SELECT sequence, hash, time_ns FROM chain_head")) {
      state.head = {.sequence = row[0].as<std::uint64_t>(),
                    .hash = row[1].as<std::string>(),
                    .time = UtcTime{row[2].as<std::int64_t>()}};
    }
    state.last_sequence = work.exec1(
                                  "SELECT greatest((SELECT max(sequence) FROM record), "
                                  "(SELECT max(sequence) FROM record_before), 0)")[0]
                              .as<std::uint64_t>();
    for (const pqxx::row& row : work.exec("SELECT account_id, sequence FROM order_cursor")) {
      state.cursors[row[0].as<std::string>()] = row[1].as<std::uint64_t>();
    }
    return absl::OkStatus();
  }));
  return state;
}

absl::Status PostgresAuditStore::Append(const std::vector<audit::Record>& records, const audit::Head& head,
                                        const Cursors& cursors, const std::string& request_id) {
  using Type = SqlArray::Type;
  SqlArray sequences(Type::kBigint), times(Type::kBigint), hashes(Type::kBytes), accounts(Type::kText),
      actors(Type::kText), actions(Type::kText), subjects(Type::kText), requests(Type::kText), details(Type::kText);
  for (const audit::Record& record : records) {
    sequences.Add(static_cast<std::int64_t>(record.sequence));
    times.Add(record.time.nanos);
    hashes.Add(BytesOf(record.hash));
    accounts.Add(record.account_id);
    actors.Add(record.actor);
    actions.Add(record.action);
    subjects.Add(record.subject);
    requests.Add(record.request_id);
    details.Add(record.detail);
  }
  SqlArray cursor_accounts(Type::kText), cursor_sequences(Type::kBigint);
  for (const auto& [account, sequence] : cursors) {
    cursor_accounts.Add(account);
    cursor_sequences.Add(static_cast<std::int64_t>(sequence));
  }
  SqlBatch batch;
  batch
      .Statement(
          "SELECT append_records($1::bigint[], $2::bigint[], $3::bytea[], $4::text[], $5::text[], $6::text[], "
          "$7::text[], $8::text[], $9::text[])")
      .Value(sequences)
      .Value(times)
      .Value(hashes)
      .Value(accounts)
      .Value(actors)
      .Value(actions)
      .Value(subjects)
      .Value(requests)
      .Value(details);
  batch.Statement("SELECT save_head($1, $2, $3, $4::text[], $5::bigint[])")
      .Bigint(static_cast<std::int64_t>(head.sequence))
      .Text(head.hash)
      .Bigint(head.time.nanos)
      .Value(cursor_accounts)
      .Value(cursor_sequences);
  if (!request_id.empty()) {
    batch.Statement("INSERT INTO append_request VALUES ($1, $2)")
        .Text(request_id)
        .Bigint(static_cast<std::int64_t>(head.sequence));
  }
  return database_.FencedWrite(kWriter, epoch_, batch);
}

absl::StatusOr<std::optional<audit::Record>> PostgresAuditStore::FindRequest(const std::string& request_id) {
  std::optional<audit::Record> found;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    std::string where = " WHERE sequence = (SELECT a.sequence FROM append_request a WHERE a.request_id = $1)";
    pqxx::result rows = work.exec_params(kSelect + where, request_id);
    if (rows.empty()) rows = work.exec_params(kSelectBefore + where, request_id);
    if (!rows.empty()) found = RecordFrom(rows[0]);
    return absl::OkStatus();
  }));
  return found;
}

absl::StatusOr<std::vector<audit::Record>> PostgresAuditStore::List(const Filter& filter) {
  std::vector<audit::Record> records;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    records.clear();
    std::string where = " WHERE true";
    if (!filter.account_id.empty()) where += " AND account_id = " + work.quote(filter.account_id);
    if (!filter.subject.empty()) where += " AND subject = " + work.quote(filter.subject);
    if (!filter.action_prefix.empty()) where += ActionCondition(work, filter.action_prefix);
    if (filter.before != 0) where += " AND sequence < " + std::to_string(filter.before);
    where += " ORDER BY sequence DESC LIMIT ";
    AddRecords(work.exec(kSelect + where + std::to_string(filter.limit)), records);
    auto left = filter.limit - static_cast<int>(records.size());
    if (left > 0) AddRecords(work.exec(kSelectBefore + where + std::to_string(left)), records);
    return absl::OkStatus();
  }));
  return records;
}

absl::StatusOr<std::vector<audit::Record>> PostgresAuditStore::Page(std::uint64_t after, std::uint64_t last,
                                                                    int limit) {
  std::vector<audit::Record> records;
  RETURN_IF_ERROR(database_.LongTransaction([&](pqxx::transaction_base& work) {
    records.clear();
    std::string where = " WHERE sequence > $1 AND sequence <= $2 ORDER BY sequence LIMIT $3";
    AddRecords(work.exec_params(kSelectBefore + where, after, last, limit), records);
    auto left = limit - static_cast<int>(records.size());
    if (left > 0) AddRecords(work.exec_params(kSelect + where, after, last, left), records);
    return absl::OkStatus();
  }));
  return records;
}

}  // namespace ballast
