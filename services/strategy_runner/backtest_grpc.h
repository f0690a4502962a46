#pragma once

#include <functional>

#include "ballast/backtest/v1/backtest_service.grpc.pb.h"
#include "services/strategy_runner/backtest_desk.h"

namespace ballast {

// Decode, hand to the desk, encode; nothing waits on a gRPC thread.
class BacktestGrpc final : public backtest::v1::BacktestService::CallbackService {
 public:
  // `data`: the folder of recorded minutes.
  BacktestGrpc(BacktestDesk& desk, const RuleShelf& rules, std::string data)
      : desk_(desk), rules_(rules), data_(std::move(data)) {}

  grpc::ServerUnaryReactor* CreateBacktest(grpc::CallbackServerContext*, const backtest::v1::CreateBacktestRequest*,
                                           backtest::v1::CreateBacktestResponse*) override;
  grpc::ServerUnaryReactor* GetBacktest(grpc::CallbackServerContext*, const backtest::v1::GetBacktestRequest*,
                                        backtest::v1::GetBacktestResponse*) override;
  grpc::ServerUnaryReactor* GetBacktestReport(grpc::CallbackServerContext*,
                                              const backtest::v1::GetBacktestReportRequest*,
                                              backtest::v1::GetBacktestReportResponse*) override;
  grpc::ServerUnaryReactor* ListBacktests(grpc::CallbackServerContext*, const backtest::v1::ListBacktestsRequest*,
                                          backtest::v1::ListBacktestsResponse*) override;
  grpc::ServerUnaryReactor* CancelBacktest(grpc::CallbackServerContext*, const backtest::v1::CancelBacktestRequest*,
                                           backtest::v1::CancelBacktestResponse*) override;
  grpc::ServerUnaryReactor* DeleteBacktest(grpc::CallbackServerContext*, const backtest::v1::DeleteBacktestRequest*,
                                           backtest::v1::DeleteBacktestResponse*) override;
  grpc::ServerWriteReactor<backtest::v1::StreamBacktestsResponse>* StreamBacktests(
      grpc::CallbackServerContext*, const backtest::v1::StreamBacktestsRequest*) override;
  grpc::ServerUnaryReactor* ListRecordedMarkets(grpc::CallbackServerContext*,
                                                const backtest::v1::ListRecordedMarketsRequest*,
                                                backtest::v1::ListRecordedMarketsResponse*) override;

 private:
  // Runs `work` on the desk's thread and finishes the call with what it returns.
  void OnDesk(grpc::ServerUnaryReactor* reactor, std::function<absl::Status()> work);

  BacktestDesk& desk_;
  const RuleShelf& rules_;
  const std::string data_;
};

}  // namespace ballast
