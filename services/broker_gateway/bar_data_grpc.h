#pragma once

#include "ballast/market/v1/bar_data_service.grpc.pb.h"
#include "services/broker_gateway/bar_data_desk.h"

namespace ballast {

// Decode, hand to the desk, encode.
class BarDataGrpc final : public market::v1::BarDataService::CallbackService {
 public:
  explicit BarDataGrpc(BarDataDesk& desk) : desk_(desk) {}

  grpc::ServerReadReactor<market::v1::ImportBarsRequest>* ImportBars(grpc::CallbackServerContext* context,
                                                                     market::v1::ImportBarsResponse* response) override;
  grpc::ServerUnaryReactor* ListDataSets(grpc::CallbackServerContext* context,
                                         const market::v1::ListDataSetsRequest* request,
                                         market::v1::ListDataSetsResponse* response) override;
  grpc::ServerUnaryReactor* ListGaps(grpc::CallbackServerContext* context, const market::v1::ListGapsRequest* request,
                                     market::v1::ListGapsResponse* response) override;
  grpc::ServerWriteReactor<market::v1::ExportBarsResponse>* ExportBars(
      grpc::CallbackServerContext* context, const market::v1::ExportBarsRequest* request) override;
  grpc::ServerUnaryReactor* DeleteDataSet(grpc::CallbackServerContext* context,
                                          const market::v1::DeleteDataSetRequest* request,
                                          market::v1::DeleteDataSetResponse* response) override;

 private:
  BarDataDesk& desk_;
};

}  // namespace ballast
