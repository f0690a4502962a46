#include "services/strategy_runner/backtest_grpc.h"

#include <algorithm>
#include <filesystem>
#include <limits>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "services/strategy_runner/backtest_plan.h"

namespace ballast {
namespace {

namespace bt = backtest::v1;

constexpr int kBacktestPageMax = 500;
constexpr int kBacktestPage = 100;
// No suite has made more runs: a token beyond that was never given out.
constexpr std::int64_t kBacktestNumberMax = std::numeric_limits<std::int32_t>::max();

absl::Status NoSuchBacktest(const std::string& id) {
  return absl::NotFoundError(ToAbsl("there is no backtest '" + Shortened(id, 64) + "'"));
}

}  // namespace

void BacktestGrpc::OnDesk(grpc::ServerUnaryReactor* reactor, std::function<absl::Status()> work) {
  if (!desk_.Run([reactor, work = std::move(work)] { reactor->Finish(ToGrpc(work())); }))
    reactor->Finish({grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again"});
}

grpc::ServerUnaryReactor* BacktestGrpc::CreateBacktest(grpc::CallbackServerContext* context,
                                                       const bt::CreateBacktestRequest* request,
                                                       bt::CreateBacktestResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  check.Id("request_id", request->request_id());
  BacktestPlan plan = PlanOf(request->spec(), rules_, check.errors());
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  OnDesk(reactor, [this, request = *request, plan = std::move(plan), response]() -> absl::Status {
    BacktestRow row{.request_id = request.request_id(),
                    .spec = request.spec(),
                    .strategy_id = plan.strategy_id,
                    .fingerprint = plan.fingerprint,
                    .actor = request.actor()};
    ASSIGN_OR_RETURN(BacktestRow stored, desk_.Create(std::move(row)));
    ToProto(stored, response->mutable_backtest());
    return absl::OkStatus();
  });
  return reactor;
}

grpc::ServerUnaryReactor* BacktestGrpc::GetBacktest(grpc::CallbackServerContext* context,
                                                    const bt::GetBacktestRequest* request,
                                                    bt::GetBacktestResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  OnDesk(reactor, [this, id = request->backtest_id(), response]() -> absl::Status {
    std::int64_t number = NumberOfBacktest(id);
    if (number == 0) return NoSuchBacktest(id);
    ASSIGN_OR_RETURN(BacktestRow row, desk_.Find(number));
    ToProto(row, response->mutable_backtest());
    return absl::OkStatus();
  });
  return reactor;
}

grpc::ServerUnaryReactor* BacktestGrpc::GetBacktestReport(grpc::CallbackServerContext* context,
                                                          const bt::GetBacktestReportRequest* request,
                                                          bt::GetBacktestReportResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  OnDesk(reactor, [this, id = request->backtest_id(), response]() -> absl::Status {
    std::int64_t number = NumberOfBacktest(id);
    if (number == 0) return NoSuchBacktest(id);
    ASSIGN_OR_RETURN(*response->mutable_report(), desk_.Report(number));
    return absl::OkStatus();
  });
  return reactor;
}

grpc::ServerUnaryReactor* BacktestGrpc::ListBacktests(grpc::CallbackServerContext* context,
                                                      const bt::ListBacktestsRequest* request,
                                                      bt::ListBacktestsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  std::int64_t before = 0;
  check.Range("page_size", request->page_size(), 0, kBacktestPageMax);
  check.Token("page_token", request->page_token(), &before);
  if (before > kBacktestNumberMax)
    check.Refuse("page_token", RejectReason::kMalformed, "a next_page_token of this list expected");
  check.Text("strategy_id", request->strategy_id(), 200);
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  int size = request->page_size() == 0 ? kBacktestPage : request->page_size();
  OnDesk(reactor,
         [this, strategy = request->strategy_id(), kind = request->kind(), before, size, response]() -> absl::Status {
           // One more says whether there is another page.
           ASSIGN_OR_RETURN(std::vector<BacktestRow> rows, desk_.List(strategy, kind, before, size + 1));
           if (rows.size() > static_cast<std::size_t>(size)) {
             rows.resize(static_cast<std::size_t>(size));
             response->set_next_page_token(std::to_string(rows.back().number));
           }
           for (const BacktestRow& row : rows) ToProto(row, response->add_backtests());
           return absl::OkStatus();
         });
  return reactor;
}

grpc::ServerUnaryReactor* BacktestGrpc::CancelBacktest(grpc::CallbackServerContext* context,
                                                       const bt::CancelBacktestRequest* request,
                                                       bt::CancelBacktestResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  OnDesk(reactor, [this, id = request->backtest_id(), actor = request->actor(), response]() -> absl::Status {
    std::int64_t number = NumberOfBacktest(id);
    if (number == 0) return NoSuchBacktest(id);
    ASSIGN_OR_RETURN(BacktestRow row, desk_.Cancel(number, actor.empty() ? "somebody" : Shortened(actor, 100)));
    ToProto(row, response->mutable_backtest());
    return absl::OkStatus();
  });
  return reactor;
}

grpc::ServerUnaryReactor* BacktestGrpc::DeleteBacktest(grpc::CallbackServerContext* context,
                                                       const bt::DeleteBacktestRequest* request,
                                                       bt::DeleteBacktestResponse*) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  OnDesk(reactor, [this, id = request->backtest_id()]() -> absl::Status {
    std::int64_t number = NumberOfBacktest(id);
    return number == 0 ? NoSuchBacktest(id) : desk_.Delete(number);
  });
  return reactor;
}

grpc::ServerWriteReactor<bt::StreamBacktestsResponse>* BacktestGrpc::StreamBacktests(
    grpc::CallbackServerContext*, const bt::StreamBacktestsRequest*) {
  auto session = StreamSession<bt::StreamBacktestsResponse>::Make([] {});
  bool taken = desk_.Run([this, session] {
    if (absl::Status status = desk_.Follow(session); !status.ok()) session->Close(ToGrpc(status));
  });
  if (!taken) session->Close({grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again"});
  return session.get();
}

grpc::ServerUnaryReactor* BacktestGrpc::ListRecordedMarkets(grpc::CallbackServerContext* context,
                                                            const bt::ListRecordedMarketsRequest*,
                                                            bt::ListRecordedMarketsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  OnDesk(reactor, [this, response]() -> absl::Status {
    constexpr std::string_view kTail = "_1m_trades.csv.gz";
    std::vector<std::string> symbols;
    std::error_code failed;
    // Step by step: a range-for would throw where the folder cannot be read on.
    for (std::filesystem::directory_iterator at(data_, failed), end; !failed && at != end; at.increment(failed)) {
      std::string name = at->path().filename().string();
      if (name.size() > kTail.size() && name.ends_with(kTail))
        symbols.push_back(name.substr(0, name.size() - kTail.size()));
    }
    std::sort(symbols.begin(), symbols.end());
    for (const std::string& symbol : symbols) {
      bt::RecordedMarket* market = response->add_markets();
      market->set_symbol(symbol);
      market->set_timeframe("1m");
    }
    return absl::OkStatus();
  });
  return reactor;
}

}  // namespace ballast
