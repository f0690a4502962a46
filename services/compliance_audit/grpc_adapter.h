#pragma once

#include "ballast/audit/v1/audit_service.grpc.pb.h"
#include "services/compliance_audit/chain_machine.h"
#include "services/compliance_audit/chain_verifier.h"

namespace ballast {

class AuditGrpc final : public audit::v1::AuditService::CallbackService {
 public:
  AuditGrpc(ChainMachine& machine, ChainVerifier& verifier, ChainKeeper& keeper, AuditStore& store)
      : machine_(machine), verifier_(verifier), keeper_(keeper), store_(store) {}

  grpc::ServerUnaryReactor* AppendRecord(grpc::CallbackServerContext* context,
                                         const audit::v1::AppendRecordRequest* request,
                                         audit::v1::AppendRecordResponse* response) override;
  grpc::ServerUnaryReactor* ListRecords(grpc::CallbackServerContext* context,
                                        const audit::v1::ListRecordsRequest* request,
                                        audit::v1::ListRecordsResponse* response) override;
  grpc::ServerUnaryReactor* VerifyChain(grpc::CallbackServerContext* context,
                                        const audit::v1::VerifyChainRequest* request,
                                        audit::v1::VerifyChainResponse* response) override;
  grpc::ServerUnaryReactor* GetHead(grpc::CallbackServerContext* context, const audit::v1::GetHeadRequest* request,
                                    audit::v1::GetHeadResponse* response) override;

 private:
  ChainMachine& machine_;
  ChainVerifier& verifier_;
  // For what any thread may ask it.
  ChainKeeper& keeper_;
  // Read on the machine's thread: never on a gRPC thread.
  AuditStore& store_;
};

}  // namespace ballast
