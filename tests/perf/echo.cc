#include "tests/perf/echo.h"

#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "ballast/order/v1/order_service.grpc.pb.h"

namespace ballast::perf {
namespace {

using order::v1::OrderService;

class Echo : public OrderService::WithCallbackMethod_SubmitOrder<OrderService::Service> {
  grpc::ServerUnaryReactor* SubmitOrder(grpc::CallbackServerContext* context,
                                        const order::v1::SubmitOrderRequest* request,
                                        order::v1::SubmitOrderResponse* response) override {
    order::v1::Order& order = *response->mutable_order();
    order.set_request_id(request->request_id());
    order.set_account_id(request->account_id());
    order.set_symbol(request->symbol());
    order.set_side(request->side());
    order.set_type(request->type());
    order.set_status(order::v1::ORDER_STATUS_SUBMITTED);
    *order.mutable_quantity() = request->quantity();
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

[[noreturn]] void Serve(int told) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  Echo echo;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&echo);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (write(told, &port, sizeof port) != sizeof port) _exit(1);
  close(told);
  server->Wait();
  _exit(0);
}

[[noreturn]] void Fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

}  // namespace

EchoServer::EchoServer() {
  int ends[2];
  if (pipe(ends) != 0) Fail("pipe");
  process_ = fork();
  if (process_ < 0) Fail("fork");
  if (process_ == 0) {
    close(ends[0]);
    Serve(ends[1]);
  }
  close(ends[1]);
  int port = 0;
  if (read(ends[0], &port, sizeof port) != sizeof port || port == 0) Fail("the echo server did not start");
  close(ends[0]);
  address_ = "127.0.0.1:" + std::to_string(port);
}

EchoServer::~EchoServer() {
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

}  // namespace ballast::perf
