#include "services/compliance_audit/shell.h"

#include <functional>
#include <memory>

#include <grpcpp/grpcpp.h>

#include "ballast/order/v1/order_service.grpc.pb.h"
#include "libs/platform/grpc/channel.h"
#include "libs/platform/grpc/client_stream.h"
#include "libs/platform/thread/answered.h"
#include "libs/runtime/worker.h"
#include "services/compliance_audit/chain_keeper.h"
#include "services/compliance_audit/chain_machine.h"
#include "services/compliance_audit/chain_verifier.h"
#include "services/compliance_audit/grpc_adapter.h"
#include "services/compliance_audit/postgres_store.h"

namespace ballast {

std::vector<Migration> Migrations_compliance_audit();

namespace {

// Beside the suite's state, or where the service runs.
std::string AnchorPath(const Config& config) {
  const std::string& path = config.GetString("anchor_file");
  if (!path.empty()) return path;
  const std::string& folder = config.GetString("run_directory");
  return (folder.empty() ? "" : folder + "/") + "compliance_audit.anchor";
}

class ComplianceAudit : public Service {
 public:
  explicit ComplianceAudit(ServiceContext& context)
      : store_(context.database),
        keeper_(store_, AnchorFile(AnchorPath(context.config)), context.clock, context.log, context.metrics,
                context.fail),
        machine_(keeper_),
        worker_(machine_, context.clock),
        verifier_(store_, context.log),
        verifier_worker_(verifier_, context.clock),
        grpc_(machine_, verifier_, keeper_, store_),
        orders_(order::v1::OrderService::NewStub(MakeChannel(context.config.GetString("order_management_address")))),
        events_({.open =
                     [this](grpc::ClientContext* call, auto* reactor) {
                       order::v1::StreamOrderEventsRequest request;
                       request.set_relaxed(true);
                       // The order log has what risk said; a refusal names its check anyway.
                       request.set_omit_checks(true);
                       for (const auto& [account, sequence] : keeper_.Cursors()) {
                         (*request.mutable_after_sequences())[account] = sequence;
                       }
                       auto kept = std::make_shared<const order::v1::StreamOrderEventsRequest>(std::move(request));
                       orders_->async()->StreamOrderEvents(call, kept.get(), reactor);
                       return kept;
                     },
                 .on_message = [this](order::v1::StreamOrderEventsResponse& batch) { return OnOrderEvents(batch); },
                 .on_disconnected =
                     [&log = context.log](const absl::Status& status) {
                       // Away or restarting is ordinary; anything else (a cursor beyond the log) needs somebody.
                       if (!absl::IsUnavailable(status) && !absl::IsCancelled(status)) {
                         log.Error("audit.order_stream_ended", {{"error", status.ToString()}});
                       }
                     }}) {}

  absl::Status Recover() override { return keeper_.Recover(); }
  std::vector<grpc::Service*> GrpcServices() override { return {&grpc_}; }
  absl::Status Start() override {
    worker_.Start();
    verifier_worker_.Start();
    events_.Start();
    return absl::OkStatus();
  }
  void Drain() override {
    // The writer first: it finishes what its reader waits for, and asks for no verification afterwards.
    worker_.Drain();
    verifier_worker_.Drain();
    events_.Stop();
  }

 private:
  // The order log's reader thread: waits until the events are stored.
  bool OnOrderEvents(const order::v1::StreamOrderEventsResponse& batch) {
    return Answered<bool>([&](std::function<void(bool)> done) {
      // Not owned: this thread waits until it is done with.
      machine_.OnOrderEvents({std::shared_ptr<void>(), &batch}, std::move(done));
    });
  }

  PostgresAuditStore store_;
  ChainKeeper keeper_;
  ChainMachine machine_;
  runtime::Worker worker_;
  ChainVerifier verifier_;
  runtime::Worker verifier_worker_;
  AuditGrpc grpc_;
  std::unique_ptr<order::v1::OrderService::Stub> orders_;
  StreamReader<order::v1::StreamOrderEventsResponse> events_;
};

}  // namespace

ServiceSpec ComplianceAuditSpec() {
  return {
      .name = "compliance_audit",
      .knobs = {{.name = "anchor_file",
                 .type = KnobType::kString,
                 .default_value = "",
                 .help = "where the end of the chain is kept outside of Postgres; empty: compliance_audit.anchor in "
                         "run_directory"}},
      .migrations = Migrations_compliance_audit(),
      .make = [](ServiceContext& context) { return std::make_unique<ComplianceAudit>(context); }};
}

}  // namespace ballast
