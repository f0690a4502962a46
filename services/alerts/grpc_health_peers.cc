#include "services/alerts/grpc_health_peers.h"

#include <chrono>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "libs/platform/grpc/channel.h"

namespace ballast {

struct GrpcHealthPeers::Call {
  std::string address;
  Answer answer;
  grpc::ClientContext context;
  grpc::health::v1::HealthCheckRequest request;
  grpc::health::v1::HealthCheckResponse response;
};

GrpcHealthPeers::GrpcHealthPeers(std::int64_t deadline_ms, const std::vector<Peer>& peers) : deadline_ms_(deadline_ms) {
  for (const Peer& peer : peers) {
    peers_[peer.service] = {.address = peer.address,
                            .stub = grpc::health::v1::Health::NewStub(MakeChannel(peer.address))};
  }
}

GrpcHealthPeers::~GrpcHealthPeers() {
  MutexLock lock(mutex_);
  while (open_ > 0) answered_.Wait(mutex_);
}

void GrpcHealthPeers::Check(const std::string& service, Answer answer) {
  Asked& peer = peers_.at(service);
  auto call = std::make_shared<Call>();
  call->address = peer.address;
  call->answer = std::move(answer);
  call->context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(deadline_ms_));
  {
    MutexLock lock(mutex_);
    ++open_;
  }
  peer.stub->async()->Check(&call->context, &call->request, &call->response, [this, call](const grpc::Status& status) {
    call->answer(ProblemOf(*call, status));
    MutexLock lock(mutex_);
    --open_;
    answered_.NotifyAll();
  });
}

std::string GrpcHealthPeers::ProblemOf(const Call& call, const grpc::Status& status) const {
  if (status.error_code() == grpc::DEADLINE_EXCEEDED)
    return "no answer from " + call.address + " within " + std::to_string(deadline_ms_) + " ms";
  if (!status.ok()) return "no connection to " + call.address + ": " + status.error_message();
  if (call.response.status() != grpc::health::v1::HealthCheckResponse::SERVING)
    return "it answers at " + call.address + ", but says that it is not ready";
  return "";
}

}  // namespace ballast
