#include "services/compliance_audit/postgres_store.h"

#include <algorithm>
#include <pqxx/pqxx>
#include <span>

#include "libs/audit/order_record.h"
#include "libs/base/absl_std.h"
#include "libs/platform/crypto/crypto.h"
#include "libs/wire/log_page.h"
#include "services/compliance_audit/record_page.h"

namespace ballast {
namespace {

constexpr char kWriter[] = "compliance_audit";
// Of the table as it is now, and of the one with the records of older builds.
constexpr char kSelect[] =
    "SELECT sequence, time_ns, actor, action, subject, detail, request_id, account_id, coalesce("
    "encode(previous_hash, 'hex'), (SELECT encode(p.hash, 'hex') FROM record p WHERE p.sequence = r.sequence - 1), "
    "(SELECT p.hash FROM record_before p WHERE p.sequence = r.sequence - 1), repeat('0', 64)), encode(hash, 'hex') "
    "FROM record r";
constexpr char kSelectBefore[] =
    "SELECT sequence, time_ns, actor, action, subject, detail, request_id, account_id, previous_hash, hash "
    "FROM record_before";

constexpr char kSelectPages[] = "SELECT last_sequence, records, previous_hash, payload FROM record_page";

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

RecordPage PageFrom(const pqxx::row& row) {
  pqxx::binarystring previous(row[2]), payload(row[3]);
  return {.last_sequence = row[0].as<std::uint64_t>(),
          .records = row[1].as<int>(),
          .previous_hash = Hex({previous.get(), previous.size()}),
          .payload = std::string(payload.get(), payload.size())};
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

bool Means(const AuditStore::Filter& filter, const audit::Record& record) {
  return (filter.account_id.empty() || record.account_id == filter.account_id) &&
         (filter.subject.empty() || record.subject == filter.subject) &&
         record.action.starts_with(filter.action_prefix) && (filter.before == 0 || record.sequence < filter.before);
}

std::string NameCondition(RecordPage::Bits bits) {
  return " AND may_name(names, " + std::to_string(bits.first) + ", " + std::to_string(bits.step) + ")";
}

// Those of pages, newest first, at most the filter's limit.
void AddFromPages(pqxx::transaction_base& work, const AuditStore::Filter& filter, std::vector<audit::Record>& records) {
  constexpr int kFirstPages = 4, kPagesMax = 64;
  std::string where = " WHERE true";
  if (!filter.account_id.empty()) where += NameCondition(RecordPage::BitsOfAccount(filter.account_id));
  if (!filter.subject.empty()) where += NameCondition(RecordPage::BitsOfSubject(filter.subject));
  if (!filter.action_prefix.empty())
    where += " AND kinds & " + std::to_string(RecordPage::KindsOf(filter.action_prefix)) + " <> 0";
  auto wanted = static_cast<std::size_t>(filter.limit);
  std::uint64_t before = filter.before == 0 ? 0 : filter.before + wire::LogPage::kRecords;
  for (int pages = kFirstPages; records.size() < wanted; pages = std::min(pages * 4, kPagesMax)) {
    std::string from =
        before == 0 ? "" : " AND last_sequence < " + std::to_string(std::min<std::uint64_t>(before, INT64_MAX));
    pqxx::result rows =
        work.exec(kSelectPages + where + from + " ORDER BY last_sequence DESC LIMIT " + std::to_string(pages));
    for (const pqxx::row& row : rows) {
      RecordPage page = PageFrom(row);
      before = page.last_sequence;
      std::vector<audit::Record> read = page.Read();
      for (auto record = read.rbegin(); record != read.rend() && records.size() < wanted; ++record) {
        if (Means(filter, *record)) records.push_back(std::move(*record));
      }
    }
    if (static_cast<int>(rows.size()) < pages) return;
  }
}

void AddRows(const std::vector<audit::Record>& records, SqlBatch& batch) {
  using Type = SqlArray::Type;
  SqlArray sequences(Type::kBigint), times(Type::kBigint), hashes(Type::kBytes), accounts(Type::kText),
      actors(Type::kText), actions(Type::kText), subjects(Type::kText), requests(Type::kText), details(Type::kText),
      previous_hashes(Type::kBytes);
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
    previous_hashes.Add(BytesOf(record.previous_hash));
  }
  batch.Statement("SELECT append_records($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
  batch.Value(sequences).Value(times).Value(hashes).Value(accounts).Value(actors).Value(actions).Value(subjects);
  batch.Value(requests).Value(details).Value(previous_hashes);
}

absl::Status AddPages(const std::vector<audit::Record>& records, SqlBatch& batch) {
  if (records.empty()) return absl::OkStatus();
  using Type = SqlArray::Type;
  SqlArray lasts(Type::kBigint), counts(Type::kInteger), previous_hashes(Type::kBytes), kinds(Type::kBigint),
      names(Type::kBytes), payloads(Type::kBytes);
  for (std::size_t first = 0; first < records.size();) {
    std::size_t end = std::min(first + wire::LogPage::kRecords, records.size());
    RecordPage page = RecordPage::Of(std::span(records).subspan(first, end - first));
    lasts.Add(static_cast<std::int64_t>(page.last_sequence));
    counts.Add(std::int64_t{page.records});
    previous_hashes.Add(BytesOf(page.previous_hash));
    kinds.Add(page.kinds);
    names.Add(page.names);
    payloads.Add(page.payload);
    first = end;
  }
  for (std::size_t i = 1; i < records.size(); ++i) {
    if (records[i].sequence <= records[i - 1].sequence) return absl::AlreadyExistsError("a sequence is there already");
    if (records[i].sequence != records[i - 1].sequence + 1) return absl::InternalError("records follow each other");
  }
  batch.Statement("SELECT append_record_pages($1, $2, $3, $4, $5, $6, $7)");
  batch.Bigint(static_cast<std::int64_t>(records.front().sequence)).Value(lasts).Value(counts).Value(previous_hashes);
  batch.Value(kinds).Value(names).Value(payloads);
  return absl::OkStatus();
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
                                  "SELECT greatest((SELECT max(last_sequence) FROM record_page), "
                                  "(SELECT max(sequence) FROM record), "
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
  SqlArray cursor_accounts(Type::kText), cursor_sequences(Type::kBigint);
  for (const auto& [account, sequence] : cursors) {
    cursor_accounts.Add(account);
    cursor_sequences.Add(static_cast<std::int64_t>(sequence));
  }
  SqlBatch batch;
  // What others append is seldom, and looked for in other ways.
  if (request_id.empty())
    RETURN_IF_ERROR(AddPages(records, batch));
  else
    AddRows(records, batch);
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
    AddFromPages(work, filter, records);
    AddRecords(work.exec(kSelect + where + std::to_string(filter.limit)), records);
    std::stable_sort(records.begin(), records.end(),
                     [](const auto& a, const auto& b) { return a.sequence > b.sequence; });
    auto limit = static_cast<std::size_t>(filter.limit);
    if (records.size() > limit) records.resize(limit);
    auto left = limit - records.size();
    if (left > 0) AddRecords(work.exec(kSelectBefore + where + std::to_string(left)), records);
    return absl::OkStatus();
  }));
  return records;
}

