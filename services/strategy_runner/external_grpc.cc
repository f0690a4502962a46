#include "services/strategy_runner/external_grpc.h"

#include <google/protobuf/util/message_differencer.h>

#include "libs/base/absl_std.h"
#include "libs/platform/crypto/crypto.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/server_stream.h"
#include "libs/platform/grpc/status.h"

namespace ballast {

namespace ext = external::v1;

// Whoever does not read what it is told is sent away by the bytes that wait, not by their number: a history is large.
template <>
inline std::size_t internal::EncodedBytes(const ext::ConnectResponse& message) {
  return message.ByteSizeLong();
}

namespace {

constexpr std::size_t kMessageBytesMax = 64 << 10;
// Of what a process has not read: no more quotes before it has.
constexpr std::size_t kBusyBytes = 256 << 10;
// Calls at once, those that have not registered yet included.
constexpr int kStreamsMax = 256;
// A refusal travels in the trailer of a call, where 8 KiB is the end.
constexpr std::size_t kViolationsMax = 8;

grpc::Status TooManyStrategies() { return {grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again"}; }

// "authorization: Bearer <token>", as for REST.
grpc::Status WhyNotIn(const Secret& token, const grpc::CallbackServerContext& context) {
  if (token.empty())
    return {grpc::FAILED_PRECONDITION, "no external strategies here: strategy_runner.token_file is not set"};
  auto found = context.client_metadata().find("authorization");
  constexpr std::string_view kBearer = "Bearer ";
  std::string_view given =
      found == context.client_metadata().end() ? "" : std::string_view(found->second.data(), found->second.size());
  if (!given.starts_with(kBearer))
    return {grpc::UNAUTHENTICATED, "metadata 'authorization: Bearer <token>' is expected"};
  // Digests have one length, so that not even the token's length can be measured.
  if (!ConstantTimeEquals(Sha256Hex(given.substr(kBearer.size())), Sha256Hex(token.Reveal())))
    return {grpc::UNAUTHENTICATED, "the token is not right"};
  return grpc::Status::OK;
}

grpc::Status RegistrationRefusal(const std::vector<external::Problem>& problems) {
  FieldCheck check;
  for (std::size_t i = 0; i < std::min(problems.size(), kViolationsMax); ++i)
    check.Refuse(("registration." + problems[i].field).c_str(), RejectReason::kMalformed, problems[i].message);
  return check.Refusal();
}

using ExternalCall = BidiSession<ext::ConnectRequest, ext::ConnectResponse>;

class StreamPort final : public ExternalPort {
 public:
  // What keeps the session is let go when the call is over, so that neither keeps the other for ever.
  explicit StreamPort(std::weak_ptr<ExternalCall> session) : session_(std::move(session)) {}
  void Send(ext::ConnectResponse message) override {
    if (auto session = session_.lock()) session->Push(std::move(message));
  }
  void Close(const absl::Status& why) override {
    if (auto session = session_.lock()) session->Close(ToGrpc(why));
  }
  [[nodiscard]] bool Busy() const override {
    auto session = session_.lock();
    return session && session->unsent_bytes() > kBusyBytes;
  }

 private:
  std::weak_ptr<ExternalCall> session_;
};

}  // namespace

// Of one call. Touched by one gRPC thread at a time, but for `session`.
struct ExternalGrpc::Stream {
  std::weak_ptr<ExternalCall> session;
  std::uint64_t number = 0;
  bool registered = false;
};

void ExternalGrpc::Start() {
  writer_ = std::thread([this] {
    while (!writes_.closed()) {
      for (auto& write : writes_.PopBatch(16, 1'000'000'000)) write();
    }
    for (auto& write : writes_.PopBatch(50, 0)) write();
  });
}

void ExternalGrpc::Stop() {
  writes_.Close();
  if (writer_.joinable()) writer_.join();
}

grpc::ServerBidiReactor<ext::ConnectRequest, ext::ConnectResponse>* ExternalGrpc::Connect(
    grpc::CallbackServerContext* context) {
  auto stream = std::make_shared<Stream>();
  stream->number = ++last_session_;
  auto session = ExternalCall::Make(
      [this, stream](ExternalCall& self, ext::ConnectRequest& request) {
        if (stream->session.expired()) stream->session = std::static_pointer_cast<ExternalCall>(self.Self());
        OnMessage(stream, request);
      },
      [this, stream] {
        --streams_;
        runner_.DisconnectExternal(stream->number);
      });
  if (++streams_ > kStreamsMax) {
    session->Close({grpc::RESOURCE_EXHAUSTED, "256 connections of external strategies are open already"});
    return session.get();
  }
  if (grpc::Status not_in = WhyNotIn(token_, *context); !not_in.ok()) session->Close(not_in);
  return session.get();
}

void ExternalGrpc::OnMessage(const std::shared_ptr<Stream>& stream, ext::ConnectRequest& request) {
  auto session = stream->session.lock();
  // A call that was closed may still have a message on its way.
  if (!session || session->done()) return;
  auto refuse = [&](std::string why) { session->Close({grpc::INVALID_ARGUMENT, std::move(why)}); };
  if (request.ByteSizeLong() > kMessageBytesMax) return refuse("a message of 65536 bytes at most is expected");
  if (request.has_answer()) {
    if (!stream->registered) return refuse("the first message is the registration");
    // One at a time: what a process says faster than it is heard stays with the process.
    session->Hold();
    if (runner_.AnswerExternal(stream->number, std::move(*request.mutable_answer()), [session] { session->ReadOn(); }))
      return;
    session->Close(TooManyStrategies());
    session->ReadOn();
    return;
  }
  if (!request.has_registration()) return refuse("a registration or an answer is expected");
  if (stream->registered) return refuse("a stream is registered once");
  std::vector<external::Problem> problems;
  external::Registration read = external::ReadRegistration(request.registration(), problems);
  if (!problems.empty()) return session->Close(RegistrationRefusal(problems));
  stream->registered = true;
  // Nothing else of it is read before the runner knows it.
  session->Hold();
  bool queued = writes_.TryPush([this, stream, session, id = read.strategy_id(),
                                 registration = std::move(*request.mutable_registration())]() mutable {
    bool take_over = registration.take_over();
    registration.set_take_over(false);
    if (absl::Status done = Register(registration); !done.ok()) {
      session->Close(ToGrpc(done));
    } else if (!runner_.ConnectExternal({.number = stream->number,
                                         .strategy_id = id,
                                         .take_over = take_over,
                                         .port = std::make_shared<StreamPort>(session)})) {
      session->Close(TooManyStrategies());
    } else if (session->done()) {
      // It ended meanwhile, and its own word of that came too early.
      runner_.DisconnectExternal(stream->number);
    }
    session->ReadOn();
  });
  if (queued) return;
  session->Close(TooManyStrategies());
  session->ReadOn();
}

absl::Status ExternalGrpc::Register(const ext::Registration& registration) {
  ASSIGN_OR_RETURN(ExternalRow stored, store_.Insert({.registration = registration, .create_time = clock_.Now()}));
  if (!google::protobuf::util::MessageDifferencer::Equals(stored.registration, registration))
    return absl::AlreadyExistsError(
        ToAbsl(registration.name() + "@" + registration.version() +
               " is registered with another description or other parameters: raise the version"));
  if (!shelf_.Find("external:" + registration.name() + "@" + registration.version()))
    log_.Info("external.registered", {{"strategy", registration.name()}, {"version", registration.version()}});
  return shelf_.Put(stored);
}

}  // namespace ballast
