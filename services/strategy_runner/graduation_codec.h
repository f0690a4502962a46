#pragma once

#include <string>
#include <vector>

#include "ballast/graduation/v1/graduation_service.pb.h"
#include "libs/graduation/gates.h"
#include "libs/graduation/risk_score.h"
#include "libs/platform/grpc/status.h"

namespace ballast {

// What is not said is said: the defaults.
graduation::v1::GraduationPlan WithDefaults(graduation::v1::GraduationPlan plan);
// Of one with its defaults; one error for what is wrong.
graduation::Plan PlanFromProto(const graduation::v1::GraduationPlan& proto, std::vector<FieldError>& errors);
graduation::Evidence EvidenceFromProto(const graduation::v1::StageEvidence& proto);
void ToProto(const std::vector<graduation::Gate>& gates, google::protobuf::RepeatedPtrField<graduation::v1::Gate>* out);
void ToProto(const graduation::RiskScore& score, graduation::v1::RiskScore* out);
// "shadow".
std::string NameOf(graduation::v1::Stage stage);

}  // namespace ballast
