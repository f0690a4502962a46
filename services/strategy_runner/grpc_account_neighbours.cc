#include "services/strategy_runner/grpc_account_neighbours.h"

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/channel.h"
#include "libs/wire/wire.h"
#include "services/strategy_runner/neighbour_deadline.h"

namespace ballast {
namespace {

namespace order_pb = order::v1;
namespace position_pb = position::v1;
using Orders = order_pb::OrderService;
using PositionsCalls = position_pb::PositionService;

constexpr std::int64_t kDayEndDeadlineNs = kNeighbourDeadline.nanos;
constexpr int kPageRows = 500;
constexpr std::size_t kRowsMax = 2'000;

// `take` makes the answer of a response.
template <typename Response, typename T, typename Take>
std::function<void(absl::StatusOr<Response>)> Part(AccountNeighbours::Answer<T> answer, Take take) {
  return [answer = std::move(answer), take](absl::StatusOr<Response> response) {
    if (!response.ok()) return answer(response.status());
    answer(take(*response));
  };
}

template <typename T, typename Rows>
std::vector<T> Moved(Rows& rows) {
  return {std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end())};
}

}  // namespace

struct GrpcAccountNeighbours::OrderPages {
  order_pb::ListOrdersRequest request;
  std::vector<order_pb::Order> rows;
  Answer<std::vector<order_pb::Order>> answer;
};
struct GrpcAccountNeighbours::TradePages {
  position_pb::ListTradesRequest request;
  UtcTime after;
  std::vector<position_pb::Trade> rows;
  Answer<std::vector<position_pb::Trade>> answer;
};

GrpcAccountNeighbours::GrpcAccountNeighbours(const Config& config)
    : orders_(Orders::NewStub(MakeChannel(config.GetString("order_management_address")))),
      positions_(PositionsCalls::NewStub(MakeChannel(config.GetString("positions_address")))),
      asker_(kDayEndDeadlineNs) {}

void GrpcAccountNeighbours::WorkingOrders(const std::string& account, Answer<std::vector<order_pb::Order>> answer) {
  auto pages = std::make_shared<OrderPages>();
  pages->request.set_account_id(account);
  pages->request.set_working_only(true);
  pages->request.set_page_size(kPageRows);
  pages->answer = std::move(answer);
  NextOrders(std::move(pages));
}

void GrpcAccountNeighbours::NextOrders(std::shared_ptr<OrderPages> pages) {
  std::function<void(absl::StatusOr<order_pb::ListOrdersResponse>)> next =
      [this, pages](absl::StatusOr<order_pb::ListOrdersResponse> response) {
        if (!response.ok()) return pages->answer(response.status());
        for (order_pb::Order& order : *response->mutable_orders()) pages->rows.push_back(std::move(order));
        if (response->next_page_token().empty()) return pages->answer(std::move(pages->rows));
        if (pages->rows.size() >= kRowsMax) return pages->answer(absl::OutOfRangeError("too many working orders"));
        pages->request.set_page_token(response->next_page_token());
        NextOrders(pages);
      };
  asker_.Ask(orders_->async(),
             BALLAST_ASYNC(Orders, ListOrders, order_pb::ListOrdersRequest, order_pb::ListOrdersResponse),
             pages->request, std::move(next));
}

void GrpcAccountNeighbours::Order(const std::string& order_id, Answer<order_pb::Order> answer) {
  order_pb::GetOrderRequest request;
  request.set_order_id(order_id);
  asker_.Ask(orders_->async(), BALLAST_ASYNC(Orders, GetOrder, order_pb::GetOrderRequest, order_pb::GetOrderResponse),
             std::move(request), Part<order_pb::GetOrderResponse>(std::move(answer), [](auto& response) {
               return std::move(*response.mutable_order());
             }));
}

void GrpcAccountNeighbours::Written(const std::string& account, Answer<std::uint64_t> answer) {
  std::function<void(absl::StatusOr<order_pb::ListAccountsResponse>)> got =
      [account, answer = std::move(answer)](absl::StatusOr<order_pb::ListAccountsResponse> response) {
        if (!response.ok()) return answer(response.status());
        for (const order_pb::Account& one : response->accounts()) {
          if (one.account_id() == account) return answer(one.last_sequence());
        }
        answer(absl::NotFoundError(ToAbsl("there is no account " + account)));
      };
  asker_.Ask(orders_->async(),
             BALLAST_ASYNC(Orders, ListAccounts, order_pb::ListAccountsRequest, order_pb::ListAccountsResponse),
             order_pb::ListAccountsRequest(), std::move(got));
}

void GrpcAccountNeighbours::Summary(const std::string& account, Answer<position_pb::AccountSummary> answer) {
  position_pb::GetAccountSummaryRequest request;
  request.set_account_id(account);
  asker_.Ask(positions_->async(),
             BALLAST_ASYNC(PositionsCalls, GetAccountSummary, position_pb::GetAccountSummaryRequest,
                           position_pb::GetAccountSummaryResponse),
             std::move(request), Part<position_pb::GetAccountSummaryResponse>(std::move(answer), [](auto& response) {
               return std::move(*response.mutable_summary());
             }));
}

