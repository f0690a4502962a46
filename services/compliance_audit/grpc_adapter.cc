#include "services/compliance_audit/grpc_adapter.h"

#include <charconv>

#include "libs/audit/canonical_json.h"
#include "libs/base/absl_std.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr int kPageDefault = 100;
constexpr int kPageMax = 500;
constexpr std::size_t kTextMax = 1'024;
constexpr std::size_t kDetailMax = 64 * 1024;

void ToProto(const audit::Record& record, audit::v1::Record* out) {
  out->set_sequence(record.sequence);
  wire::ToProto(record.time, out->mutable_time());
  out->set_actor(record.actor);
  out->set_action(record.action);
  out->set_subject(record.subject);
  out->set_detail(record.detail);
  out->set_previous_hash(record.previous_hash);
  out->set_hash(record.hash);
  out->set_request_id(record.request_id);
  out->set_account_id(record.account_id);
}

bool IsOf(const std::string& text, bool (*allowed)(char)) {
  for (char c : text) {
    if (!allowed(c)) return false;
  }
  return true;
}
bool IsIdCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == ':' || c == '-';
}
bool IsActionCharacter(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_'; }
bool IsAnything(char) { return true; }

void CheckText(const char* field, const std::string& text, std::size_t most, bool needed, bool (*allowed)(char),
               std::vector<FieldError>& errors) {
  if (text.empty()) {
    if (needed)
      errors.push_back({.field = field, .reason = RejectReason::kMissingField, .message = "a text is expected"});
  } else if (text.size() > most) {
    errors.push_back(
        {.field = field, .reason = RejectReason::kOutOfRange, .message = "at most " + std::to_string(most) + " bytes"});
  } else if (!IsOf(text, allowed)) {
    errors.push_back(
        {.field = field, .reason = RejectReason::kBadIdentifier, .message = "it has a character that is not allowed"});
  }
}

grpc::Status TooBusy() { return {grpc::RESOURCE_EXHAUSTED, "too many calls are waiting"}; }

void Finish(grpc::ServerUnaryReactor* reactor, const absl::Status& status) { reactor->Finish(ToGrpc(status)); }

}  // namespace

grpc::ServerUnaryReactor* AuditGrpc::AppendRecord(grpc::CallbackServerContext* context,
                                                  const audit::v1::AppendRecordRequest* request,
                                                  audit::v1::AppendRecordResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  std::vector<FieldError> errors;
  CheckText("request_id", request->request_id(), 128, true, IsIdCharacter, errors);
  // Liberal with what people and URLs say: a fact that is refused here is in no record at all.
  CheckText("actor", request->actor(), kTextMax, false, IsAnything, errors);
  CheckText("action", request->action(), 64, true, IsActionCharacter, errors);
  CheckText("subject", request->subject(), kTextMax, false, IsAnything, errors);
  CheckText("account_id", request->account_id(), kTextMax, false, IsAnything, errors);
  std::string detail = "{}";
  if (request->detail().size() > kDetailMax) {
    errors.push_back({.field = "detail", .reason = RejectReason::kOutOfRange, .message = "at most 64 KiB"});
  } else if (!request->detail().empty()) {
    absl::StatusOr<std::string> canonical = audit::CanonicalJson(request->detail());
    if (canonical.ok())
      detail = *std::move(canonical);
    else
      errors.push_back(
          {.field = "detail", .reason = RejectReason::kMalformed, .message = MessageOf(canonical.status())});
  }
  if (!errors.empty()) {
    reactor->Finish(InvalidFields(errors));
    return reactor;
  }
  audit::Record record;
  record.actor = audit::Printable(request->actor().empty() ? "unknown" : request->actor());
  record.action = request->action();
  record.subject = audit::Printable(request->subject());
  record.detail = std::move(detail);
  record.request_id = request->request_id();
  record.account_id = audit::Printable(request->account_id());
  auto append = [reactor, response, record = std::move(record)](ChainKeeper& keeper) {
    absl::StatusOr<audit::Record> appended = keeper.Append(record);
    if (appended.ok()) ToProto(*appended, response->mutable_record());
    Finish(reactor, appended.status());
  };
  if (!machine_.Command(request->ByteSizeLong(), std::move(append))) reactor->Finish(TooBusy());
  return reactor;
}

