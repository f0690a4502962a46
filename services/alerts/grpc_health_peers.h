#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "libs/platform/thread/mutex.h"
#include "services/alerts/health_peers.h"

namespace ballast {

// Asks over gRPC, by the standard health protocol.
class GrpcHealthPeers final : public HealthPeers {
 public:
  struct Peer {
    std::string service;
    std::string address;
  };
  GrpcHealthPeers(std::int64_t deadline_ms, const std::vector<Peer>& peers);
  // Waits for the answers that are still to come.
  ~GrpcHealthPeers() override;

  void Check(const std::string& service, Answer answer) override;

 private:
  struct Call;
  struct Asked {
    std::string address;
    std::unique_ptr<grpc::health::v1::Health::Stub> stub;
  };
  [[nodiscard]] std::string ProblemOf(const Call& call, const grpc::Status& status) const;

  const std::int64_t deadline_ms_;
  std::map<std::string, Asked> peers_;
  Mutex mutex_;
  CondVar answered_;
  int open_ GUARDED_BY(mutex_) = 0;
};

}  // namespace ballast
