#pragma once

#include "ballast/alert/v1/alert_service.grpc.pb.h"
#include "services/alerts/alert_machine.h"

namespace ballast {

class AlertGrpc final : public alert::v1::AlertService::CallbackService {
 public:
  AlertGrpc(AlertMachine& machine, AlertStore& store) : machine_(machine), store_(store) {}

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
  AlertMachine& machine_;
  // Read on the machine's thread: never on a gRPC thread.
  AlertStore& store_;
};

}  // namespace ballast
