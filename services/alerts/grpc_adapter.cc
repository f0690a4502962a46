#include "services/alerts/grpc_adapter.h"

#include <charconv>

#include "libs/base/absl_std.h"
#include "libs/platform/crypto/crypto.h"
#include "libs/platform/grpc/status.h"

namespace ballast {
namespace {

constexpr int kPageDefault = 100;
constexpr int kPageMax = 500;
constexpr std::size_t kIdMax = 128;
constexpr std::size_t kTitleMax = 200;
constexpr std::size_t kTextMax = 4'000;
constexpr int kAcknowledgedMax = 1'000;

bool IsIdCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == ':' || c == '-';
}
bool IsPrintable(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; }
bool IsTextCharacter(char c) { return IsPrintable(c) || c == '\n' || c == '\t'; }

void CheckText(const char* field, const std::string& text, std::size_t most, bool needed, bool (*allowed)(char),
               std::vector<FieldError>& errors) {
  if (text.empty()) {
    if (needed)
      errors.push_back({.field = field, .reason = RejectReason::kMissingField, .message = "a text is expected"});
    return;
  }
  if (text.size() > most) {
    errors.push_back(
        {.field = field, .reason = RejectReason::kOutOfRange, .message = "at most " + std::to_string(most) + " bytes"});
    return;
  }
  for (char c : text) {
    if (allowed(c)) continue;
    errors.push_back(
        {.field = field, .reason = RejectReason::kBadIdentifier, .message = "it has a character that is not allowed"});
    return;
  }
}

grpc::Status TooBusy() { return {grpc::RESOURCE_EXHAUSTED, "too many calls are waiting"}; }

}  // namespace

grpc::ServerUnaryReactor* AlertGrpc::ListAlerts(grpc::CallbackServerContext* context,
                                                const alert::v1::ListAlertsRequest* request,
                                                alert::v1::ListAlertsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  std::vector<FieldError> errors;
  AlertStore::Filter filter;
  if (!alert::v1::AlertLevel_IsValid(request->min_level())) {
    errors.push_back({.field = "min_level", .reason = RejectReason::kBadEnum, .message = "unknown level"});
  }
  filter.min_level = static_cast<alerts::AlertLevel>(request->min_level());
  filter.unacknowledged_only = request->unacknowledged_only();
  filter.limit = request->page_size() == 0 ? kPageDefault : request->page_size();
  if (filter.limit < 1 || filter.limit > kPageMax) {
    errors.push_back({.field = "page_size", .reason = RejectReason::kOutOfRange, .message = "1 to 500, or 0 for 100"});
  }
  CheckText("account_id", request->account_id(), kIdMax, false, IsPrintable, errors);
  filter.account_id = request->account_id();
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
  bool queued = machine_.Query([this, reactor, response, filter](AlertKeeper&) mutable {
    int page = filter.limit++;  // one more says whether there is another page
    std::int64_t unacknowledged = 0;
    absl::StatusOr<std::vector<alerts::Alert>> alerts = store_.List(filter, &unacknowledged);
    if (alerts.ok()) {
      if (alerts->size() > static_cast<std::size_t>(page)) {
        alerts->resize(static_cast<std::size_t>(page));
        response->set_next_page_token(std::to_string(alerts->back().alert_id));
      }
      for (const alerts::Alert& alert : *alerts) ToProto(alert, response->add_alerts());
      response->set_unacknowledged(unacknowledged);
    }
    reactor->Finish(ToGrpc(alerts.status()));
  });
  if (!queued) reactor->Finish(TooBusy());
  return reactor;
}

grpc::ServerUnaryReactor* AlertGrpc::AcknowledgeAlert(grpc::CallbackServerContext* context,
                                                      const alert::v1::AcknowledgeAlertRequest* request,
                                                      alert::v1::AcknowledgeAlertResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  std::vector<FieldError> errors;
  if (request->alert_id() == 0) {
    errors.push_back({.field = "alert_id", .reason = RejectReason::kMissingField, .message = "an alert is expected"});
  }
  CheckText("actor", request->actor(), kTitleMax, true, IsPrintable, errors);
  if (!errors.empty()) {
    reactor->Finish(InvalidFields(errors));
    return reactor;
  }
  if (request->alert_id() > static_cast<std::uint64_t>(INT64_MAX)) {
    reactor->Finish(grpc::Status(grpc::NOT_FOUND, "there is no alert " + std::to_string(request->alert_id())));
    return reactor;
  }
  auto acknowledge = [reactor, response, id = request->alert_id(), actor = request->actor()](AlertKeeper& keeper) {
    absl::StatusOr<alerts::Alert> alert = keeper.Acknowledge(id, actor);
    if (alert.ok()) ToProto(*alert, response->mutable_alert());
    reactor->Finish(ToGrpc(alert.status()));
  };
  if (!machine_.Command(request->ByteSizeLong(), std::move(acknowledge))) reactor->Finish(TooBusy());
  return reactor;
}

