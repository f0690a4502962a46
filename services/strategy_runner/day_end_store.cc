#include "services/strategy_runner/day_end_store.h"

#include <charconv>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

template <typename Message>
absl::Status ParseDayEnd(const pqxx::field& field, Message* out) {
  pqxx::binarystring bytes(field);
  if (!out->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return absl::DataLossError("a stored end of a day cannot be read");
  return absl::OkStatus();
}

// A page begins behind one end of a day: "<close, nanoseconds>,<account>,<calendar>".
struct DayEndPlace {
  std::int64_t close_nanos = 0;
  std::string account;
  int calendar = 0;
};

template <typename Number>
bool ReadNumber(std::string_view text, Number* out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

bool ReadPlace(std::string_view token, DayEndPlace* out) {
  std::size_t first = token.find(','), last = token.rfind(',');
  if (first == std::string_view::npos || first == last) return false;
  out->account = std::string(token.substr(first + 1, last - first - 1));
  return ReadNumber(token.substr(0, first), &out->close_nanos) && ReadNumber(token.substr(last + 1), &out->calendar);
}

}  // namespace

void SaveDayEnds(pqxx::transaction_base& work, const StrategyStore::Batch& batch) {
  for (const session::v1::DayEndPolicy& policy : batch.day_end_policies) {
    work.exec_params(
        "INSERT INTO day_end_policy VALUES ($1,$2,$3) ON CONFLICT (account_id, calendar) DO UPDATE SET policy = "
        "excluded.policy",
        policy.account_id(), static_cast<int>(policy.calendar()), pqxx::binarystring(policy.SerializeAsString()));
  }
  for (const session::v1::DayEnd& end : batch.day_ends) {
    bool open = end.step() != session::v1::DAY_END_STEP_DONE || !end.told() || !end.alert_text().empty();
    work.exec_params(
        "INSERT INTO day_end VALUES ($1,$2,$3,$4,$5) ON CONFLICT (account_id, calendar, close_nanos) DO UPDATE SET "
        "open = excluded.open, payload = excluded.payload",
        end.account_id(), static_cast<int>(end.calendar()), wire::FromProto(end.close_time()).nanos, open,
        pqxx::binarystring(end.SerializeAsString()));
  }
}

absl::Status ReadDayEnds(pqxx::transaction_base& work, StrategyStore::DayEnds& out) {
  out = {};
  for (const pqxx::row& row : work.exec("SELECT policy FROM day_end_policy ORDER BY account_id, calendar"))
    RETURN_IF_ERROR(ParseDayEnd(row[0], &out.policies.emplace_back()));
  for (const pqxx::row& row :
       work.exec("SELECT payload FROM day_end AS one WHERE open OR close_nanos = (SELECT max(close_nanos) FROM day_end "
                 "WHERE account_id = one.account_id AND calendar = one.calendar) ORDER BY close_nanos"))
    RETURN_IF_ERROR(ParseDayEnd(row[0], &out.ends.emplace_back()));
  return absl::OkStatus();
}

absl::StatusOr<session::v1::ListDayEndsResponse> DayEndReader::List(const session::v1::ListDayEndsRequest& request) {
  constexpr int kPageDefault = 30;
  if (request.page_size() < 0 || request.page_size() > kPageMax)
    return absl::InvalidArgumentError("page_size: 0 to 500 expected");
  const int size = request.page_size() == 0 ? kPageDefault : request.page_size();
  DayEndPlace after{.close_nanos = INT64_MAX};
  if (!request.page_token().empty() && !ReadPlace(request.page_token(), &after))
    return absl::InvalidArgumentError("page_token: not one of ours");
  session::v1::ListDayEndsResponse response;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    response.Clear();
    for (const pqxx::row& row : work.exec_params(
             "SELECT payload FROM day_end WHERE ($1 = '' OR account_id = $1) AND (close_nanos < $2 OR (close_nanos = "
             "$2 "
             "AND (account_id, calendar) > ($3, $4))) ORDER BY close_nanos DESC, account_id, calendar LIMIT $5",
             request.account_id(), after.close_nanos, after.account, after.calendar, size)) {
      session::v1::DayEnd& end = *response.add_day_ends();
      RETURN_IF_ERROR(ParseDayEnd(row[0], &end));
      if (end.has_report()) end.mutable_report()->clear_trades();
    }
    return absl::OkStatus();
  }));
  if (response.day_ends_size() == size) {
    const session::v1::DayEnd& last = *response.day_ends().rbegin();
    response.set_next_page_token(std::to_string(wire::FromProto(last.close_time()).nanos) + "," + last.account_id() +
                                 "," + std::to_string(static_cast<int>(last.calendar())));
  }
  return response;
}

absl::StatusOr<session::v1::DayEnd> DayEndReader::Get(const session::v1::GetDayEndRequest& request) {
  session::v1::DayEnd found;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    // A day has one close; sessions of one calendar never share a date. The newest first, in case a market was begun
    // again.
    for (const pqxx::row& row : work.exec_params(
             "SELECT payload FROM day_end WHERE account_id = $1 AND calendar = $2 ORDER BY close_nanos DESC",
             request.account_id(), static_cast<int>(request.calendar()))) {
      RETURN_IF_ERROR(ParseDayEnd(row[0], &found));
      if (found.date() == request.date()) return absl::OkStatus();
    }
    return absl::NotFoundError(
        ToAbsl("the day " + request.date() + " of " + request.account_id() + " has not been ended"));
  }));
  return found;
}

}  // namespace ballast