void GrpcAccountNeighbours::Positions(const std::string& account, Answer<std::vector<position_pb::Position>> answer) {
  position_pb::ListPositionsRequest request;
  request.set_account_id(account);
  request.set_by_deployment(true);
  asker_.Ask(positions_->async(),
             BALLAST_ASYNC(PositionsCalls, ListPositions, position_pb::ListPositionsRequest,
                           position_pb::ListPositionsResponse),
             std::move(request), Part<position_pb::ListPositionsResponse>(std::move(answer), [](auto& response) {
               return Moved<position_pb::Position>(*response.mutable_positions());
             }));
}

void GrpcAccountNeighbours::Books(const std::string& account, Answer<std::vector<position_pb::BookSummary>> answer) {
  position_pb::ListBookSummariesRequest request;
  request.set_account_id(account);
  asker_.Ask(positions_->async(),
             BALLAST_ASYNC(PositionsCalls, ListBookSummaries, position_pb::ListBookSummariesRequest,
                           position_pb::ListBookSummariesResponse),
             std::move(request), Part<position_pb::ListBookSummariesResponse>(std::move(answer), [](auto& response) {
               return Moved<position_pb::BookSummary>(*response.mutable_books());
             }));
}

void GrpcAccountNeighbours::Trades(const std::string& account, UtcTime after,
                                   Answer<std::vector<position_pb::Trade>> answer) {
  auto pages = std::make_shared<TradePages>();
  pages->request.set_account_id(account);
  pages->request.set_page_size(kPageRows);
  pages->after = after;
  pages->answer = std::move(answer);
  NextTrades(std::move(pages));
}

void GrpcAccountNeighbours::NextTrades(std::shared_ptr<TradePages> pages) {
  std::function<void(absl::StatusOr<position_pb::ListTradesResponse>)> next =
      [this, pages](absl::StatusOr<position_pb::ListTradesResponse> response) {
        if (!response.ok()) return pages->answer(response.status());
        for (position_pb::Trade& trade : *response->mutable_trades()) {
          if (wire::FromProto(trade.exit_time()) <= pages->after || pages->rows.size() >= kRowsMax)
            return pages->answer(std::move(pages->rows));
          pages->rows.push_back(std::move(trade));
        }
        if (response->next_page_token().empty()) return pages->answer(std::move(pages->rows));
        pages->request.set_page_token(response->next_page_token());
        NextTrades(pages);
      };
  asker_.Ask(positions_->async(),
             BALLAST_ASYNC(PositionsCalls, ListTrades, position_pb::ListTradesRequest, position_pb::ListTradesResponse),
             pages->request, std::move(next));
}

void GrpcAccountNeighbours::TieOut(const std::string& account, Answer<position_pb::TieOut> answer) {
  position_pb::ListTieOutsRequest request;
  request.set_account_id(account);
  request.set_page_size(1);
  asker_.Ask(
      positions_->async(),
      BALLAST_ASYNC(PositionsCalls, ListTieOuts, position_pb::ListTieOutsRequest, position_pb::ListTieOutsResponse),
      std::move(request), Part<position_pb::ListTieOutsResponse>(std::move(answer), [](auto& response) {
        return response.tie_outs().empty() ? position_pb::TieOut() : response.tie_outs(0);
      }));
}

void GrpcAccountNeighbours::OpenBreaks(const std::string& account, Answer<int> answer) {
  position_pb::ListBreaksRequest request;
  request.set_account_id(account);
  std::function<void(absl::StatusOr<position_pb::ListBreaksResponse>)> got =
      [account, answer = std::move(answer)](absl::StatusOr<position_pb::ListBreaksResponse> response) {
        if (!response.ok()) return answer(response.status());
        for (const position_pb::ReconciliationStatus& status : response->accounts()) {
          if (status.account_id() == account && status.has_positions_time()) return answer(status.open_breaks());
        }
        answer(absl::UnavailableError("the account has not been compared with the venue yet"));
      };
  asker_.Ask(positions_->async(),
             BALLAST_ASYNC(PositionsCalls, ListBreaks, position_pb::ListBreaksRequest, position_pb::ListBreaksResponse),
             std::move(request), std::move(got));
}

void GrpcAccountNeighbours::Unprotected(const std::string& account, Answer<int> answer) {
  order_pb::ListProtectionsRequest request;
  request.set_account_id(account);
  asker_.Ask(
      orders_->async(),
      BALLAST_ASYNC(Orders, ListProtections, order_pb::ListProtectionsRequest, order_pb::ListProtectionsResponse),
      std::move(request), Part<order_pb::ListProtectionsResponse>(std::move(answer), [](auto& response) {
        int missing = 0;
        for (const order_pb::Protection& one : response.protections())
          missing += one.state() == order_pb::PROTECTION_STATE_MISSING ? 1 : 0;
        return missing;
      }));
}

void GrpcAccountNeighbours::Cancel(const order_pb::CancelOrderRequest& request,
                                   Answer<order_pb::CancelOrderResponse> answer) {
  asker_.Ask(orders_->async(),
             BALLAST_ASYNC(Orders, CancelOrder, order_pb::CancelOrderRequest, order_pb::CancelOrderResponse), request,
             std::move(answer));
}

void GrpcAccountNeighbours::Close(const order_pb::ClosePositionRequest& request,
                                  Answer<order_pb::SubmitOrderResponse> answer) {
  asker_.Ask(orders_->async(),
             BALLAST_ASYNC(Orders, ClosePosition, order_pb::ClosePositionRequest, order_pb::SubmitOrderResponse),
             request, std::move(answer));
}

}  // namespace ballast
