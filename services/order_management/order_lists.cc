#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <pqxx/pqxx>
#include <sstream>

#include "libs/base/absl_std.h"
#include "libs/orders/submit.h"
#include "libs/wire/event_bytes.h"
#include "libs/wire/packed_checks.h"
#include "libs/wire/wire.h"
#include "services/order_management/event_rows.h"
#include "services/order_management/store.h"

// What is only read for others: an order's story, lists and courses of orders.
namespace ballast {

absl::StatusOr<std::vector<order::v1::OrderEvent>> Store::LoadOrderEvents(const OrderId& id) {
  RETURN_IF_ERROR(MakeRows());
  std::map<std::uint64_t, order::v1::OrderEvent> own;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    own.clear();
    auto add = [&](std::uint64_t sequence, std::string_view bytes, std::string_view checks) {
      auto event = Parse<order::v1::OrderEvent>(bytes);
      if (event.order().order_id() != id.value()) return;
      event.MergeFromString(wire::UnpackChecks(checks));  // what risk said stands apart from the event
      own.insert_or_assign(sequence, std::move(event));
    };
    std::vector<Place> places;
    for (const pqxx::row& row : work.exec_params(
             "SELECT o.account_id, own.sequence FROM order_state o CROSS JOIN unnest(o.sequences) AS own (sequence) "
             "WHERE o.order_id = $1",
             id.value())) {
      places.push_back({.account_id = row[0].as<std::string>(), .sequence = row[1].as<std::uint64_t>()});
    }
    ASSIGN_OR_RETURN(auto found, ReadEvents(work, places));
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found[i]) add(places[i].sequence, found[i]->event, found[i]->packed_checks);
    }
    // Its row names the first only.
    for (const pqxx::row& row :
         work.exec_params("SELECT e.sequence, e.events, e.payload, e.checks FROM order_state o JOIN event e ON "
                          "e.account_id = o.account_id AND e.sequence > o.sequences[cardinality(o.sequences)] AND "
                          "e.sequence < o.sequence + greatest(e.events, 1) AND position($1::bytea IN e.payload) > 0 "
                          "WHERE o.order_id = $2 ORDER BY e.sequence LIMIT 10000",
                          pqxx::binarystring(id.value()), id.value())) {
      RETURN_IF_ERROR(ForEachEvent(row, add));
    }
    return absl::OkStatus();
  }));
  std::vector<order::v1::OrderEvent> events;
  for (auto& [sequence, event] : own) events.push_back(std::move(event));
  return events;
}

namespace {

void AddCourse(const Order& order, std::vector<orders::OrderCourse>& courses) {
  orders::OrderCourse& course = courses.emplace_back();
  course.status = order.status;
  bool refused = order.status == OrderStatus::kDenied || order.status == OrderStatus::kRejected ||
                 order.status == OrderStatus::kNeverAccepted;
  if (refused && order.rejection) course.refusal = {order.rejection->reason, order.rejection->check};
  course.quantity = order.quantity;
  course.filled_quantity = order.cumulative_quantity;
  course.create_time = order.create_time;
}

void AddStep(std::string_view encoded, orders::OrderCourse& course) {
  std::optional<wire::EventHeader> header = wire::ReadHeader(encoded);
  if (!header) return;
  if (header->type == OrderEventType::kAccepted) {
    if (!course.accept_time) course.accept_time = header->event_time;
  } else if (header->type == OrderEventType::kFilled) {
    if (!course.first_fill_time) course.first_fill_time = header->event_time;
    auto event = Parse<order::v1::OrderEvent>(encoded);
    if (event.order().status() == order::v1::ORDER_STATUS_FILLED) course.fill_time = header->event_time;
  }
}

}  // namespace