grpc::ServerUnaryReactor* AuditGrpc::ListRecords(grpc::CallbackServerContext* context,
                                                 const audit::v1::ListRecordsRequest* request,
                                                 audit::v1::ListRecordsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  std::vector<FieldError> errors;
  AuditStore::Filter filter;
  CheckText("account_id", request->account_id(), kTextMax, false, IsAnything, errors);
  CheckText("action", request->action(), 64, false, IsAnything, errors);
  CheckText("subject", request->subject(), kTextMax, false, IsAnything, errors);
  filter.account_id = audit::Printable(request->account_id());
  filter.action_prefix = audit::Printable(request->action());
  filter.subject = audit::Printable(request->subject());
  filter.limit = request->page_size() == 0 ? kPageDefault : request->page_size();
  if (filter.limit < 1 || filter.limit > kPageMax) {
    errors.push_back({.field = "page_size", .reason = RejectReason::kOutOfRange, .message = "1 to 500, or 0 for 100"});
  }
  if (const std::string& token = request->page_token(); !token.empty()) {
    auto [end, problem] = std::from_chars(token.data(), token.data() + token.size(), filter.before);
    // As large as bigint goes: Postgres would refuse more.
    if (problem != std::errc() || end != token.data() + token.size() || filter.before == 0 ||
        filter.before > static_cast<std::uint64_t>(INT64_MAX)) {
      errors.push_back(
          {.field = "page_token", .reason = RejectReason::kMalformed, .message = "not a token of this call"});
    }
  }
  if (!errors.empty()) {
    reactor->Finish(InvalidFields(errors));
    return reactor;
  }
  bool queued = machine_.Query([this, reactor, response, filter = std::move(filter)](ChainKeeper&) mutable {
    int page = filter.limit++;  // one more says whether there is another page
    absl::StatusOr<std::vector<audit::Record>> records = store_.List(filter);
    if (records.ok()) {
      if (records->size() > static_cast<std::size_t>(page)) {
        records->resize(static_cast<std::size_t>(page));
        response->set_next_page_token(std::to_string(records->back().sequence));
      }
      for (const audit::Record& record : *records) ToProto(record, response->add_records());
    }
    Finish(reactor, records.status());
  });
  if (!queued) reactor->Finish(TooBusy());
  return reactor;
}

grpc::ServerUnaryReactor* AuditGrpc::VerifyChain(grpc::CallbackServerContext* context,
                                                 const audit::v1::VerifyChainRequest*,
                                                 audit::v1::VerifyChainResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  auto answer = [reactor, response](absl::StatusOr<Verification::Result> result) {
    if (result.ok()) {
      response->set_intact(!result->broken);
      response->set_records(result->records);
      response->set_head_hash(result->head_hash);
      if (result->broken) {
        response->set_broken_sequence(result->broken->sequence);
        response->set_problem(result->broken->problem);
      }
    }
    Finish(reactor, result.status());
  };
  bool queued = machine_.Query([this, context, reactor, answer = std::move(answer)](ChainKeeper& keeper) mutable {
    absl::StatusOr<ChainKeeper::Expectation> expected = keeper.Expected();
    if (!expected.ok()) return Finish(reactor, expected.status());
    bool waits = verifier_.Verify({.expected = *std::move(expected),
                                   .cancelled = [context] { return context->IsCancelled(); },
                                   .done = std::move(answer)});
    if (!waits) reactor->Finish(grpc::Status(grpc::RESOURCE_EXHAUSTED, "too many verifications are waiting"));
  });
  if (!queued) reactor->Finish(TooBusy());
  return reactor;
}

grpc::ServerUnaryReactor* AuditGrpc::GetHead(grpc::CallbackServerContext* context, const audit::v1::GetHeadRequest*,
                                             audit::v1::GetHeadResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  audit::Head head = keeper_.Head();
  response->set_sequence(head.sequence);
  response->set_hash(head.hash);
  if (head.sequence != 0) wire::ToProto(head.time, response->mutable_time());
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

}  // namespace ballast
