#include "services/api_gateway/audit_file.h"

#include <sstream>

#include "libs/base/absl_std.h"
#include "libs/platform/file/durable_file.h"
#include "services/api_gateway/json.h"

namespace ballast {
namespace {

std::string Line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

std::string Line(std::int64_t number, const AuditEntry& entry) {
  const audit::v1::AppendRecordRequest& record = entry.record;
  return Line(Json{{"number", number},
                   {"open", entry.open},
                   {"request_id", record.request_id()},
                   {"actor", record.actor()},
                   {"action", record.action()},
                   {"subject", record.subject()},
                   {"detail", record.detail()},
                   {"account_id", record.account_id()}});
}

std::string Text(const Json& line, const char* name) {
  auto found = line.find(name);
  return found != line.end() && found->is_string() ? found->get<std::string>() : "";
}

bool Flag(const Json& line, const char* name) {
  auto found = line.find(name);
  return found != line.end() && found->is_boolean() && found->get<bool>();
}

AuditEntry Decode(const Json& line) {
  AuditEntry entry{.open = Flag(line, "open")};
  entry.record.set_request_id(Text(line, "request_id"));
  entry.record.set_actor(Text(line, "actor"));
  entry.record.set_action(Text(line, "action"));
  entry.record.set_subject(Text(line, "subject"));
  entry.record.set_detail(Text(line, "detail"));
  entry.record.set_account_id(Text(line, "account_id"));
  return entry;
}

}  // namespace

absl::StatusOr<AuditFile::Loaded> AuditFile::Load() const {
  Loaded loaded;
  if (!keeps()) return loaded;
  absl::StatusOr<std::string> text = ReadOwnFile(file_.path());
  if (absl::IsNotFound(text.status())) return loaded;
  RETURN_IF_ERROR(text.status());
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    Json json = Json::parse(line, nullptr, false);
    bool numbered = json.is_object() && json.contains("number") && json["number"].is_number_integer();
    if (!numbered || (!Flag(json, "told") && Text(json, "action").empty())) {
      ++loaded.unreadable;
      continue;
    }
    auto number = json["number"].get<std::int64_t>();
    if (Flag(json, "told")) {
      loaded.entries.erase(number);
    } else {
      loaded.entries[number] = Decode(json);
    }
  }
  return loaded;
}

absl::Status AuditFile::Append(const std::string& line, bool durable) {
  if (!keeps()) return absl::OkStatus();
  ++lines_;
  return file_.Append(line, durable);
}

absl::Status AuditFile::Add(std::int64_t number, const AuditEntry& entry) { return Append(Line(number, entry), true); }

absl::Status AuditFile::Told(std::int64_t number) {
  return Append(Line(Json{{"number", number}, {"told", true}}), false);
}

absl::Status AuditFile::Replace(const AuditEntries& entries) {
  if (!keeps()) return absl::OkStatus();
  std::string text;
  for (const auto& [number, entry] : entries) text += Line(number, entry);
  RETURN_IF_ERROR(WriteDurably(file_.path(), text));
  file_.Close();
  lines_ = entries.size();
  return absl::OkStatus();
}

}  // namespace ballast
