#include "services/strategy_runner/elsewhere_grpc.h"

#include <charconv>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/thread/answered.h"
#include "libs/wire/wire.h"

namespace ballast {

namespace elsewhere_pb = execution::v1;

namespace {

constexpr int kElsewherePageMax = 500;
constexpr int kElsewherePageDefault = 50;
// Attempts that are under way are looked at so often.
constexpr std::int64_t kElsewhereLookNs = 100'000'000;
constexpr std::int64_t kElsewhereIdleNs = 1'000'000'000;

// "<nanos>.<order id>" of the last one of the page before.
bool ReadElsewhereToken(const std::string& token, ElsewhereStore::Range& range) {
  if (token.empty()) return true;
  std::size_t at = token.find('.');
  if (at == std::string::npos || at + 1 == token.size()) return false;
  const char* end = token.data() + at;
  auto [read, error] = std::from_chars(token.data(), end, range.before_nanos);
  range.before_id = token.substr(at + 1);
  return error == std::errc() && read == end;
}

}  // namespace

ElsewhereGrpc::ElsewhereGrpc(ServiceContext& context, ElsewherePolicies policies, GrpcNeighbours& neighbours,
                             AccountNeighbours& accounts, const EntryGate& gate)
    : log_(context.log),
      store_(context.database),
      desk_(std::move(policies), {.neighbours = neighbours,
                                  .children = neighbours,
                                  .accounts = accounts,
                                  .store = store_,
                                  .gate = gate,
                                  .clock = context.clock,
                                  .log = context.log,
                                  .fail = context.fail}),
      events_(EventReader::Callbacks{
          .open =
              [this, &neighbours](grpc::ClientContext* call, auto* reactor) {
                order::v1::StreamOrderEventsRequest request;
                request.set_omit_checks(true);
                request.set_relaxed(true);
                request.set_from_head(true);
                request.add_whole_types(order::v1::ORDER_EVENT_TYPE_REJECTED);
                for (const std::string& account : desk_.policies().Accounts()) request.add_account_ids(account);
                // This thread alone asks for it: the desk moves it in what this thread waits for.
                for (const auto& [account, sequence] : desk_.cursors())
                  (*request.mutable_after_sequences())[account] = sequence;
                auto kept = std::make_shared<const order::v1::StreamOrderEventsRequest>(std::move(request));
                neighbours.orders().async()->StreamOrderEvents(call, kept.get(), reactor);
                return kept;
              },
          .on_message = [this](order::v1::StreamOrderEventsResponse& response) { return OnEvents(response); },
          .on_disconnected =
              [this](const absl::Status& status) {
                log_.Warning("elsewhere.orders_stream_lost", {{"error", status.ToString()}});
              }}) {}

void ElsewhereGrpc::Start() {
  worker_ = std::thread([this] {
    while (!work_.closed()) {
      for (auto& one : work_.PopBatch(1, desk_.has_work() ? kElsewhereLookNs : kElsewhereIdleNs)) one();
      if (!work_.closed()) desk_.Work();
    }
    for (auto& one : work_.PopBatch(50, 0)) one();
  });
  if (!desk_.policies().all().empty()) events_.Start();
}

void ElsewhereGrpc::Stop() {
  // What the reader waits for is done first.
  events_.Stop();
  work_.Close();
  if (worker_.joinable()) worker_.join();
}

bool ElsewhereGrpc::OnEvents(const order::v1::StreamOrderEventsResponse& response) {
  return Answered<bool>([&](std::function<void(bool)> done) {
    // Not owned: this thread waits until it is done with.
    if (!work_.TryPush([this, &response, done] { done(desk_.OnEvents(response)); })) done(false);
  });
}

grpc::ServerUnaryReactor* ElsewhereGrpc::ListElsewhereOrders(grpc::CallbackServerContext* context,
                                                             const elsewhere_pb::ListElsewhereOrdersRequest* request,
                                                             elsewhere_pb::ListElsewhereOrdersResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Range("page_size", request->page_size(), 0, kElsewherePageMax);
  ElsewhereStore::Range range;
  if (!ReadElsewhereToken(request->page_token(), range))
    check.Refuse("page_token", RejectReason::kMalformed, "not a token of this call");
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  bool queued = work_.TryPush(
      [this, reactor, request = *request, response] { reactor->Finish(ToGrpc(List(request, response))); });
  if (!queued) reactor->Finish({grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again"});
  return reactor;
}

absl::Status ElsewhereGrpc::List(const elsewhere_pb::ListElsewhereOrdersRequest& request,
                                 elsewhere_pb::ListElsewhereOrdersResponse* response) {
  ElsewhereStore::Range range{.most = request.page_size() == 0 ? kElsewherePageDefault : request.page_size()};
  (void)ReadElsewhereToken(request.page_token(), range);
  ASSIGN_OR_RETURN(std::vector<elsewhere_pb::ElsewhereOrder> rows, desk_.Read(range));
  for (elsewhere_pb::ElsewhereOrder& row : rows) *response->add_orders() = std::move(row);
  if (response->orders_size() == range.most) {
    const elsewhere_pb::ElsewhereOrder& last = response->orders(range.most - 1);
    response->set_next_page_token(std::to_string(wire::FromProto(last.reject_time()).nanos) + "." +
                                  last.order().order_id());
  }
  for (const elsewhere_pb::ElsewherePolicy& policy : desk_.policies().all()) *response->add_policies() = policy;
  return absl::OkStatus();
}

}  // namespace ballast
