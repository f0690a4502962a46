#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

// The text form of the TWS API as TWS and IB Gateway speak it: how its bytes are cut into messages.
namespace ballast::ibkr {

// What we offer. All of it is text; from server version 201 on messages turn to protobuf one by one, and 201 to 212
// mix both. A newer TWS speaks the highest version both know.
inline constexpr int kVersionMin = 157;
inline constexpr int kVersionMax = 178;
// Longer is no message of this protocol.
inline constexpr std::size_t kPayloadMax = 0xFFFFFF;

// The first bytes on a new connection: "API\0" without a length, then the framed range of versions.
std::string Handshake(int version_min = kVersionMin, int version_max = kVersionMax);

// The server's answer to the handshake.
struct ServerHello {
  int version = 0;
  // As written, e.g. "20261105 10:00:00 UTC": in the zone of TWS.
  std::string connect_time;
};
// Of the first frame. INVALID_ARGUMENT: no such answer; FAILED_PRECONDITION: a version that was not offered.
absl::StatusOr<ServerHello> ReadServerHello(std::string_view payload);

// Each field ended by NUL, the last one too. INVALID_ARGUMENT: a field has a NUL within, which would be two fields
// there; or more than kPayloadMax.
absl::StatusOr<std::string> JoinFields(const std::vector<std::string>& fields);
// The views last as long as the payload. INVALID_ARGUMENT: the last field is not ended, so the message is cut short.
absl::StatusOr<std::vector<std::string_view>> SplitFields(std::string_view payload);

// The payload with its length before it: four bytes, big end first. The payload is at most kPayloadMax long.
std::string Frame(std::string_view payload);

// Cuts what comes from the socket, in whatever pieces, into payloads.
class FrameReader {
 public:
  void Feed(std::string_view bytes);
  // The next whole payload; nothing: more bytes have to come. INVALID_ARGUMENT: a length above kPayloadMax. There is no
  // way to find the next message after that: every later call says the same.
  absl::StatusOr<std::optional<std::string>> Next();
  // Bytes that have come and are not in a payload yet.
  [[nodiscard]] std::size_t pending() const { return buffer_.size() - at_; }

 private:
  std::string buffer_;
  std::size_t at_ = 0;
  bool broken_ = false;
};

}  // namespace ballast::ibkr
