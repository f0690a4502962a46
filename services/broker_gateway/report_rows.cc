#include "services/broker_gateway/report_rows.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "libs/wire/log_page.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

// One that cannot be read is told as what it is, with its number: those after it do not wait for it.
broker::v1::ExecutionReport ReportOf(const AccountId& account, std::uint64_t sequence, std::string_view bytes) {
  broker::v1::ExecutionReport report;
  bool whole = report.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  if (whole && report.execution_sequence() == sequence && report.account_id() == account.value()) return report;
  report.Clear();
  report.set_account_id(account.value());
  report.set_execution_sequence(sequence);
  report.set_type(broker::v1::EXECUTION_TYPE_STATUS_UNKNOWN);
  wire::ToProto(
      Rejection{.reason = RejectReason::kMalformed, .check = "decode", .message = "the stored report cannot be read"},
      report.mutable_rejection());
  return report;
}

}  // namespace

std::vector<broker::v1::ExecutionReport> ReportsOf(const AccountId& account, const pqxx::row& row) {
  std::vector<broker::v1::ExecutionReport> reports;
  auto last = row[0].as<std::uint64_t>();
  auto count = row[1].as<std::uint64_t>();
  pqxx::binarystring bytes(row[2]);
  std::string_view payload(bytes.get(), bytes.size());
  if (count == 0) return {ReportOf(account, last, payload)};
  std::optional<std::vector<wire::LogPage::Record>> page = wire::LogPage::Read(payload);
  bool whole = page && page->size() == count;
  for (std::uint64_t i = 0; i < count; ++i) {
    reports.push_back(ReportOf(account, last - count + 1 + i, whole ? (*page)[i].bytes : std::string_view()));
  }
  return reports;
}

void AddPages(const std::vector<broker::v1::ExecutionReport>& reports, SqlBatch& batch) {
  using Type = SqlArray::Type;
  SqlArray accounts(Type::kText), firsts(Type::kBigint), lasts(Type::kBigint), payloads(Type::kBytes);
  struct Page {
    std::uint64_t first = 0, last = 0;
    std::string payload;
  };
  std::map<std::string_view, Page> open;
  auto close = [&](std::string_view account, Page& page) {
    accounts.Add(account);
    firsts.Add(static_cast<std::int64_t>(page.first));
    lasts.Add(static_cast<std::int64_t>(page.last));
    payloads.Add(page.payload);
    page = Page();
  };
  std::string bytes;
  for (const broker::v1::ExecutionReport& report : reports) {
    Page& page = open[report.account_id()];
    std::uint64_t sequence = report.execution_sequence();
    bool full = page.last - page.first + 1 == wire::LogPage::kRecords;
    if (!page.payload.empty() && (full || sequence != page.last + 1)) close(report.account_id(), page);
    if (page.payload.empty()) page.first = sequence;
    page.last = sequence;
    report.SerializeToString(&bytes);
    wire::LogPage::Append(bytes, "", &page.payload);
  }
  for (auto& [account, page] : open) close(account, page);
  batch.Value(accounts).Value(firsts).Value(lasts).Value(payloads);
}

}  // namespace ballast
