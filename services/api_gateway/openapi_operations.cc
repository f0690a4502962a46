#include "services/api_gateway/openapi.h"

namespace ballast {

const std::vector<Operation>& Operations() {
  static const std::vector<Operation> kOperations = {
      {"POST", "/api/session", "Sign in", "", "token", "csrf_token"},
      {"GET", "/api/session", "The session", "", "", "csrf_token"},
      {"DELETE", "/api/session", "Sign out"},
      {"GET", "/api/openapi.json", "This document"},

      {"GET", "/api/live/status", "Services, market, summary, positions, deployments", "", "",
       "gateway.v1.GetStatusResponse"},
      {"GET", "/api/live/brokers", "Brokers", "", "", "brokers[]:broker.v1.Broker"},
      {"GET", "/api/live/instruments", "Instruments", "", "", "instruments[]:broker.v1.Instrument"},
      {"GET", "/api/live/quotes", "Newest quotes", "symbols", "", "quotes[]:broker.v1.Quote"},
      {"GET", "/api/live/bars", "Bars, oldest first", "symbol, timeframe, limit:integer", "", "bars[]:broker.v1.Bar"},
      {"GET", "/api/live/book", "The venue's book", "symbol", "", "broker.v1.GetBookResponse"},
      {"GET", "/api/live/market", "Market status", "", "", "broker.v1.GetMarketStatusResponse"},

      {"GET", "/api/live/accounts", "Accounts", "", "", "accounts[]:order.v1.Account"},
      {"POST", "/api/live/orders", "Submit an order; the same request_id is one order", "",
       "order.v1.SubmitOrderRequest", "order.v1.SubmitOrderResponse", 201},
      {"POST", "/api/live/orders/preview", "What risk would say; nothing is reserved", "",
       "order.v1.SubmitOrderRequest", "risk.v1.PreviewOrderResponse"},
      {"GET", "/api/live/orders", "Orders, newest first",
       "account_id, symbol, deployment_id, status, working:bool, page_size:integer, page_token", "",
       "order.v1.ListOrdersResponse"},
      {"GET", "/api/live/orders/statistics", "How orders ended and how long it took",
       "account_id, symbol, deployment_id, window_seconds:integer", "", "order.v1.GetOrderStatisticsResponse"},
      {"GET", "/api/live/orders/{id}", "One order", "", "", "order.v1.GetOrderResponse"},
      {"GET", "/api/live/orders/{id}/events", "Its events, oldest first", "", "", "order.v1.ListOrderEventsResponse"},
      {"DELETE", "/api/live/orders/{id}", "Cancel it", "", "", "order.v1.CancelOrderResponse"},
      {"POST", "/api/live/orders/cancel-all", "Cancel all orders", "", "account_id, symbol, deployment_id",
       "order.v1.CancelAllOrdersResponse"},

      {"GET", "/api/live/positions", "Positions", "account_id, by_deployment:bool, deployment_id", "",
       "position.v1.ListPositionsResponse"},
      {"GET", "/api/live/summary", "The account's figures", "account_id", "",
       "summary:position.v1.AccountSummary, risk:risk.v1.GetRiskStateResponse"},
      {"GET", "/api/live/books", "Figures by deployment", "account_id", "", "books[]:position.v1.BookSummary"},
      {"GET", "/api/live/trades", "Round trips, newest first",
       "account_id, deployment_id, symbol, page_size:integer, page_token", "", "position.v1.ListTradesResponse"},
      {"GET", "/api/live/fills", "Fills, newest first",
       "account_id, deployment_id, symbol, page_size:integer, page_token", "", "position.v1.ListFillsResponse"},
      {"GET", "/api/live/equity", "The equity curve, oldest first", "account_id, limit:integer", "",
       "points[]:position.v1.EquityPoint"},
      {"POST", "/api/live/positions/verify", "Recompute the books from every fill", "", "account_id",
       "position.v1.VerifyAccountResponse"},

      {"GET", "/api/live/risk", "The state of risk, and the limits", "account_id", "", "risk.v1.GetRiskStateResponse"},
      {"PUT", "/api/live/risk/limits", "Change the limits that were read", "",
       "request_id, limits:risk.v1.Limits, reason", "limits:risk.v1.Limits"},
      {"POST", "/api/live/emergency", "K1 halts the account, K2 also cancels all orders", "",
       "level, account_id, reason", "account:order.v1.Account, orders[]:order.v1.Order"},
      {"POST", "/api/live/emergency/resume", "Let the account trade again; tripped loss rules are re-armed", "",
       "account_id, reason", "account:order.v1.Account, rearmed[], loss_rules[]:risk.v1.LossRule, baseline"},
      {"POST", "/api/trading/emergency-stop", "Halt, cancel, stop deployments, close positions", "",
       "account_id, reason, close_positions:bool",
       "account:order.v1.Account, orders[]:order.v1.Order, deployments[]:strategy.v1.Deployment, "
       "closing_orders[]:order.v1.Order"},

      {"GET", "/api/trading/strategies", "Strategies and their parameters", "", "",
       "strategy.v1.ListStrategiesResponse"},
      {"POST", "/api/trading/check", "What a deployment would need", "", "spec:strategy.v1.DeploymentSpec",
       "passed:bool, prerequisites[]:strategy.v1.Prerequisite"},
      {"POST", "/api/trading/deploy", "Make a deployment; the same request_id is one deployment", "",
       "request_id, spec:strategy.v1.DeploymentSpec, start:bool",
       "deployment:strategy.v1.Deployment, prerequisites[]:strategy.v1.Prerequisite"},
      {"POST", "/api/trading/start/{id}", "Start it", "", "",
       "deployment:strategy.v1.Deployment, prerequisites[]:strategy.v1.Prerequisite"},
      {"POST", "/api/trading/pause/{id}", "No entries; exits go on", "", "", "deployment:strategy.v1.Deployment"},
      {"POST", "/api/trading/resume/{id}", "Entries again", "", "", "deployment:strategy.v1.Deployment"},
      {"POST", "/api/trading/stop/{id}", "Stop it", "", "close_positions:bool", "deployment:strategy.v1.Deployment"},
      {"GET", "/api/trading/deployments", "Deployments", "account_id", "", "deployments[]:strategy.v1.Deployment"},
      {"GET", "/api/trading/deployment/{id}", "One deployment", "", "", "deployment:strategy.v1.Deployment"},
      {"GET", "/api/trading/positions/{id}", "Its positions", "", "", "position.v1.ListPositionsResponse"},
      {"GET", "/api/trading/history/{id}", "Its round trips, newest first", "page_size:integer, page_token", "",
       "position.v1.ListTradesResponse"},
      {"GET", "/api/trading/decisions/{id}", "Its decisions, newest first", "page_size:integer, page_token", "",
       "strategy.v1.ListDecisionsResponse"},

      {"GET", "/api/alerts", "Alerts, newest first",
       "min_level, unacknowledged_only:bool, page_size:integer, page_token", "", "alert.v1.ListAlertsResponse"},
      {"POST", "/api/alerts/{id}/acknowledge", "Acknowledge one", "", "", "alert:alert.v1.Alert"},
      {"GET", "/api/audit", "Audit records, newest first", "account_id, action, subject, page_size:integer, page_token",
       "", "audit.v1.ListRecordsResponse"},
      {"POST", "/api/audit/verify", "Recompute every hash", "", "", "audit.v1.VerifyChainResponse"},
      {"GET", "/api/audit/head", "The chain's head", "", "", "audit.v1.GetHeadResponse"},
  };
  return kOperations;
}

}  // namespace ballast