absl::StatusOr<std::vector<orders::OrderCourse>> Store::LoadCourses(const order::v1::GetOrderStatisticsRequest& request,
                                                                    std::int64_t since_nanos, int limit) {
  RETURN_IF_ERROR(MakeRows());
  std::vector<orders::OrderCourse> courses;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    courses.clear();
    // Orders and events as of one moment.
    work.exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
    pqxx::result orders = work.exec_params(
        "SELECT account_id, sequence, order_id, array_to_string(sequences, ' ') FROM order_state WHERE create_nanos >= "
        "$1 AND ($2 = '' OR account_id = $2) AND ($3 = '' OR symbol = $3) AND ($4 = '' OR deployment_id = $4) ORDER BY "
        "create_nanos DESC, order_id LIMIT $5",
        since_nanos, request.account_id(), request.symbol(), request.deployment_id(), limit);
    constexpr pqxx::result::size_type kAtATime = 500;
    for (pqxx::result::size_type begin = 0; begin < orders.size(); begin += kAtATime) {
      std::vector<Place> newest, own;
      std::vector<std::size_t> course_of;
      auto end = std::min(begin + kAtATime, orders.size());
      for (auto i = begin; i < end; ++i) {
        std::string account = orders[i][0].as<std::string>();
        newest.push_back({.account_id = account, .sequence = orders[i][1].as<std::uint64_t>()});
        std::istringstream sequences(orders[i][3].as<std::string>());
        for (std::uint64_t sequence = 0; sequences >> sequence;) {
          own.push_back({.account_id = account, .sequence = sequence});
          course_of.push_back(i);
        }
      }
      ASSIGN_OR_RETURN(auto states, ReadEvents(work, newest));
      for (std::size_t i = 0; i < states.size(); ++i) {
        ASSIGN_OR_RETURN(Order order, OrderOf(states[i], orders[begin + i][2].as<std::string>()));
        AddCourse(order, courses);
      }
      ASSIGN_OR_RETURN(auto events, ReadEvents(work, own));
      for (std::size_t i = 0; i < events.size(); ++i) {
        if (events[i]) AddStep(events[i]->event, courses[course_of[i]]);
      }
    }
    return absl::OkStatus();
  }));
  return courses;
}

namespace {

// The last row's key: "<create_nanos>.<order_id>".
bool ParsePageToken(const std::string& token, std::int64_t* nanos, std::string* id) {
  std::size_t point = token.find('.');
  if (point == std::string::npos) return false;
  const char* begin = token.data();
  auto [end, error] = std::from_chars(begin, begin + point, *nanos);
  *id = token.substr(point + 1);
  return error == std::errc() && end == begin + point && *nanos > 0 && orders::IsIdentifier(*id, 64) &&
         id->find('.') == std::string::npos;  // OrderIdFor makes none
}

}  // namespace

bool Store::IsPageToken(const std::string& token) {
  std::int64_t nanos = 0;
  std::string id;
  return ParsePageToken(token, &nanos, &id);
}

absl::StatusOr<order::v1::ListOrdersResponse> Store::ListOrders(const order::v1::ListOrdersRequest& request) {
  int page_size = request.page_size() == 0 ? 100 : request.page_size();
  if (page_size < 1 || page_size > 500) return absl::InvalidArgumentError("page_size: 1 to 500 expected");
  std::int64_t before_nanos = 0;
  std::string before_id;
  if (!request.page_token().empty() && !ParsePageToken(request.page_token(), &before_nanos, &before_id)) {
    return absl::InvalidArgumentError("page_token: not one of ours");
  }
  RETURN_IF_ERROR(MakeRows());
  order::v1::ListOrdersResponse response;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    response.Clear();
    if (!request.account_id().empty() &&
        work.exec_params("SELECT FROM account WHERE account_id = $1", request.account_id()).empty()) {
      return absl::NotFoundError(ToAbsl("there is no account " + request.account_id()));
    }
    std::string sql = "SELECT account_id, sequence, create_nanos, order_id FROM order_state WHERE true";
    if (!request.account_id().empty()) sql += " AND account_id = " + work.quote(request.account_id());
    if (!request.symbol().empty()) sql += " AND symbol = " + work.quote(request.symbol());
    if (!request.deployment_id().empty()) sql += " AND deployment_id = " + work.quote(request.deployment_id());
    if (request.working_only()) sql += " AND order_id IN (SELECT order_id FROM working_order)";
    if (request.statuses_size() > 0) {
      sql += " AND status IN (";
      for (int i = 0; i < request.statuses_size(); ++i) {
        sql += (i ? "," : "") + std::to_string(static_cast<int>(request.statuses(i)));
      }
      sql += ")";
    }
    if (!before_id.empty()) {
      sql += " AND (create_nanos, order_id) < (" + std::to_string(before_nanos) + "," + work.quote(before_id) + ")";
    }
    sql += " ORDER BY create_nanos DESC, order_id DESC LIMIT " + std::to_string(page_size + 1);
    pqxx::result rows = work.exec(sql);
    std::vector<Place> places;
    for (pqxx::result::size_type i = 0; i < rows.size(); ++i) {
      if (static_cast<int>(i) == page_size) {
        response.set_next_page_token(rows[i - 1][2].as<std::string>() + "." + rows[i - 1][3].as<std::string>());
        break;
      }
      places.push_back({.account_id = rows[i][0].as<std::string>(), .sequence = rows[i][1].as<std::uint64_t>()});
    }
    ASSIGN_OR_RETURN(auto newest, ReadEvents(work, places));
    for (const std::optional<Found>& found : newest) {
      if (found) *response.add_orders() = std::move(*Parse<order::v1::OrderEvent>(found->event).mutable_order());
    }
    return absl::OkStatus();
  }));
  return response;
}

}  // namespace ballast
