#pragma once

#include "absl/status/statusor.h"
#include "ballast/alert/v1/alert_service.pb.h"
#include "ballast/audit/v1/audit_service.pb.h"
#include "ballast/position/v1/reconciliation.pb.h"
#include "libs/reconciliation/tie_out.h"
#include "services/positions/reconciliation_store.h"

namespace ballast {

// As it is stored and told; what only the moment of telling knows (age) is left out.
void ToProto(const AccountId& account, const reconciliation::Break& one, position::v1::Break* out);
reconciliation::Break FromProto(const position::v1::Break& proto);
void ToProto(const ReconciliationState& state, position::v1::StoredReconciliation* out);
absl::StatusOr<ReconciliationState> FromProto(const position::v1::StoredReconciliation& proto);

// With its hash after `former_hash`.
position::v1::TieOut ToProto(const reconciliation::TieOut& tie_out, const std::string& former_hash);
// What a day ended with, for the next one to begin with.
absl::StatusOr<reconciliation::Balance> ClosingOf(const position::v1::TieOut& tie_out);
audit::v1::AppendRecordRequest RecordOfTieOut(const position::v1::TieOut& tie_out);
alert::v1::RaiseAlertRequest AlertOfTieOut(const position::v1::TieOut& tie_out);

// What people are told of it. One request id for one fact.
alert::v1::RaiseAlertRequest AlertOfBreak(const AccountId& account, const reconciliation::Break& one);
audit::v1::AppendRecordRequest RecordOfBreak(const AccountId& account, const char* action, const std::string& actor,
                                             const reconciliation::Break& one);

}  // namespace ballast
