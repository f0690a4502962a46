#pragma once

#include "ballast/broker/v1/broker_service.grpc.pb.h"
#include "ballast/broker/v1/market_data_service.grpc.pb.h"
#include "services/broker_gateway/engine.h"
#include "services/broker_gateway/history_reader.h"
#include "services/broker_gateway/release_guard.h"

namespace ballast {

// Decode, hand to the engine, encode. Decides nothing. What is in memory is asked on the engine's thread, history on
// the reader's.
class BrokerGrpc final : public broker::v1::BrokerService::CallbackService {
 public:
  // `kill_writer` is not the reader of the storage: the switch works without it.
  BrokerGrpc(Engine& engine, BrokerStore& store, HistoryReader& reader, KillDesk& kill, ReleaseGuard& guard,
             HistoryReader& kill_writer)
      : engine_(engine), store_(store), reader_(reader), kill_(kill), guard_(guard), kill_writer_(kill_writer) {}

  grpc::ServerBidiReactor<broker::v1::OrderSessionRequest, broker::v1::OrderSessionResponse>* OrderSession(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* QueryOrder(grpc::CallbackServerContext* context,
                                       const broker::v1::QueryOrderRequest* request,
                                       broker::v1::QueryOrderResponse* response) override;
  grpc::ServerUnaryReactor* ListOpenOrders(grpc::CallbackServerContext* context,
                                           const broker::v1::ListOpenOrdersRequest* request,
                                           broker::v1::ListOpenOrdersResponse* response) override;
  grpc::ServerUnaryReactor* ListExecutions(grpc::CallbackServerContext* context,
                                           const broker::v1::ListExecutionsRequest* request,
                                           broker::v1::ListExecutionsResponse* response) override;
  grpc::ServerUnaryReactor* GetBrokerAccount(grpc::CallbackServerContext* context,
                                             const broker::v1::GetBrokerAccountRequest* request,
                                             broker::v1::GetBrokerAccountResponse* response) override;
  grpc::ServerUnaryReactor* GetVenueStatement(grpc::CallbackServerContext* context,
                                              const broker::v1::GetVenueStatementRequest* request,
                                              broker::v1::GetVenueStatementResponse* response) override;
  grpc::ServerUnaryReactor* ListVenueTrades(grpc::CallbackServerContext* context,
                                            const broker::v1::ListVenueTradesRequest* request,
                                            broker::v1::ListVenueTradesResponse* response) override;
  grpc::ServerUnaryReactor* TellVenueTrades(grpc::CallbackServerContext* context,
                                            const broker::v1::TellVenueTradesRequest* request,
                                            broker::v1::TellVenueTradesResponse* response) override;
  grpc::ServerUnaryReactor* AdoptVenueOrder(grpc::CallbackServerContext* context,
                                            const broker::v1::AdoptVenueOrderRequest* request,
                                            broker::v1::AdoptVenueOrderResponse* response) override;
  grpc::ServerUnaryReactor* PlantPaperFault(grpc::CallbackServerContext* context,
                                            const broker::v1::PlantPaperFaultRequest* request,
                                            broker::v1::PlantPaperFaultResponse* response) override;
  grpc::ServerUnaryReactor* ListBrokers(grpc::CallbackServerContext* context,
                                        const broker::v1::ListBrokersRequest* request,
                                        broker::v1::ListBrokersResponse* response) override;
  grpc::ServerUnaryReactor* SetKillSwitch(grpc::CallbackServerContext* context,
                                          const broker::v1::SetKillSwitchRequest* request,
                                          broker::v1::SetKillSwitchResponse* response) override;
  grpc::ServerUnaryReactor* GetKillSwitch(grpc::CallbackServerContext* context,
                                          const broker::v1::GetKillSwitchRequest* request,
                                          broker::v1::GetKillSwitchResponse* response) override;

 private:
  Engine& engine_;
  BrokerStore& store_;
  HistoryReader& reader_;
  KillDesk& kill_;
  ReleaseGuard& guard_;
  HistoryReader& kill_writer_;
};

class MarketDataGrpc final : public broker::v1::MarketDataService::CallbackService {
 public:
  MarketDataGrpc(Engine& engine, BrokerStore& store, HistoryReader& reader)
      : engine_(engine), store_(store), reader_(reader) {}

  grpc::ServerBidiReactor<broker::v1::StreamMarketDataRequest, broker::v1::StreamMarketDataResponse>* StreamMarketData(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* ListInstruments(grpc::CallbackServerContext* context,
                                            const broker::v1::ListInstrumentsRequest* request,
                                            broker::v1::ListInstrumentsResponse* response) override;
  grpc::ServerUnaryReactor* GetQuotes(grpc::CallbackServerContext* context, const broker::v1::GetQuotesRequest* request,
                                      broker::v1::GetQuotesResponse* response) override;
  grpc::ServerUnaryReactor* ListBars(grpc::CallbackServerContext* context, const broker::v1::ListBarsRequest* request,
                                     broker::v1::ListBarsResponse* response) override;
  grpc::ServerUnaryReactor* GetBook(grpc::CallbackServerContext* context, const broker::v1::GetBookRequest* request,
                                    broker::v1::GetBookResponse* response) override;
  grpc::ServerUnaryReactor* GetMarketStatus(grpc::CallbackServerContext* context,
                                            const broker::v1::GetMarketStatusRequest* request,
                                            broker::v1::GetMarketStatusResponse* response) override;

 private:
  Engine& engine_;
  BrokerStore& store_;
  HistoryReader& reader_;
};

}  // namespace ballast
