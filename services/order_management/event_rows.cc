#include "services/order_management/event_rows.h"

#include <map>

#include "libs/base/absl_std.h"
#include "libs/wire/log_page.h"
#include "libs/wire/packed_checks.h"
#include "libs/wire/wire.h"

namespace ballast {

bool MovesBooks(OrderEventType type) {
  return type == OrderEventType::kFilled || type == OrderEventType::kTradeCancel ||
         type == OrderEventType::kTradeCorrect || type == OrderEventType::kExternalDecided;
}

absl::Status ForEachEvent(const pqxx::row& row,
                          const std::function<void(std::uint64_t, std::string_view, std::string_view)>& visit) {
  auto last = row[kSequence].as<std::uint64_t>();
  auto count = row[kEvents].as<std::uint64_t>();
  pqxx::binarystring payload(row[kPayload]), checks(row[kChecks]);
  if (count == 0) {
    visit(last, ViewOf(payload), ViewOf(checks));
    return absl::OkStatus();
  }
  std::optional<std::vector<wire::LogPage::Record>> events = wire::LogPage::Read(ViewOf(payload));
  if (!events || events->size() != count) {
    return absl::DataLossError(ToAbsl("the events up to " + std::to_string(last) + " of a log cannot be read"));
  }
  std::uint64_t sequence = last - count;
  for (const wire::LogPage::Record& record : *events) visit(++sequence, record.bytes, record.note);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::optional<Found>>> ReadEvents(pqxx::transaction_base& work,
                                                             const std::vector<Place>& places) {
  constexpr std::size_t kAtATime = 500;
  std::vector<std::optional<Found>> found(places.size());
  std::map<std::string, std::multimap<std::uint64_t, std::size_t>> accounts;
  for (std::size_t i = 0; i < places.size(); ++i) accounts[places[i].account_id].emplace(places[i].sequence, i);
  for (const auto& [account, wanted] : accounts) {
    for (auto next = wanted.begin(); next != wanted.end();) {
      std::string sequences = "{";
      for (std::size_t i = 0; i < kAtATime && next != wanted.end(); ++i, ++next) {
        sequences += (i == 0 ? "" : ",") + std::to_string(next->first);
      }
      for (const pqxx::row& row : work.exec_params(
               std::string("SELECT ") + kColumns +
                   " FROM event WHERE account_id = $1 AND sequence IN (SELECT (SELECT min(e.sequence) FROM event e "
                   "WHERE e.account_id = $1 AND e.sequence >= wanted.sequence) FROM unnest($2::bigint[]) AS wanted "
                   "(sequence))",
               account, sequences + "}")) {
        RETURN_IF_ERROR(ForEachEvent(row, [&](std::uint64_t sequence, std::string_view event, std::string_view checks) {
          auto [begin, end] = wanted.equal_range(sequence);
          for (auto it = begin; it != end; ++it) found[it->second] = {std::string(event), std::string(checks)};
        }));
      }
    }
  }
  return found;
}

absl::StatusOr<Order> OrderOf(const std::optional<Found>& newest, const std::string& id) {
  // It was there: whoever is told that it was not would take its request id for unused.
  if (!newest) return absl::DataLossError(ToAbsl("order " + id + " has lost its newest event"));
  return wire::FromProto(Parse<order::v1::OrderEvent>(newest->event).order());
}

absl::StatusOr<LogPages> PagesOf(const Commit& commit, const EncodedEvents& encoded) {
  LogPages pages;
  struct Page {
    std::uint64_t first = 0, last = 0;
    std::int64_t booked = 0;
    std::string payload;
  };
  std::map<std::string_view, Page> open;
  auto close = [&](std::string_view account, Page& page) {
    pages.account_ids.Add(account);
    pages.first_sequences.Add(static_cast<std::int64_t>(page.first));
    pages.last_sequences.Add(static_cast<std::int64_t>(page.last));
    pages.booked.Add(page.booked);
    pages.payloads.Add(page.payload);
    page = Page{.last = page.last};
  };
  for (std::size_t i = 0; i < commit.events.size(); ++i) {
    const OrderEvent& event = commit.events[i];
    const EncodedEvents::Entry& entry = encoded.entries()[i];
    auto [found, fresh] = open.try_emplace(event.account_id.value());
    Page& page = found->second;
    if (!fresh && event.sequence != page.last + 1) {
      if (event.sequence <= page.last) return absl::AlreadyExistsError("the sequence is there already");
      return absl::InternalError("the events of an account follow each other");
    }
    if (page.payload.empty()) page.first = event.sequence;
    page.last = event.sequence;
    page.booked += MovesBooks(event.type) ? 1 : 0;
    wire::LogPage::Append(encoded.Event(entry), wire::PackChecks(encoded.Checks(entry)), &page.payload);
    if (page.last - page.first + 1 == wire::LogPage::kRecords) close(found->first, page);
  }
  for (auto& [account, page] : open) {
    if (!page.payload.empty()) close(account, page);
  }
  return pages;
}

void AddBooks(const orders::Account::StoredBooks& stored, SqlBatch& batch) {
  using Type = SqlArray::Type;
  SqlArray deployments(Type::kText), symbols(Type::kText), quantities(Type::kText), costs(Type::kText);
  for (const auto& [symbol, books] : stored.books.held()) {
    for (const auto& [deployment, held] : books) {
      deployments.Add(deployment.value());
      symbols.Add(symbol.value());
      quantities.Add(held.ToString());
      std::optional<Decimal> cost = stored.books.Cost(deployment, symbol);
      costs.Add(cost ? cost->ToString() : "");
    }
  }
  batch.Statement(
      "INSERT INTO books VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account_id) DO UPDATE SET sequence = "
      "excluded.sequence, deployment_ids = excluded.deployment_ids, symbols = excluded.symbols, quantities = "
      "excluded.quantities, costs = excluded.costs");
  batch.Text(stored.id.value()).Bigint(static_cast<std::int64_t>(stored.sequence));
  batch.Value(deployments).Value(symbols).Value(quantities).Value(costs);
}

}  // namespace ballast
