#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "libs/platform/grpc/server_stream.h"
#include "tests/simulation/stage.h"

namespace ballast::simulation {

// One gRPC stream over a network that delays, and may be cut: each way keeps its order and loses nothing but its tail.
// Both ends learn of the end on their own time. Different streams pass each other.
template <typename Request, typename Response>
class Call final : public StreamSender<Response>, public std::enable_shared_from_this<Call<Request, Response>> {
 public:
  // Called at the client's process.
  struct Client {
    std::function<void(Response)> message;
    std::function<void(const grpc::Status&)> lost;
  };
  using Server = std::function<void(Request, const std::shared_ptr<Call>&)>;

  Call(Stage& stage, std::string name, Client client)
      : stage_(stage), name_(std::move(name)), client_(std::move(client)) {}

  // The server's process has taken the call.
  void Serve(Server server) { server_ = std::move(server); }

  // The client's half. False: it has ended.
  bool Send(Request request) {
    if (client_over_) return false;
    auto self = this->shared_from_this();
    auto message = std::make_shared<Request>(std::move(request));
    At(to_server_ns_, [self, message] {
      if (self->cut_ || self->server_over_ || !self->server_) return;
      Server serve = self->server_;
      serve(std::move(*message), self);
    });
    return true;
  }
  // Hangs up: learns of it at once, the server a little later.
  void Drop() {
    if (client_over_) return;
    EndClient(grpc::Status(grpc::CANCELLED, "hung up"), 1);
    EndServer(Delay());
  }
  // The client's process is gone: nobody there hears anything any more.
  void AbandonByClient() {
    client_over_ = true;
    client_ = {};
    EndServer(Delay());
  }
  // The server's process is gone.
  void AbandonByServer() {
    server_over_ = true;
    server_ = nullptr;
    EndClient(grpc::Status(grpc::UNAVAILABLE, "connection reset"), Delay());
  }
  // The network: what is under way is lost, and each end learns of it when it does.
  void Cut() {
    if (cut_) return;
    cut_ = true;
    stage_.Note(name_, "cut");
    stage_.Count("connections cut");
    auto notice = [this] { return stage_.faults().half_open ? stage_.Between(0, 8 * kSecond) : Delay(); };
    EndClient(grpc::Status(grpc::UNAVAILABLE, "connection lost"), notice());
    EndServer(notice());
  }

  bool Push(Response response) override {
    if (server_over_) return false;
    auto self = this->shared_from_this();
    auto message = std::make_shared<Response>(std::move(response));
    At(to_client_ns_, [self, message] {
      if (self->cut_ || self->client_over_ || !self->client_.message) return;
      auto hear = self->client_.message;
      hear(std::move(*message));
    });
    return true;
  }
  void Close(grpc::Status status) override {
    if (server_over_) return;
    // Nobody hangs up on whoever was replaced.
    bool replaced = status.error_code() == grpc::ABORTED || status.error_code() == grpc::FAILED_PRECONDITION;
    if (stage_.Has(Bug::kOldSessionHeard) && replaced) return;
    server_over_ = true;
    auto self = this->shared_from_this();
    At(to_client_ns_, [self, status] {
      if (!self->cut_) self->EndClient(status, 0);
    });
  }
  [[nodiscard]] bool done() const override { return server_over_; }
  [[nodiscard]] bool over() const { return client_over_ && server_over_; }
  [[nodiscard]] bool client_over() const { return client_over_; }

 private:
  std::int64_t Delay() {
    std::int64_t delay = stage_.Between(kMilli / 20, stage_.faults().delay_ms_max * kMilli);
    if (stage_.Chance(stage_.faults().spike)) delay += stage_.Between(0, 3 * kSecond);
    return delay;
  }
  void At(std::int64_t& last_ns, std::function<void()> what) {
    last_ns = std::max(last_ns, stage_.MonotonicNanos() + Delay());
    stage_.After(last_ns - stage_.MonotonicNanos(), std::move(what));
  }
  void EndClient(grpc::Status status, std::int64_t delay_ns) {
    auto self = this->shared_from_this();
    stage_.After(delay_ns, [self, status] {
      if (self->client_over_) return;
      self->client_over_ = true;
      auto lost = std::move(self->client_.lost);
      self->client_ = {};
      if (lost) lost(status);
    });
  }
  void EndServer(std::int64_t delay_ns) {
    auto self = this->shared_from_this();
    stage_.After(delay_ns, [self] { self->server_over_ = true; });
  }

  Stage& stage_;
  const std::string name_;
  Client client_;
  Server server_;
  bool cut_ = false;
  bool client_over_ = false;
  bool server_over_ = false;
  std::int64_t to_server_ns_ = 0;
  std::int64_t to_client_ns_ = 0;
};

}  // namespace ballast::simulation
