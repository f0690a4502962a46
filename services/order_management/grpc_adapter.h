#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "ballast/order/v1/order_service.grpc.pb.h"
#include "ballast/position/v1/position_service.grpc.pb.h"
#include "ballast/strategy/v1/strategy_service.grpc.pb.h"
#include "libs/platform/thread/bounded_queue.h"
#include "services/order_management/event_hub.h"
#include "services/order_management/second_person_desk.h"
#include "services/order_management/shard_roster.h"
#include "services/order_management/store.h"

namespace ballast {

// Who is asked for what the order log does not know of an order. Asked for reading only, and never waited for: whoever
// does not answer in time is named in the explanation.
struct StoryTellers {
  std::unique_ptr<strategy::v1::StrategyService::Stub> strategy;
  std::unique_ptr<position::v1::PositionService::Stub> positions;
};

// Decode, hand to the shard (or, for reading, to a thread of its own), encode. Decides nothing.
// StreamOrderEvents is raw: its messages are encoded once for all who follow.
class OrderGrpc final : public order::v1::OrderService::WithRawCallbackMethod_StreamOrderEvents<
                            order::v1::OrderService::CallbackService> {
 public:
  // `brokers`: of the configured accounts.
  OrderGrpc(ShardRoster& roster, std::map<AccountId, std::string> brokers, Store& store, EventHub& hub,
            const Clock& clock, std::shared_ptr<const StoryTellers> tellers, SecondPersonDesk& persons);
  ~OrderGrpc() override;
  void Start();
  void Stop();

  grpc::ServerUnaryReactor* SubmitOrder(grpc::CallbackServerContext* context,
                                        const order::v1::SubmitOrderRequest* request,
                                        order::v1::SubmitOrderResponse* response) override;
  grpc::ServerBidiReactor<order::v1::SubmitOrdersRequest, order::v1::SubmitOrdersResponse>* SubmitOrders(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* SubmitOrderList(grpc::CallbackServerContext* context,
                                            const order::v1::SubmitOrderListRequest* request,
                                            order::v1::SubmitOrderListResponse* response) override;
  grpc::ServerUnaryReactor* ReplaceOrder(grpc::CallbackServerContext* context,
                                         const order::v1::ReplaceOrderRequest* request,
                                         order::v1::ReplaceOrderResponse* response) override;
  grpc::ServerUnaryReactor* ResolveOrder(grpc::CallbackServerContext* context,
                                         const order::v1::ResolveOrderRequest* request,
                                         order::v1::ResolveOrderResponse* response) override;
  grpc::ServerUnaryReactor* CancelOrder(grpc::CallbackServerContext* context,
                                        const order::v1::CancelOrderRequest* request,
                                        order::v1::CancelOrderResponse* response) override;
  grpc::ServerUnaryReactor* CancelAllOrders(grpc::CallbackServerContext* context,
                                            const order::v1::CancelAllOrdersRequest* request,
                                            order::v1::CancelAllOrdersResponse* response) override;
  grpc::ServerUnaryReactor* GetOrder(grpc::CallbackServerContext* context, const order::v1::GetOrderRequest* request,
                                     order::v1::GetOrderResponse* response) override;
  grpc::ServerUnaryReactor* ListOrders(grpc::CallbackServerContext* context,
                                       const order::v1::ListOrdersRequest* request,
                                       order::v1::ListOrdersResponse* response) override;
  grpc::ServerUnaryReactor* ListOrderEvents(grpc::CallbackServerContext* context,
                                            const order::v1::ListOrderEventsRequest* request,
                                            order::v1::ListOrderEventsResponse* response) override;
  grpc::ServerUnaryReactor* GetOrderStatistics(grpc::CallbackServerContext* context,
                                               const order::v1::GetOrderStatisticsRequest* request,
                                               order::v1::GetOrderStatisticsResponse* response) override;
  grpc::ServerUnaryReactor* ListAccounts(grpc::CallbackServerContext* context,
                                         const order::v1::ListAccountsRequest* request,
                                         order::v1::ListAccountsResponse* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* StreamOrderEvents(grpc::CallbackServerContext* context,
                                                                const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* HaltAccount(grpc::CallbackServerContext* context,
                                        const order::v1::HaltAccountRequest* request,
                                        order::v1::HaltAccountResponse* response) override;
  grpc::ServerUnaryReactor* ResumeAccount(grpc::CallbackServerContext* context,
                                          const order::v1::ResumeAccountRequest* request,
                                          order::v1::ResumeAccountResponse* response) override;

  grpc::ServerUnaryReactor* ClosePosition(grpc::CallbackServerContext* context,
                                          const order::v1::ClosePositionRequest* request,
                                          order::v1::SubmitOrderResponse* response) override;
  grpc::ServerUnaryReactor* RegisterDeployment(grpc::CallbackServerContext* context,
                                               const order::v1::RegisterDeploymentRequest* request,
                                               order::v1::RegisterDeploymentResponse* response) override;
  grpc::ServerUnaryReactor* ExplainOrder(grpc::CallbackServerContext* context,
                                         const order::v1::ExplainOrderRequest* request,
                                         order::v1::ExplainOrderResponse* response) override;
  grpc::ServerUnaryReactor* EngageEmergency(grpc::CallbackServerContext* context,
                                            const order::v1::EngageEmergencyRequest* request,
                                            order::v1::EngageEmergencyResponse* response) override;
  grpc::ServerUnaryReactor* SetStopPolicy(grpc::CallbackServerContext* context,
                                          const order::v1::SetStopPolicyRequest* request,
                                          order::v1::SetStopPolicyResponse* response) override;
  grpc::ServerUnaryReactor* ListProtections(grpc::CallbackServerContext* context,
                                            const order::v1::ListProtectionsRequest* request,
                                            order::v1::ListProtectionsResponse* response) override;
  grpc::ServerUnaryReactor* SetExternalPolicy(grpc::CallbackServerContext* context,
                                              const order::v1::SetExternalPolicyRequest* request,
                                              order::v1::SetExternalPolicyResponse* response) override;
  grpc::ServerUnaryReactor* DecideExternalOrder(grpc::CallbackServerContext* context,
                                                const order::v1::DecideExternalOrderRequest* request,
                                                order::v1::DecideExternalOrderResponse* response) override;
  grpc::ServerUnaryReactor* ListEmergencies(grpc::CallbackServerContext* context,
                                            const order::v1::ListEmergenciesRequest* request,
                                            order::v1::ListEmergenciesResponse* response) override;

 private:
  void Read(grpc::ServerUnaryReactor* reactor, std::function<absl::Status()> read);

  // Once it is known where the order's account is written.
  void CancelAt(const ShardRoster::Seat& seat, grpc::CallbackServerContext* context,
                const order::v1::CancelOrderRequest* request, order::v1::CancelOrderResponse* response,
                grpc::ServerUnaryReactor* reactor);
  void ReplaceAt(const ShardRoster::Seat& seat, grpc::CallbackServerContext* context,
                 const order::v1::ReplaceOrderRequest* request, const Replacement& terms,
                 order::v1::ReplaceOrderResponse* response, grpc::ServerUnaryReactor* reactor);
  void ResolveAt(const ShardRoster::Seat& seat, grpc::CallbackServerContext* context,
                 const order::v1::ResolveOrderRequest* request, order::v1::ResolveOrderResponse* response,
                 grpc::ServerUnaryReactor* reactor);
  void SubmitElsewhere(const ShardRoster::Seat& seat, grpc::CallbackServerContext* context,
                       const order::v1::SubmitOrderRequest& request,
                       std::function<void(order::v1::SubmitOrdersResponse)> answer);
  using SubmitSession = BidiSession<order::v1::SubmitOrdersRequest, order::v1::SubmitOrdersResponse>;
  // One of a stream's orders, which owes an answer.
  void SubmitOne(grpc::CallbackServerContext* context, const order::v1::SubmitOrderRequest& request,
                 const std::shared_ptr<SubmitSession>& sender);

  ShardRoster& roster_;
  const std::map<AccountId, std::string> brokers_;
  Store& store_;
  EventHub& hub_;
  const Clock& clock_;
  const std::shared_ptr<const StoryTellers> tellers_;
  SecondPersonDesk& persons_;
  BoundedQueue<std::function<void()>> reads_{1000};
  std::thread reader_;
};

}  // namespace ballast
