#include "services/strategy_runner/rule_grpc.h"

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/status.h"
#include "services/strategy_runner/rule_codec.h"

namespace ballast {
namespace {

namespace rules_pb = strategy::v1;

absl::Status NoSuchRules(const std::string& id) {
  return absl::NotFoundError(ToAbsl("there is no rule strategy '" + Shortened(id, 64) + "'"));
}

bool SameRules(const RuleRow& left, const RuleRow& right) {
  return left.name == right.name && left.text == right.text && left.metrics == right.metrics;
}

}  // namespace

absl::Status RuleStrategyGrpc::Recover() {
  RETURN_IF_ERROR(store_.Fence());
  ASSIGN_OR_RETURN(std::vector<RuleRow> rows, store_.Load());
  for (RuleRow& row : rows) {
    std::string id = row.strategy_id();
    // One that this version cannot read is not offered.
    if (absl::Status put = shelf_.Put(std::move(row)); !put.ok())
      log_.Error("rules.unreadable", {{"strategy", id}, {"error", put.ToString()}});
  }
  return absl::OkStatus();
}

void RuleStrategyGrpc::Start() {
  writer_ = std::thread([this] {
    while (!writes_.closed()) {
      for (auto& write : writes_.PopBatch(16, 1'000'000'000)) write();
    }
    for (auto& write : writes_.PopBatch(50, 0)) write();
  });
}

void RuleStrategyGrpc::Stop() {
  writes_.Close();
  if (writer_.joinable()) writer_.join();
}

void RuleStrategyGrpc::Write(grpc::ServerUnaryReactor* reactor, std::function<absl::Status()> write) {
  if (!writes_.TryPush([reactor, write = std::move(write)] { reactor->Finish(ToGrpc(write())); }))
    reactor->Finish({grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again"});
}

grpc::ServerUnaryReactor* RuleStrategyGrpc::CreateRuleStrategy(grpc::CallbackServerContext* context,
                                                               const rules_pb::CreateRuleStrategyRequest* request,
                                                               rules_pb::CreateRuleStrategyResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  CheckRules(*request, check);
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  Write(reactor, [this, request = *request, response]() -> absl::Status {
    RuleRow row{.name = request.name(),
                .request_id = request.request_id(),
                .text = request.text(),
                .metrics = {request.metrics().begin(), request.metrics().end()},
                .actor = request.actor(),
                .create_time = clock_.Now()};
    ASSIGN_OR_RETURN(RuleRow stored, store_.Insert(row));
    if (!SameRules(stored, row)) return absl::AlreadyExistsError("the request id was used for another rule strategy");
    std::string id = stored.strategy_id();
    RETURN_IF_ERROR(shelf_.Put(std::move(stored)));
    log_.Info("rules.stored", {{"strategy", id}, {"actor", request.actor()}});
    ToProto(*shelf_.Find(id), true, response->mutable_rule_strategy());
    return absl::OkStatus();
  });
  return reactor;
}

grpc::ServerUnaryReactor* RuleStrategyGrpc::GetRuleStrategy(grpc::CallbackServerContext* context,
                                                            const rules_pb::GetRuleStrategyRequest* request,
                                                            rules_pb::GetRuleStrategyResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  auto found = shelf_.Find(request->strategy_id());
  if (found) ToProto(*found, true, response->mutable_rule_strategy());
  reactor->Finish(ToGrpc(found ? absl::OkStatus() : NoSuchRules(request->strategy_id())));
  return reactor;
}

grpc::ServerUnaryReactor* RuleStrategyGrpc::ListRuleStrategies(grpc::CallbackServerContext* context,
                                                               const rules_pb::ListRuleStrategiesRequest* request,
                                                               rules_pb::ListRuleStrategiesResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  *response = ListOf(shelf_.All(), *request);
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerUnaryReactor* RuleStrategyGrpc::ArchiveRuleStrategy(grpc::CallbackServerContext* context,
                                                                const rules_pb::ArchiveRuleStrategyRequest* request,
                                                                rules_pb::ArchiveRuleStrategyResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  FieldCheck check;
  if (!check.OptionalId("request_id", request->request_id()).ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  Write(reactor, [this, request = *request, response]() -> absl::Status {
    std::string name;
    int version = 0;
    auto found = shelf_.Find(request.strategy_id());
    if (!found || !SplitRuleId(request.strategy_id(), &name, &version)) return NoSuchRules(request.strategy_id());
    if (!found->row.archived) {
      RETURN_IF_ERROR(store_.Archive(name, version));
      RuleRow row = found->row;
      row.archived = true;
      RETURN_IF_ERROR(shelf_.Put(std::move(row)));
      log_.Info("rules.archived", {{"strategy", request.strategy_id()}, {"actor", request.actor()}});
    }
    ToProto(*shelf_.Find(request.strategy_id()), false, response->mutable_rule_strategy());
    return absl::OkStatus();
  });
  return reactor;
}

}  // namespace ballast
