#pragma once

#include <functional>
#include <thread>

#include "ballast/position/v1/position_service.grpc.pb.h"
#include "libs/platform/thread/bounded_queue.h"
#include "services/positions/keeper.h"
#include "services/positions/postgres_store.h"
#include "services/positions/reconciler.h"

namespace ballast {

class PositionGrpc final : public position::v1::PositionService::CallbackService {
 public:
  PositionGrpc(PositionKeeper& keeper, PostgresPositionStore& store, Reconciler& reconciler,
               ReconciliationStore& breaks)
      : keeper_(keeper), store_(store), reconciler_(reconciler), breaks_(breaks) {}
  ~PositionGrpc() override { Stop(); }
  void Start();
  void Stop();

  grpc::ServerUnaryReactor* ListPositions(grpc::CallbackServerContext*, const position::v1::ListPositionsRequest*,
                                          position::v1::ListPositionsResponse*) override;
  grpc::ServerUnaryReactor* GetAccountSummary(grpc::CallbackServerContext*,
                                              const position::v1::GetAccountSummaryRequest*,
                                              position::v1::GetAccountSummaryResponse*) override;
  grpc::ServerUnaryReactor* ListBookSummaries(grpc::CallbackServerContext*,
                                              const position::v1::ListBookSummariesRequest*,
                                              position::v1::ListBookSummariesResponse*) override;
  grpc::ServerUnaryReactor* ListTrades(grpc::CallbackServerContext*, const position::v1::ListTradesRequest*,
                                       position::v1::ListTradesResponse*) override;
  grpc::ServerUnaryReactor* ListFills(grpc::CallbackServerContext*, const position::v1::ListFillsRequest*,
                                      position::v1::ListFillsResponse*) override;
  grpc::ServerUnaryReactor* ListEquityPoints(grpc::CallbackServerContext*, const position::v1::ListEquityPointsRequest*,
                                             position::v1::ListEquityPointsResponse*) override;
  grpc::ServerUnaryReactor* VerifyAccount(grpc::CallbackServerContext*, const position::v1::VerifyAccountRequest*,
                                          position::v1::VerifyAccountResponse*) override;
  grpc::ServerUnaryReactor* ListBreaks(grpc::CallbackServerContext*, const position::v1::ListBreaksRequest*,
                                       position::v1::ListBreaksResponse*) override;
  grpc::ServerUnaryReactor* DecideExternal(grpc::CallbackServerContext*, const position::v1::DecideExternalRequest*,
                                           position::v1::DecideExternalResponse*) override;
  grpc::ServerUnaryReactor* AcknowledgeBreak(grpc::CallbackServerContext*, const position::v1::AcknowledgeBreakRequest*,
                                             position::v1::AcknowledgeBreakResponse*) override;
  grpc::ServerUnaryReactor* ListTieOuts(grpc::CallbackServerContext*, const position::v1::ListTieOutsRequest*,
                                        position::v1::ListTieOutsResponse*) override;
  grpc::ServerWriteReactor<position::v1::StreamPositionsResponse>* StreamPositions(
      grpc::CallbackServerContext*, const position::v1::StreamPositionsRequest*) override;

 private:
  // Runs `read` on the reader thread, never on a gRPC thread, and finishes the call with what it returns.
  grpc::ServerUnaryReactor* Read(grpc::CallbackServerContext* context, std::function<absl::Status()> read);

  PositionKeeper& keeper_;
  PostgresPositionStore& store_;
  Reconciler& reconciler_;
  ReconciliationStore& breaks_;
  BoundedQueue<std::function<void()>> reads_{1000};
  std::thread reader_;
};

}  // namespace ballast
