#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/platform/postgres/sql_batch.h"
#include "services/order_management/journal.h"

namespace ballast {

inline std::string_view ViewOf(const pqxx::binarystring& bytes) { return {bytes.get(), bytes.size()}; }

template <typename Message>
Message Parse(std::string_view bytes) {
  Message message;
  message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  return message;
}

// Some rows of the log hold one event, others a page; these are the columns of both.
inline constexpr char kColumns[] = "sequence, events, payload, checks";
enum Column : pqxx::row::size_type { kSequence, kEvents, kPayload, kChecks };

// Calls `visit` with the number of each event of a row, the event and what risk said of it.
absl::Status ForEachEvent(const pqxx::row& row,
                          const std::function<void(std::uint64_t, std::string_view, std::string_view)>& visit);

// Where an event stands.
struct Place {
  std::string account_id;
  std::uint64_t sequence = 0;
};
// Its bytes as they are stored.
struct Found {
  std::string event, packed_checks;
};

// The events at `places`, in their order; none where there is none. So many at a time that their rows are some 10 MB.
absl::StatusOr<std::vector<std::optional<Found>>> ReadEvents(pqxx::transaction_base& work,
                                                             const std::vector<Place>& places);
// The order of its newest event. DATA_LOSS: that one is not there.
absl::StatusOr<Order> OrderOf(const std::optional<Found>& newest, const std::string& id);

// Its fill is in the books.
[[nodiscard]] bool MovesBooks(OrderEventType type);

// The rows of a commit: runs of events that follow each other in one account's log.
struct LogPages {
  SqlArray account_ids{SqlArray::Type::kText};
  SqlArray first_sequences{SqlArray::Type::kBigint};
  SqlArray last_sequences{SqlArray::Type::kBigint};
  // Of a page's events those that move the books.
  SqlArray booked{SqlArray::Type::kInteger};
  SqlArray payloads{SqlArray::Type::kBytes};
};
absl::StatusOr<LogPages> PagesOf(const Commit& commit, const EncodedEvents& encoded);
// Books to start from.
void AddBooks(const orders::Account::StoredBooks& stored, SqlBatch& batch);

}  // namespace ballast
