#include "libs/platform/service/one_poller.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <semaphore>

#include "grpc/health/v1/health.grpc.pb.h"

namespace ballast {
namespace {

// With more cores than these gRPC has more than two threads, and a second one runs beside the first.
constexpr unsigned kFewCores = 4;

}  // namespace

// A call that ends at once, for its callback: there is no server at the other end and no time for one.
struct OnePoller::Held {
  std::shared_ptr<grpc::Channel> channel =
      grpc::CreateChannel("unix-abstract:ballast-nobody", grpc::InsecureChannelCredentials());
  std::unique_ptr<grpc::health::v1::Health::Stub> stub = grpc::health::v1::Health::NewStub(channel);
  grpc::ClientContext context;
  grpc::health::v1::HealthCheckRequest request;
  grpc::health::v1::HealthCheckResponse response;
  std::binary_semaphore release{0}, gone{0};
};

OnePoller::OnePoller() : held_(std::make_unique<Held>()) {
  held_->context.set_deadline(std::chrono::system_clock::now());
  held_->stub->async()->Check(&held_->context, &held_->request, &held_->response,
                              [held = held_.get()](const grpc::Status&) {
                                held->release.acquire();
                                held->gone.release();
                              });
}

OnePoller::~OnePoller() {
  held_->release.release();
  held_->gone.acquire();
}

bool OnePoller::Serves(unsigned cores) { return cores <= kFewCores; }

}  // namespace ballast
