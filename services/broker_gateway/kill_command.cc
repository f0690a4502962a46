#include "services/broker_gateway/kill_command.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

constexpr std::string_view kHead = "ballast kill switch 1";
constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::size_t kFields = 7;

// Letters, digits and what ids are made of stay as they are: a person can read the file.
std::string Escape(const std::string& text) {
  std::string escaped;
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                 c == ':' || c == '-' || c == ' ';
    if (plain) {
      escaped += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      escaped += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  return escaped;
}

std::optional<std::string> Unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    bool whole = i + 2 < text.size();
    std::size_t high = whole ? kHex.find(text[i + 1]) : std::string_view::npos;
    std::size_t low = whole ? kHex.find(text[i + 2]) : std::string_view::npos;
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    plain += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return plain;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<KillCommand> ParseLine(std::string_view line) {
  std::vector<std::string_view> fields = Split(line, '\t');
  if (fields.size() != kFields) return std::nullopt;
  KillCommand command;
  if (fields[0] != "engaged" && fields[0] != "ended") return std::nullopt;
  command.engaged = fields[0] == "engaged";
  if (fields[1] != "orders" && fields[1] != "new") return std::nullopt;
  command.cancel_all = fields[1] == "orders";
  const char* end = fields[2].data() + fields[2].size();
  auto [stopped, error] = std::from_chars(fields[2].data(), end, command.engage_time.nanos);
  if (error != std::errc() || stopped != end) return std::nullopt;
  std::optional<std::string> texts[4];
  for (std::size_t i = 0; i < 4; ++i) {
    texts[i] = Unescape(fields[3 + i]);
    if (!texts[i]) return std::nullopt;
  }
  command.account_id = AccountId(*texts[0]);
  command.command_id = *texts[1];
  command.actor = *texts[2];
  command.reason = *texts[3];
  return command;
}

}  // namespace

std::string KillFileText(const std::vector<KillCommand>& commands) {
  std::string text(kHead);
  text += '\n';
  for (const KillCommand& command : commands) {
    text += command.engaged ? "engaged\t" : "ended\t";
    text += command.cancel_all ? "orders\t" : "new\t";
    text += std::to_string(command.engage_time.nanos);
    for (const std::string& field : {command.account_id.value(), command.command_id, command.actor, command.reason}) {
      text += '\t';
      text += Escape(field);
    }
    text += '\n';
  }
  return text + "end " + std::to_string(commands.size()) + "\n";
}

absl::StatusOr<std::vector<KillCommand>> ParseKillFile(const std::string& text) {
  std::vector<std::string_view> lines = Split(text, '\n');
  auto refuse = [](const std::string& why) { return absl::FailedPreconditionError(ToAbsl(why)); };
  constexpr std::size_t kAround = 3;  // head, end, and nothing after the last line's end
  if (lines.size() < kAround || lines.front() != kHead || !lines.back().empty())
    return refuse("it is no kill switch's file");
  std::size_t count = lines.size() - kAround;
  if (lines[lines.size() - 2] != "end " + std::to_string(count)) return refuse("it is not whole");
  std::vector<KillCommand> commands;
  for (std::size_t i = 1; i <= count; ++i) {
    std::optional<KillCommand> command = ParseLine(lines[i]);
    if (!command) return refuse("line " + std::to_string(i + 1) + " cannot be read");
    commands.push_back(*std::move(command));
  }
  return commands;
}

}  // namespace ballast
