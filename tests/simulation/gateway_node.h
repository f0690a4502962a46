#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ballast/broker/v1/broker_service.pb.h"
#include "libs/broker/order_desk.h"
#include "libs/runtime/commit.h"
#include "services/broker_gateway/last_check.h"
#include "services/broker_gateway/order_sessions.h"
#include "tests/simulation/alarm.h"
#include "tests/simulation/call.h"
#include "tests/simulation/venue_link.h"

namespace ballast::simulation {

using OrderCall = Call<broker::v1::OrderSessionRequest, broker::v1::OrderSessionResponse>;

// The process of the broker gateway for one account at a venue that is far away. Of the product: the desk, the last
// check, the order managers' sessions, the policy of its commits. Its shell (what the product's engine is for the paper
// venue) is this class: it stores what the desk decides, then tells and sends it.
class GatewayNode {
 public:
  // What outlives a process.
  struct Disk {
    std::vector<broker::v1::ExecutionReport> reports;
    std::map<OrderId, broker::OrderDesk::Entry> entries;
    OrderSessions::Epochs epochs;
  };

  // Who looks at what it does.
  struct Watch {
    // An order is about to leave for the venue.
    std::function<void(const Order&)> on_send;
    // An order manager of that epoch is its own from now on; one (0: none that it knows) was obeyed.
    std::function<void(std::uint64_t epoch)> on_admitted;
    std::function<void(std::uint64_t epoch)> on_obeyed;
  };
  GatewayNode(Stage& stage, Venue& venue, Watch watch) : stage_(stage), venue_(venue), watch_(std::move(watch)) {}

  void Start();
  void Kill();
  void Pause(std::int64_t nanos);
  [[nodiscard]] bool up() const { return life_ != nullptr; }
  // Its connection to the venue breaks.
  void CutVenue() {
    if (up()) life_->link->Cut();
  }
  // False: nobody is there.
  bool Accept(const std::shared_ptr<OrderCall>& call);
  void SetQuote(const Quote& quote) { quotes_[quote.symbol] = quote; }
  [[nodiscard]] const Disk& disk() const { return disk_; }

 private:
  using Request = std::pair<broker::v1::OrderSessionRequest, std::shared_ptr<OrderCall>>;
  struct Storing {
    std::vector<broker::v1::ExecutionReport> reports;
    std::map<OrderId, broker::OrderDesk::Entry> entries;
  };
  // One process.
  struct Life {
    std::unique_ptr<broker::OrderDesk> desk;
    std::unique_ptr<VenueLink> link;
    OrderSessions sessions;
    runtime::Committer committer;
    std::optional<Storing> storing;
    std::deque<Request> inbox;
    std::vector<std::shared_ptr<OrderCall>> calls;
    std::map<const OrderCall*, std::uint64_t> epochs;
    Alarm alarm;
    bool dies = false;
    Life(Stage& stage, std::function<void()> turn) : committer(stage), alarm(stage, std::move(turn)) {}
  };

  void Turn();
  void Poll();
  // False: not stored yet, or it dies.
  bool Settle();
  absl::Status Append();
  absl::StatusOr<runtime::Stored> Look() const;
  void Handle(const broker::v1::OrderSessionRequest& request, const std::shared_ptr<OrderCall>& call);
  void Hello(const broker::v1::OrderSessionHello& hello, const std::shared_ptr<OrderCall>& call);
  void New(const broker::v1::NewOrder& request);
  void Replace(const broker::v1::ReplaceInstruction& request);
  [[nodiscard]] std::optional<Rejection> Refusal(const Order& order) const;
  void Send();

  Stage& stage_;
  Venue& venue_;
  Watch watch_;
  std::map<Symbol, Quote> quotes_;
  Disk disk_;
  std::shared_ptr<Life> life_;
};

}  // namespace ballast::simulation
