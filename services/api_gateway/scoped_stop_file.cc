#include "services/api_gateway/scoped_stop_file.h"

#include <sstream>

#include "libs/base/absl_std.h"
#include "libs/platform/file/durable_file.h"
#include "services/api_gateway/json.h"

namespace ballast {
namespace {

std::string TextOf(const Json& line, const char* name) {
  auto found = line.find(name);
  return found != line.end() && found->is_string() ? found->get<std::string>() : "";
}

template <typename Number>
Number NumberOf(const Json& line, const char* name) {
  auto found = line.find(name);
  return found != line.end() && found->is_number_integer() ? found->get<Number>() : 0;
}

}  // namespace

ScopedStopFile::Loaded ScopedStopFile::Load() const {
  absl::StatusOr<std::string> text = ReadOwnFile(path_);
  if (absl::IsNotFound(text.status())) return {};
  if (!text.ok()) return {.records = {}, .problem = MessageOf(text.status())};
  Loaded loaded;
  int unreadable = 0;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    Json json = Json::parse(line, nullptr, false);
    ScopedStopRecord record;
    if (json.is_object()) {
      record = {.id = TextOf(json, "id"),
                .account = TextOf(json, "account"),
                .deployment_id = TextOf(json, "deployment_id"),
                .order_id = TextOf(json, "order_id"),
                .level = NumberOf<int>(json, "level"),
                .reason = TextOf(json, "reason"),
                .actor = TextOf(json, "actor"),
                .press_ns = NumberOf<std::int64_t>(json, "press_ns")};
    }
    if (record.id.empty() || record.level == 0 || record.deployment_id.empty() == record.order_id.empty())
      ++unreadable;
    else
      loaded.records[record.Subject()] = std::move(record);
  }
  if (unreadable > 0) loaded.problem = path_ + " has lines that are none: " + std::to_string(unreadable);
  return loaded;
}

absl::StatusOr<std::string> ScopedStopFile::KeepAside() const { return SetAside(path_); }

absl::Status ScopedStopFile::Save(const ScopedStopTable& records) const {
  std::string text;
  for (const auto& [subject, record] : records) {
    Json line = {{"id", record.id},
                 {"account", record.account},
                 {"deployment_id", record.deployment_id},
                 {"order_id", record.order_id},
                 {"level", record.level},
                 {"reason", record.reason},
                 {"actor", record.actor},
                 {"press_ns", record.press_ns}};
    text += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  return WriteDurably(path_, text);
}

}  // namespace ballast
