#pragma once

#include <functional>
#include <thread>

#include "ballast/session/v1/session_service.grpc.pb.h"
#include "libs/platform/thread/bounded_queue.h"
#include "services/strategy_runner/day_end_store.h"
#include "services/strategy_runner/runner.h"

namespace ballast {

// Calendars, and how the days of accounts end and have ended.
class SessionGrpc final : public session::v1::SessionService::CallbackService {
 public:
  SessionGrpc(Runner& runner, Neighbours& neighbours, Database& database)
      : runner_(runner), neighbours_(neighbours), reader_(database) {}
  ~SessionGrpc() override { Stop(); }
  void Start();
  void Stop();

  grpc::ServerUnaryReactor* ListCalendarDays(grpc::CallbackServerContext*, const session::v1::ListCalendarDaysRequest*,
                                             session::v1::ListCalendarDaysResponse*) override;
  grpc::ServerUnaryReactor* SetDayEndPolicy(grpc::CallbackServerContext*, const session::v1::SetDayEndPolicyRequest*,
                                            session::v1::SetDayEndPolicyResponse*) override;
  grpc::ServerUnaryReactor* ListDayEndPolicies(grpc::CallbackServerContext*,
                                               const session::v1::ListDayEndPoliciesRequest*,
                                               session::v1::ListDayEndPoliciesResponse*) override;
  grpc::ServerUnaryReactor* ListDayEnds(grpc::CallbackServerContext*, const session::v1::ListDayEndsRequest*,
                                        session::v1::ListDayEndsResponse*) override;
  grpc::ServerUnaryReactor* GetDayEnd(grpc::CallbackServerContext*, const session::v1::GetDayEndRequest*,
                                      session::v1::GetDayEndResponse*) override;

 private:
  // Runs `read` on the reader thread, never on a gRPC thread, and finishes the call with what it returns.
  void Read(grpc::ServerUnaryReactor* reactor, std::function<absl::Status()> read);

  Runner& runner_;
  Neighbours& neighbours_;
  DayEndReader reader_;
  BoundedQueue<std::function<void()>> reads_{100};
  std::thread thread_;
};

}  // namespace ballast
