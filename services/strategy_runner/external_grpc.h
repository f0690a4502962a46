#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "ballast/external/v1/external_strategy_service.grpc.pb.h"
#include "libs/base/clock.h"
#include "libs/base/secret.h"
#include "libs/platform/log/log.h"
#include "libs/platform/thread/bounded_queue.h"
#include "services/strategy_runner/external_store.h"
#include "services/strategy_runner/runner.h"

namespace ballast {

// The streams of the processes that external strategies run in: who they are and what they are is looked at here, and
// stored before the runner hears of them.
class ExternalGrpc final : public external::v1::ExternalStrategyService::CallbackService {
 public:
  // An empty token lets nobody in.
  ExternalGrpc(Secret token, ExternalShelf& shelf, ExternalStore& store, Runner& runner, const Clock& clock,
               Logger& log)
      : token_(std::move(token)), shelf_(shelf), store_(store), runner_(runner), clock_(clock), log_(log) {}
  ~ExternalGrpc() override { Stop(); }
  void Start();
  void Stop();

  grpc::ServerBidiReactor<external::v1::ConnectRequest, external::v1::ConnectResponse>* Connect(
      grpc::CallbackServerContext*) override;

 private:
  struct Stream;
  void OnMessage(const std::shared_ptr<Stream>& stream, external::v1::ConnectRequest& request);
  // The writer thread.
  absl::Status Register(const external::v1::Registration& registration);

  Secret token_;
  ExternalShelf& shelf_;
  ExternalStore& store_;
  Runner& runner_;
  const Clock& clock_;
  Logger& log_;
  std::atomic<std::uint64_t> last_session_{0};
  std::atomic<int> streams_{0};
  BoundedQueue<std::function<void()>> writes_{50};
  std::thread writer_;
};

}  // namespace ballast
