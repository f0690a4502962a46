#include "services/api_gateway/emergency_file.h"

#include <sstream>

#include "libs/base/absl_std.h"
#include "libs/platform/file/durable_file.h"
#include "services/api_gateway/json.h"

namespace ballast {
namespace {

Json Encode(const EmergencyRecord& record) {
  return {{"command_id", record.command_id},
          {"account_id", record.account_id},
          {"level", record.level},
          {"reason", record.reason},
          {"actor", record.actor},
          {"press_ns", record.press_ns},
          {"done_ns", record.done_ns},
          {"end_ns", record.end_ns},
          {"end_reason", record.end_reason},
          {"end_actor", record.end_actor},
          {"broker_told", record.broker_told},
          {"orders_told", record.orders_told},
          {"runner_told", record.runner_told},
          {"broker_released", record.broker_released}};
}

template <typename Value>
void Read(const Json& line, const char* name, Value* value) {
  auto found = line.find(name);
  if (found == line.end()) return;  // of an older version
  if constexpr (std::is_same_v<Value, std::string>) {
    if (found->is_string()) *value = found->get<std::string>();
  } else if constexpr (std::is_same_v<Value, bool>) {
    if (found->is_boolean()) *value = found->get<bool>();
  } else {
    if (found->is_number_integer()) *value = found->get<Value>();
  }
}

EmergencyRecord Decode(const Json& line) {
  EmergencyRecord record;
  Read(line, "command_id", &record.command_id);
  Read(line, "account_id", &record.account_id);
  Read(line, "level", &record.level);
  Read(line, "reason", &record.reason);
  Read(line, "actor", &record.actor);
  Read(line, "press_ns", &record.press_ns);
  Read(line, "done_ns", &record.done_ns);
  Read(line, "end_ns", &record.end_ns);
  Read(line, "end_reason", &record.end_reason);
  Read(line, "end_actor", &record.end_actor);
  Read(line, "broker_told", &record.broker_told);
  Read(line, "orders_told", &record.orders_told);
  Read(line, "runner_told", &record.runner_told);
  Read(line, "broker_released", &record.broker_released);
  return record;
}

}  // namespace

absl::StatusOr<EmergencyTable> EmergencyFile::Load() const {
  absl::StatusOr<std::string> text = ReadOwnFile(path_);
  if (absl::IsNotFound(text.status())) return EmergencyTable();
  if (!text.ok()) return absl::FailedPreconditionError(ToAbsl("emergency file " + MessageOf(text.status())));
  EmergencyTable records;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    Json json = Json::parse(line, nullptr, false);
    EmergencyRecord record = json.is_object() ? Decode(json) : EmergencyRecord();
    if (record.command_id.empty() || record.account_id.empty()) {
      return absl::FailedPreconditionError(ToAbsl("emergency file " + path_ + " has a line that is none"));
    }
    records[record.account_id] = std::move(record);
  }
  return records;
}

absl::StatusOr<std::string> EmergencyFile::KeepAside() const { return SetAside(path_); }

absl::Status EmergencyFile::Save(const EmergencyTable& records) const {
  std::string text;
  for (const auto& [account, record] : records) {
    text += Encode(record).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  return WriteDurably(path_, text);
}

}  // namespace ballast
