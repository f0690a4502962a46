#include "libs/platform/config/config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "libs/base/absl_std.h"
#include "libs/base/check.h"

namespace ballast {
namespace {

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    std::size_t at = text.find(';');
    items.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) break;
    text.remove_prefix(at + 1);
  }
  return items;
}

std::string Upper(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  return upper;
}

const char* TypeName(KnobType type) {
  switch (type) {
    case KnobType::kString:
      return "string";
    case KnobType::kInt:
      return "integer";
    case KnobType::kDecimal:
      return "decimal";
    case KnobType::kBool:
      return "true or false";
    case KnobType::kStringList:
      return "list of strings";
  }
  return "";
}

bool ParseInt(const std::string& text, std::int64_t& value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

const std::vector<Knob>& Config::CommonKnobs() {
  static const std::vector<Knob> kKnobs = {
      {.name = "postgres_host", .default_value = "127.0.0.1", .help = "Postgres host, or the folder of its socket"},
      {.name = "postgres_port",
       .type = KnobType::kInt,
       .default_value = "5432",
       .help = "Postgres port",
       .minimum = "1",
       .maximum = "65535"},
      {.name = "postgres_database", .default_value = "ballast", .help = "database name"},
      {.name = "postgres_user", .default_value = "", .help = "login role; empty: ballast_<service>"},
      {.name = "postgres_password_file", .default_value = "", .help = "file with the role's password; empty: none"},
      {.name = "postgres_connections",
       .type = KnobType::kInt,
       .default_value = "4",
       .help = "connections of the pool",
       .minimum = "1",
       .maximum = "64"},
      {.name = "postgres_statement_ms_max",
       .type = KnobType::kInt,
       .default_value = "5000",
       .help = "a statement that takes longer is cancelled; migrations and reading everything are exempt",
       .minimum = "100",
       .maximum = "600000",
       .unit = "ms"},
      {.name = "postgres_lock_ms_max",
       .type = KnobType::kInt,
       .default_value = "2000",
       .help = "how long a statement waits for a row somebody else holds",
       .minimum = "10",
       .maximum = "600000",
       .unit = "ms"},
      {.name = "postgres_idle_in_transaction_ms_max",
       .type = KnobType::kInt,
       .default_value = "5000",
       .help = "a transaction whose process says nothing for so long is ended and its locks are freed",
       .minimum = "100",
       .maximum = "600000",
       .unit = "ms"},
      {.name = "postgres_peer_ms_max",
       .type = KnobType::kInt,
       .default_value = "5000",
       .help = "a connection whose other machine does not answer for so long is given up",
       .minimum = "1000",
       .maximum = "600000",
       .unit = "ms"},
      {.name = "drain_ms_max",
       .type = KnobType::kInt,
       .default_value = "10000",
       .help = "a process that has not ended in order so long after a signal ends all the same",
       .minimum = "100",
       .maximum = "600000",
       .unit = "ms"},
      {.name = "redis_address", .default_value = "127.0.0.1:6379", .help = "Redis host:port; empty: no Redis"},
      {.name = "redis_password_file", .default_value = "", .help = "file with the Redis password; empty: none"},
      {.name = "log_directory", .default_value = "", .help = "folder of the log files; empty: standard output only"},
      {.name = "log_level", .default_value = "INFO", .help = "DEBUG, INFO, WARNING, ERROR or CRITICAL"},
      {.name = "run_directory", .default_value = "", .help = "state folder of the suite"},
      {.name = "grpc_listen", .default_value = "127.0.0.1:0", .help = "host:port of the gRPC server; port 0: any"},
      {.name = "metrics_listen", .default_value = "127.0.0.1:0", .help = "host:port of /metrics; port 0: any"},
      {.name = "api_gateway_address", .default_value = "127.0.0.1:50050", .help = "gRPC address"},
      {.name = "order_management_address", .default_value = "127.0.0.1:50051", .help = "gRPC address"},
      {.name = "risk_address", .default_value = "127.0.0.1:50052", .help = "gRPC address"},
      {.name = "positions_address", .default_value = "127.0.0.1:50053", .help = "gRPC address"},
      {.name = "broker_gateway_address", .default_value = "127.0.0.1:50054", .help = "gRPC address"},
      {.name = "strategy_runner_address", .default_value = "127.0.0.1:50055", .help = "gRPC address"},
      {.name = "alerts_address", .default_value = "127.0.0.1:50056", .help = "gRPC address"},
      {.name = "compliance_audit_address", .default_value = "127.0.0.1:50057", .help = "gRPC address"},
  };
  return kKnobs;
}

std::string Config::Check(const Knob& knob, const Value& value) {
  switch (knob.type) {
    case KnobType::kString:
    case KnobType::kStringList:
      return "";
    case KnobType::kBool:
      return value.text == "true" || value.text == "false" ? "" : "true or false expected, not '" + value.text + "'";
    case KnobType::kInt: {
      std::int64_t number = 0;
      if (!ParseInt(value.text, number)) return "integer expected, not '" + value.text + "'";
      break;
    }
    case KnobType::kDecimal:
      break;
  }
  absl::StatusOr<Decimal> number = Decimal::Parse(value.text);
  if (!number.ok()) return "decimal expected, not '" + value.text + "'";
  if (!knob.minimum.empty() && *number < Decimal::Of(knob.minimum)) return "below the minimum of " + knob.minimum;
  if (!knob.maximum.empty() && *number > Decimal::Of(knob.maximum)) return "above the maximum of " + knob.maximum;
  return "";
}

absl::StatusOr<Config> Config::Load(std::string_view service, const std::vector<Knob>& own, const std::string& path,
                                    const std::map<std::string, std::string>& environment) {
  Config config;
  config.service_ = std::string(service);
  std::map<std::string, const Knob*, std::less<>> known;
  for (const std::vector<Knob>* knobs : {&CommonKnobs(), &own}) {
    for (const Knob& knob : *knobs) {
      known[knob.name] = &knob;
      Value& value = config.values_[knob.name];
      value.type = knob.type;
      value.text = knob.default_value;
      if (knob.type == KnobType::kStringList) value.list = SplitList(knob.default_value);
    }
  }

  std::string violations;
  auto violate = [&](int line, const std::string& where, const std::string& why) {
    if (!violations.empty()) violations += "\n";
    violations += path + (line > 0 ? ":" + std::to_string(line) : "") + ": " + where + ": " + why;
  };
  YAML::Node root;
  if (!path.empty()) {
    try {
      root = YAML::LoadFile(path);
    } catch (const YAML::Exception& problem) {
      return absl::InvalidArgumentError(ToAbsl(path + ": " + problem.what()));
    }
  }
  if (root.IsDefined() && !root.IsNull() && !root.IsMap()) violate(1, "the file", "sections of keys expected");
  for (const std::string& section : {std::string("common"), config.service_}) {
    YAML::Node node = root.IsMap() ? root[section] : YAML::Node(YAML::NodeType::Undefined);
    if (!node.IsDefined() || node.IsNull()) continue;
    if (!node.IsMap()) {
      violate(node.Mark().line + 1, section, "a section of keys expected");
      continue;
    }
    for (const auto& entry : node) {
      std::string key = entry.first.Scalar();
      int line = entry.first.Mark().line + 1;
      auto found = known.find(key);
      if (found == known.end()) {
        violate(line, section + "." + key, "unknown key");
        continue;
      }
      Value& value = config.values_[key];
      if (value.type == KnobType::kStringList) {
        value.list.clear();
        if (!entry.second.IsSequence()) {
          violate(line, section + "." + key, "list expected");
          continue;
        }
        for (const YAML::Node& item : entry.second) value.list.push_back(item.Scalar());
      } else if (entry.second.IsScalar()) {
        value.text = entry.second.Scalar();
      } else {
        violate(line, section + "." + key, std::string(TypeName(value.type)) + " expected");
        continue;
      }
      if (std::string why = Check(*found->second, value); !why.empty()) violate(line, section + "." + key, why);
    }
  }
  for (const auto& [name, knob] : known) {
    for (const std::string& section : {std::string("common"), config.service_}) {
      auto found = environment.find("BALLAST_" + Upper(section) + "_" + Upper(name));
      if (found == environment.end()) continue;
      Value& value = config.values_[name];
      value.text = found->second;
      if (value.type == KnobType::kStringList) value.list = SplitList(found->second);
      if (std::string why = Check(*knob, value); !why.empty()) violate(0, found->first, why);
    }
  }
  if (!violations.empty()) return absl::InvalidArgumentError(ToAbsl(violations));
  return config;
}

const Config::Value& Config::Find(std::string_view name, KnobType type) const {
  auto found = values_.find(name);
  CHECK(found != values_.end(), "a setting that was not declared");
  CHECK(found->second.type == type, "a setting read as another type than declared");
  return found->second;
}

const std::string& Config::GetString(std::string_view name) const { return Find(name, KnobType::kString).text; }

std::int64_t Config::GetInt(std::string_view name) const {
  std::int64_t value = 0;
  CHECK(ParseInt(Find(name, KnobType::kInt).text, value), "checked when loaded");
  return value;
}

Decimal Config::GetDecimal(std::string_view name) const { return Decimal::Of(Find(name, KnobType::kDecimal).text); }

bool Config::GetBool(std::string_view name) const { return Find(name, KnobType::kBool).text == "true"; }

const std::vector<std::string>& Config::GetStringList(std::string_view name) const {
  return Find(name, KnobType::kStringList).list;
}

std::string DescribeKnobs(std::string_view service, const std::vector<Knob>& own) {
  std::string text = std::string(service) + ": settings (section, name, type, default, bounds, meaning)\n";
  for (const std::vector<Knob>* knobs : {&Config::CommonKnobs(), &own}) {
    for (const Knob& knob : *knobs) {
      text += std::string(knobs == &own ? service : "common") + "." + knob.name + "  " + TypeName(knob.type) + "  [" +
              knob.default_value + "]";
      if (!knob.minimum.empty() || !knob.maximum.empty()) text += "  " + knob.minimum + ".." + knob.maximum;
      if (!knob.unit.empty()) text += "  " + knob.unit;
      text += "  " + knob.help + "\n";
    }
  }
  return text;
}

}  // namespace ballast
