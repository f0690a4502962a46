#include "libs/brokers/ibkr/frame.h"

#include "absl/strings/numbers.h"
#include "libs/base/absl_std.h"

namespace ballast::ibkr {
namespace {

constexpr std::size_t kLengthBytes = 4;

std::uint32_t LengthAt(std::string_view bytes) {
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) length = length << 8U | static_cast<unsigned char>(bytes[i]);
  return length;
}

}  // namespace

std::string Handshake(int version_min, int version_max) {
  std::string bytes("API\0", 4);
  bytes += Frame("v" + std::to_string(version_min) + ".." + std::to_string(version_max));
  return bytes;
}

absl::StatusOr<ServerHello> ReadServerHello(std::string_view payload) {
  ASSIGN_OR_RETURN(std::vector<std::string_view> fields, SplitFields(payload));
  ServerHello hello;
  if (fields.size() < 2 || !absl::SimpleAtoi(ToAbsl(fields[0]), &hello.version)) {
    return absl::InvalidArgumentError("no server version and time in the answer to the handshake");
  }
  if (hello.version < kVersionMin || hello.version > kVersionMax) {
    return absl::FailedPreconditionError(ToAbsl("server version " + std::to_string(hello.version) + " is not within " +
                                                std::to_string(kVersionMin) + " to " + std::to_string(kVersionMax)));
  }
  hello.connect_time = std::string(fields[1]);
  return hello;
}

absl::StatusOr<std::string> JoinFields(const std::vector<std::string>& fields) {
  std::string payload;
  for (const std::string& field : fields) {
    if (field.find('\0') != std::string::npos) {
      return absl::InvalidArgumentError(ToAbsl("field " + std::to_string(&field - fields.data()) + " holds a NUL"));
    }
    payload += field;
    payload += '\0';
  }
  if (payload.size() > kPayloadMax) return absl::InvalidArgumentError("the message is longer than a frame may be");
  return payload;
}

absl::StatusOr<std::vector<std::string_view>> SplitFields(std::string_view payload) {
  if (payload.empty()) return absl::InvalidArgumentError("an empty message");
  if (payload.back() != '\0') return absl::InvalidArgumentError("the last field is cut short");
  std::vector<std::string_view> fields;
  while (!payload.empty()) {
    std::size_t end = payload.find('\0');
    fields.push_back(payload.substr(0, end));
    payload.remove_prefix(end + 1);
  }
  return fields;
}

std::string Frame(std::string_view payload) {
  auto length = static_cast<std::uint32_t>(payload.size());
  std::string bytes;
  bytes.reserve(kLengthBytes + payload.size());
  for (unsigned shift : {24U, 16U, 8U, 0U}) bytes += static_cast<char>(length >> shift & 0xFFU);
  bytes += payload;
  return bytes;
}

void FrameReader::Feed(std::string_view bytes) {
  if (broken_) return;
  buffer_.erase(0, at_);
  at_ = 0;
  buffer_ += bytes;
}

absl::StatusOr<std::optional<std::string>> FrameReader::Next() {
  std::string_view rest = std::string_view(buffer_).substr(at_);
  if (rest.size() < kLengthBytes) return std::nullopt;
  std::size_t length = LengthAt(rest);
  if (length > kPayloadMax) {
    broken_ = true;
    return absl::InvalidArgumentError(ToAbsl("a message of " + std::to_string(length) + " bytes; the stream is lost"));
  }
  if (rest.size() - kLengthBytes < length) return std::nullopt;
  at_ += kLengthBytes + length;
  return std::string(rest.substr(kLengthBytes, length));
}

}  // namespace ballast::ibkr
