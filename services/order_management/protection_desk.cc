#include "services/order_management/protection_desk.h"

#include <algorithm>

#include "libs/base/absl_std.h"
#include "libs/orders/order_id.h"
#include "services/order_management/emergency_desk.h"

namespace ballast {
namespace {

constexpr std::int64_t kProtectionLookNs = 250'000'000;
constexpr char kProtectionActor[] = "system";

const char* ProtectionReason(OrderType type) {
  if (type == OrderType::kTrailingStop) return "trailing_stop";
  return type == OrderType::kStop ? "stop_loss" : "take_profit";
}

std::string ProtectedBookWords(const orders::BookKey& book, Decimal held) {
  return held.ToString() + " " + book.first.value() +
         (book.second.empty() ? " held by hand" : " of deployment " + book.second.value());
}

std::optional<ProtectionView::Leg> ProtectionLegView(const Order* order) {
  if (order == nullptr) return std::nullopt;
  bool held = order->status == OrderStatus::kHeld;
  return ProtectionView::Leg{
      .order_id = order->order_id,
      .price = order->type == OrderType::kLimit ? order->limit_price : order->stop_price,
      .quantity = order->leaves_quantity,
      .live = held || order->status == OrderStatus::kNew || order->status == OrderStatus::kPartiallyFilled,
      .held_here = held};
}

}  // namespace

absl::Status ProtectionDesk::Recover() {
  if (journal_ != nullptr) {
    ASSIGN_OR_RETURN(std::vector<StopPolicyEntry> entries, journal_->Load());
    for (StopPolicyEntry& entry : entries) {
      guarded_.insert(entry.account_id);
      policies_[{entry.account_id, entry.symbol, entry.deployment_id}] = std::move(entry);
    }
  }
  for (const auto& [id, account] : floor_.accounts.all()) {
    bool ours = std::any_of(account.working().begin(), account.working().end(),
                            [](const auto& entry) { return orders::IsProtection(entry.second); });
    if (ours) guarded_.insert(id);
  }
  due_ = guarded_;
  return absl::OkStatus();
}

absl::Status ProtectionDesk::Set(StopPolicyEntry entry) {
  if (journal_ == nullptr) return absl::UnavailableError("stop policies cannot be kept here");
  if (floor_.accounts.Find(entry.account_id) == nullptr)
    return absl::NotFoundError(ToAbsl("there is no account " + entry.account_id.value()));
  if (entry.deployment_id && !entry.deployment_id->empty() &&
      !floor_.accounts.Knows(entry.account_id, *entry.deployment_id))
    return absl::NotFoundError(ToAbsl("there is no deployment " + entry.deployment_id->value() + " in this account"));
  // Rare, so it may hold up the batch; in force only once it is durable.
  RETURN_IF_ERROR(journal_->Save(entry));
  floor_.log.Info("protection.policy", {{"account", entry.account_id.value()},
                                        {"symbol", entry.symbol.value()},
                                        {"removed", entry.policy ? "no" : "yes"},
                                        {"actor", entry.actor},
                                        {"reason", entry.reason}});
  guarded_.insert(entry.account_id);
  due_.insert(entry.account_id);
  PolicyKey key{entry.account_id, entry.symbol, entry.deployment_id};
  if (entry.policy)
    policies_[key] = std::move(entry);
  else
    policies_.erase(key);
  return absl::OkStatus();
}

const StopPolicyEntry* ProtectionDesk::PolicyFor(const AccountId& account, const BookKey& book) const {
  for (const PolicyKey& key :
       {PolicyKey{account, book.first, book.second}, PolicyKey{account, book.first, std::nullopt},
        PolicyKey{account, Symbol(), std::nullopt}}) {
    if (auto found = policies_.find(key); found != policies_.end()) return &found->second;
  }
  return nullptr;
}

void ProtectionDesk::See(const OrderEvent& event) {
  if (!guarded_.contains(event.account_id)) return;
  if (!event.order) {
    due_.insert(event.account_id);
    return;
  }
  // A stop that only follows the market asks for nothing.
  if (event.type == OrderEventType::kTrailed) return;
  due_.insert(event.account_id);
  const Order& order = *event.order;
  if (!orders::IsProtection(order)) return;
  if (event.type == OrderEventType::kReplaceRejected) unreplaceable_.insert(order.order_id);
  if (!IsTerminal(order.status)) return;
  unreplaceable_.erase(order.order_id);
  Watch& watch = watches_[{order.account_id, order.symbol, order.deployment_id}];
  const std::int64_t now = floor_.clock.MonotonicNanos();
  if (order.status == OrderStatus::kRejected || order.status == OrderStatus::kDenied ||
      order.status == OrderStatus::kNeverAccepted) {
    ++watch.refusals;
    watch.refusal = order.rejection ? order.rejection->message : "no reason was given";
    watch.pause_until_ns = now + kPauseNs;
  } else if (order.status != OrderStatus::kFilled && order.cumulative_quantity.IsPositive()) {
    // It traded and there was no more to trade with: not at once again.
    watch.pause_until_ns = now + kPauseNs;
  }
}

void ProtectionDesk::Work() {
  for (const AccountId& id : std::exchange(due_, {})) {
    if (orders::Account* account = floor_.accounts.Find(id)) Judge(*account);
  }
}

void ProtectionDesk::Tick(std::int64_t now_ns) {
  if (guarded_.empty() || now_ns - last_look_ns_ < kProtectionLookNs) return;
  last_look_ns_ = now_ns;
  due_ = guarded_;
  Work();
}

std::map<ProtectionDesk::BookKey, std::vector<const Order*>> ProtectionDesk::OwnOrders(
    const orders::Account& account) const {
  std::map<BookKey, std::vector<const Order*>> own;
  for (const auto& [id, order] : account.working()) {
    bool leg = order.type != OrderType::kMarket;
    if (leg && orders::IsProtection(order) && !IsTerminal(order.status))
      own[{order.symbol, order.deployment_id}].push_back(&order);
  }
  return own;
}

void ProtectionDesk::Judge(orders::Account& account) {
  const AccountId id = account.snapshot().id;
  std::map<BookKey, orders::Exposed> books = orders::ExposedBooks(account.books(), account.working());
  std::set<BookKey> keys;
  for (const auto& [key, exposed] : books) keys.insert(key);
  for (const auto& [key, own] : OwnOrders(account)) {
    keys.insert(key);
    books.try_emplace(key);
  }
  for (const BookKey& key : keys) {
    // Anew for each: what one does may have moved the orders of the others in memory.
    std::map<BookKey, std::vector<const Order*>> own = OwnOrders(account);
    JudgeBook(account, key, books.at(key), std::move(own[key]));
  }
  std::erase_if(watches_, [&](const auto& entry) {
    const auto& [account_id, symbol, deployment] = entry.first;
    return account_id == id && !keys.contains({symbol, deployment});
  });
}

void ProtectionDesk::JudgeBook(orders::Account& account, const BookKey& book, const orders::Exposed& exposed,
                               std::vector<const Order*> own) {
  const AccountId& id = account.snapshot().id;
  Watch& watch = watches_[{id, book.first, book.second}];
  const StopPolicyEntry* entry = PolicyFor(id, book);
  const orders::StopPolicy* policy = entry == nullptr || !entry->policy ? nullptr : &*entry->policy;
  bool wants = policy != nullptr && policy->Protects() && !exposed.held.IsZero();
  if (emergency_ != nullptr && emergency_->EndsOrders(id)) {
    watch.since_ns = 0;
    SetState(watch, wants ? ProtectionState::kSuspended : ProtectionState::kNone,
             wants ? "an emergency command that cancels orders is engaged" : "");
    return;
  }
  orders::ProtectionFacts facts{.exposed = exposed,
                                .entry_price = account.books().EntryPrice(book.second, book.first),
                                .policy = policy,
                                .own = std::move(own),
                                .unreplaceable = {unreplaceable_.begin(), unreplaceable_.end()},
                                .instrument = market_.Find(book.first)};
  orders::ProtectionVerdict verdict = orders::JudgeProtection(facts);
  // Its words and its legs are about the orders as they are now.
  bool live = verdict.live;
  std::string missing = verdict.missing;
  Act(account, book, watch, verdict.actions);
  if (!wants) {
    bool was_told = watch.told && !exposed.held.IsZero();
    if (was_told) Tell(account, book, OrderEventType::kProtected, "it needs no protection any more");
    watch = Watch{};
    return;
  }
  if (live) {
    if (watch.told)
      Tell(account, book, OrderEventType::kProtected,
           ProtectedBookWords(book, exposed.held) + " has its protection again");
    watch.told = watch.flattening = false;
    watch.since_ns = 0;
    watch.refusals = 0;
    SetState(watch, ProtectionState::kLive, missing);
    return;
  }
  std::int64_t now = floor_.clock.MonotonicNanos();
  if (watch.since_ns == 0) watch.since_ns = now;
  std::string why = missing;
  if (watch.refusals > 0) why += "; refused: " + watch.refusal;
  if (!broker_.ready()) why += "; the broker gateway is not connected";
  bool late = now - watch.since_ns >= kArmNs;
  SetState(watch,
           watch.flattening ? ProtectionState::kFlattening
           : late           ? ProtectionState::kMissing
                            : ProtectionState::kArming,
           why);
  Wait(account, book, *policy, exposed.held, watch);
}

void ProtectionDesk::Wait(orders::Account& account, const BookKey& book, const orders::StopPolicy& policy, Decimal held,
                          Watch& watch) {
  std::int64_t waited = floor_.clock.MonotonicNanos() - watch.since_ns;
  bool late = waited >= kArmNs;
  bool refused = watch.refusals > 0;
  bool flattens = policy.unprotected_action != orders::UnprotectedAction::kPage;
  bool retries = policy.unprotected_action == orders::UnprotectedAction::kRetryThenFlatten;
  if (!watch.told && (late || (refused && !retries))) {
    watch.told = true;
    std::string then = !flattens ? "" : retries ? "; it is closed if it stays so" : "; it is being closed";
    Tell(account, book, OrderEventType::kUnprotected,
         ProtectedBookWords(book, held) + " has no live protection: " + watch.message + then);
  }
  bool flatten = flattens && (retries ? waited >= kRetryNs || watch.refusals >= 3 : late || refused);
  if (flatten || watch.flattening) Flatten(account, book, held, watch);
}

void ProtectionDesk::Flatten(orders::Account& account, const BookKey& book, Decimal held, Watch& watch) {
  watch.flattening = true;
  std::int64_t now = floor_.clock.MonotonicNanos();
  const Order* last = watch.flatten_id.empty() ? nullptr : account.Find(watch.flatten_id);
  if (last != nullptr && !IsTerminal(last->status)) return;
  if (last != nullptr && last->rejection)
    SetState(watch, ProtectionState::kFlattening, "the last order did not fill: " + last->rejection->message);
  if (now < watch.pause_until_ns || !broker_.ready()) return;
  watch.pause_until_ns = now + kPauseNs;
  Order order;
  order.account_id = account.snapshot().id;
  order.request_id = orders::ProtectionRequestId("flatten", account.snapshot().last_sequence + 1);
  order.order_id = orders::OrderIdFor(order.account_id, order.request_id);
  order.deployment_id = book.second;
  order.symbol = book.first;
  order.side = held.IsPositive() ? Side::kSell : Side::kBuy;
  order.type = OrderType::kMarket;
  order.time_in_force = TimeInForce::kIoc;
  order.quantity = held.Abs();
  // A venue refuses what is no whole lot, and with it the rest.
  if (const Instrument* instrument = market_.Find(book.first); instrument != nullptr) {
    Decimal lots = instrument->lot_size.IsPositive() ? order.quantity.RoundTo(instrument->lot_size, Rounding::kDown)
                                                     : order.quantity;
    if (lots.IsPositive()) order.quantity = lots;
  }
  order.reduce_only = true;
  order.reason = "protection_flatten";
  watch.flatten_id = order.order_id;
  floor_.log.Critical("protection.flatten", {{"account", order.account_id.value()},
                                             {"order", order.order_id.value()},
                                             {"position", ProtectedBookWords(book, held)}});
  orders_.Place(std::move(order), kProtectionActor,
                {.name = "protection", .used = held.ToString(), .after = "0", .passed = true});
}

void ProtectionDesk::Act(orders::Account& account, const BookKey& book, Watch& watch,
                         const std::vector<orders::ProtectionAction>& actions) {
  std::int64_t now = floor_.clock.MonotonicNanos();
  for (const orders::ProtectionAction& action : actions) {
    switch (action.kind) {
      case orders::ProtectionAction::Kind::kCancel:
        Cancel(account, action.order_id);
        break;
      case orders::ProtectionAction::Kind::kReplace: {
        const Order* order = account.Find(action.order_id);
        // One that is held here is changed in place; another needs somebody to tell.
        if (order == nullptr || (order->status != OrderStatus::kHeld && !broker_.ready())) break;
        floor_.writer.Keep(account.RequestReplace(action.order_id,
                                                  {.quantity = action.quantity,
                                                   .limit_price = action.limit_price,
                                                   .stop_price = action.stop_price,
                                                   .request_id = orders::kProtectionPrefix + std::string("change")},
                                                  kProtectionActor, floor_.clock.Now()));
        floor_.writer.After([this, held = &account, id = action.order_id] {
          if (const Order* asked = held->Find(id)) broker_.SendReplace(*asked);
        });
        break;
      }
      case orders::ProtectionAction::Kind::kPlace:
        if (broker_.ready() && now >= watch.pause_until_ns && !watch.flattening) Place(account, book, action);
        break;
    }
  }
}

void ProtectionDesk::Place(const orders::Account& account, const BookKey& book,
                           const orders::ProtectionAction& action) {
  Order order;
  order.account_id = account.snapshot().id;
  // Its own for every try, over restarts too: the log's head only grows.
  order.request_id = orders::ProtectionRequestId(ProtectionReason(action.type), account.snapshot().last_sequence + 1);
  order.order_id = orders::OrderIdFor(order.account_id, order.request_id);
  order.deployment_id = book.second;
  order.symbol = book.first;
  order.side = action.side;
  order.type = action.type;
  order.time_in_force = TimeInForce::kGtc;
  order.quantity = action.quantity;
  order.limit_price = action.limit_price;
  order.stop_price = action.stop_price;
  if (action.trailing_percent) {
    order.trailing.emplace();
    order.trailing->offset = *action.trailing_percent;
    order.trailing->offset_type = TrailingOffsetType::kPercent;
  }
  order.reduce_only = true;
  order.reason = ProtectionReason(action.type);
  orders_.Place(std::move(order), kProtectionActor,
                {.name = "protection", .after = action.quantity.ToString(), .passed = true});
}

void ProtectionDesk::Cancel(orders::Account& account, const OrderId& id) {
  floor_.writer.Keep(account.RequestCancel(id, kProtectionActor, floor_.clock.Now()));
  floor_.writer.After([this, held = &account, id] {
    const Order* cancelled = held->Find(id);
    if (cancelled != nullptr && cancelled->cancel_requested) broker_.SendCancel(*cancelled);
  });
}

void ProtectionDesk::Tell(orders::Account& account, const BookKey& book, OrderEventType type, const std::string& why) {
  if (type == OrderEventType::kUnprotected)
    floor_.log.Critical("protection.missing", {{"account", account.snapshot().id.value()}, {"why", why}});
  floor_.writer.Keep(account.Note(type, {.check = "protection", .observed = book.first.value(), .message = why},
                                  kProtectionActor, floor_.clock.Now()));
}

void ProtectionDesk::SetState(Watch& watch, ProtectionState state, std::string message) {
  if (watch.state != state) watch.state_time = floor_.clock.Now();
  watch.state = state;
  watch.message = std::move(message);
}

absl::StatusOr<ProtectionDesk::Answer> ProtectionDesk::List(const AccountId& account_id) {
  orders::Account* account = floor_.accounts.Find(account_id);
  if (account == nullptr) return absl::NotFoundError(ToAbsl("there is no account " + account_id.value()));
  Answer answer;
  for (const auto& [key, entry] : policies_) {
    if (std::get<0>(key) == account_id) answer.policies.push_back(entry);
  }
  std::map<BookKey, std::vector<const Order*>> own = OwnOrders(*account);
  for (const auto& [book, exposed] : orders::ExposedBooks(account->books(), account->working())) {
    ProtectionView view{.account_id = account_id,
                        .symbol = book.first,
                        .deployment_id = book.second,
                        .held = exposed.held,
                        .entry_price = account->books().EntryPrice(book.second, book.first),
                        .own_stop_quantity = exposed.held.Abs() - exposed.stop_room,
                        .own_target_quantity = exposed.held.Abs() - exposed.target_room};
    if (const StopPolicyEntry* entry = PolicyFor(account_id, book)) {
      view.policy = entry->policy;
      view.by_default = entry->symbol.empty();
    }
    orders::ProtectionFacts facts{.exposed = exposed,
                                  .entry_price = view.entry_price,
                                  .policy = view.policy ? &*view.policy : nullptr,
                                  .own = own[book],
                                  .unreplaceable = {},
                                  .instrument = market_.Find(book.first)};
    orders::ProtectionVerdict verdict = orders::JudgeProtection(facts);
    view.stop = ProtectionLegView(verdict.stop);
    view.target = ProtectionLegView(verdict.target);
    auto watch = watches_.find({account_id, book.first, book.second});
    if (watch != watches_.end()) {
      view.state = watch->second.state;
      view.state_time = watch->second.state_time;
      view.message = watch->second.message;
    }
    answer.protections.push_back(std::move(view));
  }
  return answer;
}

}  // namespace ballast