absl::StatusOr<std::vector<audit::Record>> PostgresAuditStore::Page(std::uint64_t after, std::uint64_t last,
                                                                    int limit) {
  constexpr int kPages = 64;
  std::vector<audit::Record> records;
  RETURN_IF_ERROR(database_.LongTransaction([&](pqxx::transaction_base& work) {
    records.clear();
    std::string where = " WHERE sequence > $1 AND sequence <= $2 ORDER BY sequence LIMIT $3";
    AddRecords(work.exec_params(kSelectBefore + where, after, last, limit), records);
    if (static_cast<int>(records.size()) == limit) return absl::OkStatus();
    // Of two kinds of rows the one may go further than the other: up to where both are known.
    std::uint64_t known = last;
    pqxx::result rows = work.exec_params(kSelect + where, after, last, limit);
    AddRecords(rows, records);
    if (static_cast<int>(rows.size()) == limit) known = std::min(known, records.back().sequence);
    pqxx::result pages = work.exec_params(
        std::string(kSelectPages) + " WHERE last_sequence > $1 AND last_sequence < $2 ORDER BY last_sequence LIMIT $3",
        after, std::min<std::uint64_t>(last, INT64_MAX - 64) + wire::LogPage::kRecords, kPages);
    for (const pqxx::row& row : pages) {
      RecordPage page = PageFrom(row);
      for (audit::Record& record : page.Read()) {
        if (record.sequence > after && record.sequence <= last) records.push_back(std::move(record));
      }
    }
    if (static_cast<int>(pages.size()) == kPages) known = std::min(known, pages[kPages - 1][0].as<std::uint64_t>());
    std::erase_if(records, [known](const audit::Record& record) { return record.sequence > known; });
    std::stable_sort(records.begin(), records.end(),
                     [](const auto& a, const auto& b) { return a.sequence < b.sequence; });
    if (records.size() > static_cast<std::size_t>(limit)) records.resize(static_cast<std::size_t>(limit));
    return absl::OkStatus();
  }));
  return records;
}

}  // namespace ballast
