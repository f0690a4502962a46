#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "ballast/audit/v1/audit_service.grpc.pb.h"
#include "libs/platform/thread/bounded_queue.h"
#include "services/compliance_audit/chain_keeper.h"

namespace ballast {

class AuditGrpc final : public audit::v1::AuditService::CallbackService {
 public:
  AuditGrpc(ChainKeeper& keeper, AuditStore& store) : keeper_(keeper), store_(store) {}
  ~AuditGrpc() override { Stop(); }
  void Start();
  void Stop();

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
  ChainKeeper& keeper_;
  AuditStore& store_;
  std::atomic<bool> stopping_{false};
  // What waits for Postgres runs on these two, never on a gRPC thread. A verification takes long: nothing waits behind
  // it.
  BoundedQueue<std::function<void()>> work_{1'000};
  BoundedQueue<std::function<void()>> verifications_{8};
  std::thread worker_;
  std::thread verifier_;
};

}  // namespace ballast