grpc::ServerUnaryReactor* AlertGrpc::AcknowledgeAlerts(grpc::CallbackServerContext* context,
                                                       const alert::v1::AcknowledgeAlertsRequest* request,
                                                       alert::v1::AcknowledgeAlertsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  std::vector<FieldError> errors;
  CheckText("actor", request->actor(), kTitleMax, true, IsPrintable, errors);
  CheckText("account_id", request->account_id(), kIdMax, false, IsPrintable, errors);
  bool chosen = request->alert_ids_size() > 0;
  int ways = (chosen ? 1 : 0) + (request->up_to_alert_id() != 0 ? 1 : 0) + (request->all() ? 1 : 0);
  if (ways != 1) {
    errors.push_back({.field = "alert_ids",
                      .reason = RejectReason::kMissingField,
                      .message = "exactly one of alert_ids, up_to_alert_id and all is expected"});
  }
  if (request->alert_ids_size() > kAcknowledgedMax) {
    errors.push_back({.field = "alert_ids", .reason = RejectReason::kOutOfRange, .message = "at most 1000"});
  }
  if (chosen && !request->account_id().empty()) {
    errors.push_back(
        {.field = "account_id", .reason = RejectReason::kUnsupported, .message = "alert_ids say already which"});
  }
  for (std::uint64_t id : request->alert_ids()) {
    // As large as bigint goes: Postgres would refuse more.
    if (id != 0 && id <= static_cast<std::uint64_t>(INT64_MAX)) continue;
    errors.push_back({.field = "alert_ids", .reason = RejectReason::kBadIdentifier, .message = "no id of an alert"});
    break;
  }
  if (!errors.empty()) {
    reactor->Finish(InvalidFields(errors));
    return reactor;
  }
  auto acknowledge = [reactor, response, asked = *request](AlertKeeper& keeper) {
    std::uint64_t up_to = asked.all() ? UINT64_MAX - 1 : asked.up_to_alert_id();
    absl::StatusOr<AlertKeeper::Acknowledged> result =
        asked.alert_ids_size() > 0
            ? keeper.AcknowledgeMany({asked.alert_ids().begin(), asked.alert_ids().end()}, asked.actor())
            : keeper.AcknowledgeUpTo(up_to, asked.account_id(), asked.actor());
    if (result.ok()) {
      response->set_acknowledged(result->alerts);
      response->set_unacknowledged(result->left);
    }
    reactor->Finish(ToGrpc(result.status()));
  };
  if (!machine_.Command(request->ByteSizeLong(), std::move(acknowledge))) reactor->Finish(TooBusy());
  return reactor;
}

grpc::ServerUnaryReactor* AlertGrpc::RaiseAlert(grpc::CallbackServerContext* context,
                                                const alert::v1::RaiseAlertRequest* request,
                                                alert::v1::RaiseAlertResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  std::vector<FieldError> errors;
  CheckText("request_id", request->request_id(), kIdMax, true, IsIdCharacter, errors);
  if (request->type() == 0 || !alert::v1::AlertType_IsValid(request->type())) {
    errors.push_back({.field = "type", .reason = RejectReason::kBadEnum, .message = "a known type is expected"});
  }
  if (request->level() == 0 || !alert::v1::AlertLevel_IsValid(request->level())) {
    errors.push_back({.field = "level", .reason = RejectReason::kBadEnum, .message = "a known level is expected"});
  }
  CheckText("title", request->title(), kTitleMax, true, IsPrintable, errors);
  CheckText("text", request->text(), kTextMax, false, IsTextCharacter, errors);
  CheckText("account_id", request->account_id(), kIdMax, false, IsPrintable, errors);
  CheckText("deployment_id", request->deployment_id(), kIdMax, false, IsPrintable, errors);
  CheckText("symbol", request->symbol(), kIdMax, false, IsPrintable, errors);
  if (!errors.empty()) {
    reactor->Finish(InvalidFields(errors));
    return reactor;
  }
  alerts::Alert fact;
  fact.type = static_cast<alerts::AlertType>(request->type());
  fact.level = static_cast<alerts::AlertLevel>(request->level());
  fact.title = request->title();
  fact.text = request->text();
  fact.account_id = AccountId(request->account_id());
  fact.deployment_id = DeploymentId(request->deployment_id());
  fact.symbol = Symbol(request->symbol());
  auto raise = [reactor, response, fact = std::move(fact), id = request->request_id(),
                fingerprint = Sha256Hex(request->SerializeAsString())](AlertKeeper& keeper) {
    absl::StatusOr<alerts::Alert> alert = keeper.Raise(fact, id, fingerprint);
    if (alert.ok()) ToProto(*alert, response->mutable_alert());
    reactor->Finish(ToGrpc(alert.status()));
  };
  if (!machine_.Command(request->ByteSizeLong(), std::move(raise))) reactor->Finish(TooBusy());
  return reactor;
}

grpc::ServerWriteReactor<alert::v1::StreamAlertsResponse>* AlertGrpc::StreamAlerts(
    grpc::CallbackServerContext*, const alert::v1::StreamAlertsRequest* request) {
  auto session = StreamSession<alert::v1::StreamAlertsResponse>::Make([] {});
  // A cursor beyond what can be stored has nothing behind it.
  std::uint64_t after = std::min(request->after_alert_id(), static_cast<std::uint64_t>(INT64_MAX));
  bool queued = machine_.Query([after, session](AlertKeeper& keeper) { keeper.Subscribe(after, session); });
  if (!queued) session->Close(TooBusy());
  return session.get();
}

}  // namespace ballast
