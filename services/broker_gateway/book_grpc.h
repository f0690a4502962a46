#pragma once

#include "ballast/broker/v1/venue_book_service.grpc.pb.h"
#include "services/broker_gateway/engine.h"

namespace ballast {

// A venue's book, fees and balances as one of its accounts finds them.
class BookGrpc final : public broker::v1::VenueBookService::CallbackService {
 public:
  explicit BookGrpc(Engine& engine) : engine_(engine) {}

  grpc::ServerUnaryReactor* GetVenueBook(grpc::CallbackServerContext* context,
                                         const broker::v1::GetVenueBookRequest* request,
                                         broker::v1::GetVenueBookResponse* response) override;

  grpc::ServerUnaryReactor* SetPaperOutage(grpc::CallbackServerContext* context,
                                           const broker::v1::SetPaperOutageRequest* request,
                                           broker::v1::SetPaperOutageResponse* response) override;

 private:
  Engine& engine_;
};

}  // namespace ballast
