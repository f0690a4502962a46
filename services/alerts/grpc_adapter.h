#pragma once

#include <functional>
#include <thread>

#include "ballast/alert/v1/alert_service.grpc.pb.h"
#include "libs/platform/thread/bounded_queue.h"
#include "services/alerts/alert_keeper.h"

namespace ballast {

class AlertGrpc final : public alert::v1::AlertService::CallbackService {
 public:
  // `tick` runs on the worker at least once a second.
  AlertGrpc(AlertKeeper& keeper, AlertStore& store, std::function<void()> tick)
      : keeper_(keeper), store_(store), tick_(std::move(tick)) {}
  ~AlertGrpc() override { Stop(); }
  void Start();
  void Stop();

  grpc::ServerUnaryReactor* ListAlerts(grpc::CallbackServerContext* context,
                                       const alert::v1::ListAlertsRequest* request,
                                       alert::v1::ListAlertsResponse* response) override;
  grpc::ServerUnaryReactor* AcknowledgeAlert(grpc::CallbackServerContext* context,
                                             const alert::v1::AcknowledgeAlertRequest* request,
                                             alert::v1::AcknowledgeAlertResponse* response) override;
  grpc::ServerUnaryReactor* AcknowledgeAlerts(grpc::CallbackServerContext* context,
                                              const alert::v1::AcknowledgeAlertsRequest* request,
                                              alert::v1::AcknowledgeAlertsResponse* response) override;
  grpc::ServerUnaryReactor* RaiseAlert(grpc::CallbackServerContext* context,
                                       const alert::v1::RaiseAlertRequest* request,
                                       alert::v1::RaiseAlertResponse* response) override;
  grpc::ServerWriteReactor<alert::v1::StreamAlertsResponse>* StreamAlerts(
      grpc::CallbackServerContext* context, const alert::v1::StreamAlertsRequest* request) override;

 private:
  AlertKeeper& keeper_;
  AlertStore& store_;
  std::function<void()> tick_;
  // What waits for Postgres runs here, never on a gRPC thread.
  BoundedQueue<std::function<void()>> work_{1'000};
  std::thread worker_;
};

}  // namespace ballast
