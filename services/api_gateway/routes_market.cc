#include "services/api_gateway/api.h"

namespace ballast {
namespace {

using BrokerAsync = broker::v1::BrokerService::StubInterface::async_interface;
using MarketAsync = broker::v1::MarketDataService::StubInterface::async_interface;

void ShowStatus(const CallPtr& call) { call->Answer(200, call->gateway.status()); }

void ListBrokers(const CallPtr& call) {
  call->Forward(call->gateway.peers.broker, &BrokerAsync::ListBrokers, broker::v1::ListBrokersRequest());
}

void ListInstruments(const CallPtr& call) {
  call->Forward(call->gateway.peers.market, &MarketAsync::ListInstruments, broker::v1::ListInstrumentsRequest());
}

void GetQuotes(const CallPtr& call) {
  broker::v1::GetQuotesRequest request;
  std::string symbols = call->Query("symbols");
  std::string_view rest = symbols;
  while (!rest.empty()) {
    std::size_t end = std::min(rest.find(','), rest.size());
    if (end > 0) request.add_symbols(std::string(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  call->Forward(call->gateway.peers.market, &MarketAsync::GetQuotes, request,
                [call](broker::v1::GetQuotesResponse& response) {
                  Json quotes = Json::array();
                  for (const broker::v1::Quote& quote : response.quotes())
                    quotes.push_back(call->gateway.quote_row(quote));
                  call->Answer(200, Json{{"quotes", std::move(quotes)}});
                });
}

void ListBars(const CallPtr& call) {
  broker::v1::ListBarsRequest request;
  int limit = 0;
  if (!call->ReadNumber("limit", &limit)) return;
  request.set_symbol(call->Query("symbol"));
  request.set_timeframe(call->Query("timeframe"));
  request.set_limit(limit);
  call->Forward(call->gateway.peers.market, &MarketAsync::ListBars, request);
}

void GetBook(const CallPtr& call) {
  broker::v1::GetBookRequest request;
  request.set_symbol(call->Query("symbol"));
  call->Forward(call->gateway.peers.market, &MarketAsync::GetBook, request);
}

void GetMarket(const CallPtr& call) {
  call->Forward(call->gateway.peers.market, &MarketAsync::GetMarketStatus, broker::v1::GetMarketStatusRequest());
}

}  // namespace

std::vector<Route> MarketRoutes() {
  return {
      {"GET", "/api/live/status", ShowStatus},
      {"GET", "/api/live/brokers", ListBrokers},
      {"GET", "/api/live/instruments", ListInstruments},
      {"GET", "/api/live/quotes", GetQuotes},
      {"GET", "/api/live/bars", ListBars},
      {"GET", "/api/live/book", GetBook},
      {"GET", "/api/live/market", GetMarket},
  };
}

}  // namespace ballast
