#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ballast/execution/v1/algo_service.pb.h"
#include "ballast/execution/v1/kept_algo.pb.h"
#include "ballast/order/v1/order_service.pb.h"
#include "libs/execution/parent.h"
#include "libs/platform/grpc/status.h"

namespace ballast {

// The terms as they are asked for; what is wrong with them goes into `errors`, and then nothing is promised of the
// answer. What only the instrument can say is not looked at. A start that is not said is zero.
execution::AlgoSpec AlgoSpecFromProto(const execution::v1::AlgoSpec& proto, std::vector<FieldError>& errors);
void ToProto(const execution::AlgoSpec& spec, execution::v1::AlgoSpec* out);
void ToProto(const execution::ChildOrder& child, const std::string& parent_id, execution::v1::ChildOrder* out);
void ToProto(const std::vector<execution::ScheduleStep>& schedule,
             google::protobuf::RepeatedPtrField<execution::v1::ScheduleStep>* out);
// What is said of a parent beside schedule and children. `now` is market time.
void ToProto(const execution::Parent& parent, UtcTime now, execution::v1::AlgoOrder* out);

// The record of a row without its children. DATA_LOSS: it cannot be read.
absl::StatusOr<execution::ParentRecord> AlgoRecordOf(const execution::v1::KeptAlgoOrder& kept);
absl::StatusOr<execution::ChildOrder> AlgoChildOf(const execution::v1::ChildOrder& proto);
// What the row has beyond `ToProto`.
void KeepRecord(const execution::ParentRecord& record, execution::v1::KeptAlgoOrder* out);

// "<parent>-<number>", and back; false: it is no child's.
std::string ChildRequestId(const std::string& parent_id, std::uint32_t number);
bool SplitChildRequestId(const std::string& request_id, std::string* parent_id, std::uint32_t* number);
// "a" and 26 characters: a function of account and request id, as an order's is.
std::string AlgoOrderIdFor(const std::string& account_id, const std::string& request_id);

// The same for the same child, whenever it is made: a repeated request must have the same body.
order::v1::SubmitOrderRequest ChildRequest(const execution::ParentRecord& record, const execution::ChildOrder& child);

}  // namespace ballast
