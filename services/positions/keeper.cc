#include "services/positions/keeper.h"

#include <algorithm>
#include <utility>

#include <google/protobuf/util/json_util.h>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr std::int64_t kPublishNs = 250'000'000;
constexpr std::int64_t kPublishGapNs = 20'000'000;
constexpr std::int64_t kSaveNs = 1'000'000'000;
constexpr std::int64_t kMarksSaveNs = 5'000'000'000;
constexpr int kVerifyPage = 5'000;
constexpr std::int64_t kThinNs = 3'600'000'000'000;
// A quote of an open market that is older than this in market time stands for nothing, however often it is told.
constexpr Duration kQuoteStands = Duration::Seconds(15 * 60);
constexpr std::size_t kUnsavedPointsMax = 100'000;
constexpr std::size_t kSubscribersMax = 256;
// So many events that move nothing but an account's cursor are read again after a crash, at most.
constexpr std::uint64_t kCursorBehindMax = 2'000;

std::string Json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  return google::protobuf::util::MessageToJsonString(message, &text, options).ok() ? text : std::string();
}

}  // namespace

PositionKeeper::PositionKeeper(Options options, PositionStore& store, const Clock& clock, Logger& log, Metrics& metrics,
                               RedisCache& redis, std::function<void(const std::string&)> fail)
    : options_(std::move(options)),
      store_(store),
      clock_(clock),
      log_(log),
      redis_(redis),
      fill_log_(options_.trade_log_directory, store, clock, log, metrics),
      fail_(std::move(fail)),
      stopped_("positions", log, metrics),
      board_(options_.day_boundary),
      calendar_(options_.day_boundary),
      fills_(metrics.GetCounter("ballast_positions_fills_total", "fills booked", {})),
      repeats_(metrics.GetCounter("ballast_positions_executions_repeated_total",
                                  "executions the order log told twice, booked once", {})),
      commit_failures_(metrics.GetCounter("ballast_positions_commit_failures_total", "commits that failed", {})),
      events_(metrics.GetCounter("ballast_positions_events_total", "order events applied", {})),
      commit_seconds_(metrics.GetSeconds("ballast_positions_commit_seconds", "making one batch durable", {})) {
  redis_.SetRebuild([this] {
    MutexLock lock(mutex_);
    WriteRedis();
  });
}

absl::Status PositionKeeper::Recover() {
  RETURN_IF_ERROR(store_.Fence());
  {
    ASSIGN_OR_RETURN(AccountBooks books, store_.Load());
    ASSIGN_OR_RETURN(ledger::SymbolCloses closes, store_.LoadCloses());
    for (const auto& [id, book] : books) stored_[id] = book.totals().sequence;
    MutexLock lock(mutex_);
    books_ = std::move(books);
    board_.Restore(std::move(closes));
  }
  fill_log_.CatchUp();
  return absl::OkStatus();
}

void PositionKeeper::StopWaiting() {
  stopping_ = true;
  applied_.NotifyAll();
}

void PositionKeeper::OnReadingAgain() {
  MutexLock lock(mutex_);
  present_ = false;
}

std::map<std::string, std::uint64_t> PositionKeeper::Cursors() {
  MutexLock lock(mutex_);
  std::map<std::string, std::uint64_t> cursors;
  for (const auto& [id, book] : books_) cursors[id.value()] = book.totals().sequence;
  return cursors;
}

bool PositionKeeper::MayBeLate() {
  MutexLock lock(mutex_);
  return market_time_.nanos != 0 && !lockstep_;
}

namespace {

// A fill of a later day ends the day before it: what was held then is what is held before it is booked.
void StartDayOf(const OrderEvent& event, const ledger::MarketCalendar& calendar, const ledger::MarkBoard& board,
                positions::AccountBook& book) {
  if (!event.fill || event.fill->transact_time.nanos == 0) return;
  if (event.sequence <= book.totals().sequence) return;
  std::int64_t day = calendar.DayOf(event.fill->transact_time);
  if (day > book.totals().baseline.day) book.StartDay(board, day);
}

}  // namespace

void PositionKeeper::ApplyLive(const std::vector<OrderEvent>& events,
                               const std::map<AccountId, std::uint64_t>& durable) {
  for (const OrderEvent& event : events) {
    auto upto = durable.find(event.account_id);
    if (upto == durable.end() || event.sequence > upto->second) continue;
    // On the live books, which marks may have moved meanwhile.
    StartDayOf(event, calendar_, board_, books_[event.account_id]);
    auto applied = books_[event.account_id].Apply(event);
    events_.Increment();
    Changes& changes = changes_[event.account_id];
    changes.any = true;
    if (applied.trade) changes.trades.push_back(*applied.trade);
    if (!applied.fill) continue;
    if (present_) books_[event.account_id].Mark(board_.now());
    fills_.Increment();
    fills_waiting_ = true;
    if (!books_[event.account_id].net().contains(applied.fill->symbol)) changes.closed.insert(applied.fill->symbol);
  }
  applied_.NotifyAll();
  if (fills_waiting_) bell_.Wake();
}

// An execution that the order log tells twice is booked once: refused for ever, it would hold up all that follows.
void PositionKeeper::FindRepeated(const std::map<AccountId, PositionStore::Batch>& batches) {
  for (const auto& [account, batch] : batches) {
    auto booked = store_.LoadBooked(account, batch.fills);
    if (!booked.ok()) {
      log_.Error("positions.reload_failed", {{"error", booked.status().ToString()}});
      return;
    }
    for (const Fill& fill : batch.fills) {
      auto [first, fresh] = booked->try_emplace(fill.execution_id, fill.sequence);
      // Under its own number: a commit that was in doubt, which was made.
      if (fresh || first->second == fill.sequence) continue;
      if (!repeated_.insert({account, fill.sequence}).second) continue;
      log_.Critical("positions.execution_repeated", {{"account", account.value()},
                                                     {"execution", fill.execution_id.value()},
                                                     {"sequence", std::to_string(fill.sequence)},
                                                     {"booked_at", std::to_string(first->second)}});
      repeats_.Increment();
    }
  }
}

absl::StatusOr<OrderEvent> PositionKeeper::Read(const order::v1::OrderEvent& proto) {
  bool of_account = proto.type() == order::v1::ORDER_EVENT_TYPE_ACCOUNT_OPENED;
  if (proto.has_fill() || of_account) return wire::FromProto(proto);
  OrderEvent event;
  event.account_id = AccountId(proto.account_id());
  event.sequence = proto.sequence();
  event.type = static_cast<OrderEventType>(proto.type());
  event.execution_sequence = proto.execution_sequence();
  return event;
}

bool PositionKeeper::MayWait(const std::map<AccountId, PositionStore::Batch>& batches, const AccountBooks& next) const {
  return std::all_of(batches.begin(), batches.end(), [&](const auto& entry) {
    const auto& [id, batch] = entry;
    bool only_cursor = batch.fills.empty() && batch.trades.empty() && !batch.opens;
    return only_cursor && next.at(id).totals().sequence - batch.after < kCursorBehindMax;
  });
}

bool PositionKeeper::OnEvents(const order::v1::StreamOrderEventsResponse& response) {
  std::vector<OrderEvent> events;
  AccountBooks next;
  std::map<AccountId, PositionStore::Batch> batches;
  ledger::MarkBoard board;
  {
    MutexLock lock(mutex_);
    board = board_;
  }
  ledger::MarketCalendar calendar(options_.day_boundary);
  for (const order::v1::OrderEvent& proto : response.events()) {
    auto event = Read(proto);
    {
      MutexLock lock(mutex_);
      if (!event.ok()) stopped_.Stop(proto.account_id(), proto.sequence(), MessageOf(event.status()));
      if (stopped_.Holds(proto.account_id())) continue;
    }
    if (!next.contains(event->account_id)) {
      MutexLock lock(mutex_);
      auto known = books_.find(event->account_id);
      next[event->account_id] = known == books_.end() ? positions::AccountBook() : known->second;
    }
    positions::AccountBook& book = next[event->account_id];
    if (event->sequence <= book.totals().sequence) continue;
    if (repeated_.contains({event->account_id, event->sequence})) event->fill.reset();
    StartDayOf(*event, calendar, board, book);
    auto applied = book.Apply(*event);
    if (!applied.ok) {
      log_.Error("positions.event_gap",
                 {{"account", proto.account_id()}, {"sequence", std::to_string(proto.sequence())}});
      return false;
    }
    PositionStore::Batch& batch =
        batches.try_emplace(event->account_id, PositionStore::Batch{.after = stored_[event->account_id]}).first->second;
    batch.opens |= event->type == OrderEventType::kAccountOpened;
    if (applied.fill) batch.fills.push_back(*applied.fill);
    if (applied.trade) batch.trades.push_back(*applied.trade);
    events.push_back(std::move(*event));
  }
  if (!events.empty()) {
    std::map<AccountId, std::uint64_t> durable;
    for (const auto& [id, unused] : batches) durable[id] = next.at(id).totals().sequence;
    std::int64_t started = clock_.MonotonicNanos();
    bool waits = MayWait(batches, next);
    absl::Status saved = waits ? absl::OkStatus() : store_.Save(next, batches);
    if (!saved.ok()) {
      commit_failures_.Increment();
      log_.Error("positions.commit_failed", {{"error", saved.ToString()}});
      if (absl::IsFailedPrecondition(saved)) {
        fail_("a newer positions service has taken over");
        return false;
      }
      if (absl::IsAlreadyExists(saved)) FindRepeated(batches);
      // In doubt or refused: what is stored decides where to go on.
      auto stored = store_.LoadSequences();
      if (!stored.ok()) {
        log_.Error("positions.reload_failed", {{"error", stored.status().ToString()}});
        return false;
      }
      durable = std::move(*stored);
    }
    if (!waits) {
      for (const auto& [id, sequence] : durable) stored_[id] = sequence;
      commit_seconds_.Observe(static_cast<double>(clock_.MonotonicNanos() - started) / 1e9);
    }
    {
      MutexLock lock(mutex_);
      ApplyLive(events, durable);
    }
    if (!saved.ok()) {
      fill_log_.CatchUp();
      return false;
    }
    for (const auto& [id, batch] : batches) fill_log_.Append(id, batch.fills);
  }
  // Heads are told alone; an order log without accounts has none.
  if (!response.events().empty() && response.head_sequences().empty()) return true;
  std::map<std::string, std::uint64_t> cursors = Cursors();
  MutexLock lock(mutex_);
  bool at_head = std::all_of(response.head_sequences().begin(), response.head_sequences().end(),
                             [&](const auto& head) REQUIRES(mutex_) {
                               return cursors[head.first] >= head.second || stopped_.Holds(head.first);
                             });
  if (!at_head) return true;
  if (!response.head_sequences().empty()) caught_up_ = true;
  // What the market did meanwhile.
  if (!std::exchange(present_, true)) MarkAll();
  return true;
}

UtcTime PositionKeeper::Now() { return market_time_.nanos != 0 ? market_time_ : clock_.Now(); }

bool PositionKeeper::OnStep(const broker::v1::StreamMarketDataResponse& step) {
  MutexLock lock(mutex_);
  if (step.lockstep()) {
    auto behind = [&]() REQUIRES(mutex_) {
      for (const auto& [account, sequence] : step.execution_sequences()) {
        if (stopped_.Holds(account)) continue;
        auto book = books_.find(AccountId(account));
        if (sequence > 0 && (book == books_.end() || book->second.totals().execution_sequence < sequence)) return true;
      }
      return false;
    };
    constexpr std::int64_t kCheckStopNs = 100'000'000;
    while (behind()) {
      if (stopping_) return false;
      applied_.WaitFor(mutex_, kCheckStopNs);
    }
  }
  std::int64_t now = clock_.MonotonicNanos();
  lockstep_ = step.lockstep();
  market_time_ = wire::FromProto(step.market_time());
  for (const broker::v1::Quote& proto : step.quotes()) {
    auto quote = wire::FromProto(proto);
    if (!quote.ok()) {
      log_.Error("market.quote_unreadable", {{"error", quote.status().ToString()}});
      continue;
    }
    // One that cannot be used leaves the old mark, which grows stale.
    if (board_.Take(*quote)) arrival_ns_[quote->symbol] = now;
  }
  MarkAll();
  marks_changed_ = marks_unsaved_ = true;
  if (lockstep_) TakeEquityPoints(market_time_);
  return true;
}

void PositionKeeper::MarkAll() {
  // Without a step there is no market time, and the clock's would be a day of its own in a replay.
  if (!present_ || market_time_.nanos == 0) return;
  std::int64_t day = calendar_.Advance(market_time_);
  for (auto& [id, book] : books_) {
    if (stopped_.Holds(id.value())) continue;
    book.StartDay(board_, day);
    book.Mark(board_.now());
  }
}

ledger::SymbolCloses PositionKeeper::HeldCloses() {
  ledger::SymbolCloses held;
  auto hold = [&](const Symbol& symbol) REQUIRES(mutex_) {
    auto close = board_.closes().find(symbol);
    if (close != board_.closes().end()) held.insert(*close);
  };
  for (const auto& [id, book] : books_) {
    for (const auto& [symbol, holding] : book.net()) hold(symbol);
    for (const auto& [key, holding] : book.books()) hold(key.second);
  }
  return held;
}

MarkView PositionKeeper::View() {
  RefreshStale();
  return {board_.now(), stale_, ages_ms_};
}

void PositionKeeper::TakeEquityPoints(UtcTime now) {
  if (!present_) return;
  for (const auto& [id, book] : books_) {
    if (stopped_.Holds(id.value())) continue;
    std::optional<Decimal> equity = book.Equity(board_.now());
    if (!equity) continue;
    EquityMark mark{.account_id = id, .time = now, .equity = *equity, .cash = book.totals().cash};
    changes_[id].point = mark;
    changes_[id].any = true;
    if (unsaved_points_.size() < kUnsavedPointsMax) unsaved_points_.push_back(std::move(mark));
  }
}

void PositionKeeper::RefreshStale() {
  stale_.clear();
  ages_ms_.clear();
  std::int64_t now = clock_.MonotonicNanos();
  for (const auto& [symbol, mark] : board_.now()) {
    // Since it was told, and in market time; in lockstep the market waits for its readers and only its own time counts.
    std::int64_t told = lockstep_ ? 0 : now - arrival_ns_[symbol];
    bool timed = mark.time.nanos != 0 && market_time_ > mark.time;
    std::int64_t stood = timed ? (market_time_ - mark.time).nanos : 0;
    ages_ms_[symbol] = std::max(told, stood) / 1'000'000;
    bool stale = told > options_.mark_age_ms_max * 1'000'000 || (mark.session_open && stood > kQuoteStands.nanos);
    if (stale) stale_.insert(symbol);
  }
}

runtime::Turn PositionKeeper::Poll(std::int64_t now_ns) {
  if (ended_) return {runtime::Turn::State::kEnded, 0};
  if (bell_.closed()) return End();
  (void)bell_.Take(0);
  Thin(now_ns);
  if (std::optional<Unsaved> unsaved = Tell(now_ns)) Save(std::move(*unsaved));
  fill_log_.Retry();
  MutexLock lock(mutex_);
  return {runtime::Turn::State::kReady, last_publish_ns_ + (fills_waiting_ ? kPublishGapNs : kPublishNs)};
}

std::optional<PositionKeeper::Unsaved> PositionKeeper::Tell(std::int64_t now_ns) {
  MutexLock lock(mutex_);
  // Fills that come one after the other are told together.
  if (now_ns - last_publish_ns_ < (fills_waiting_ ? kPublishGapNs : kPublishNs)) return std::nullopt;
  last_publish_ns_ = now_ns;
  fills_waiting_ = false;
  if (!lockstep_ && now_ns - last_point_ns_ >= options_.equity_interval_ms * 1'000'000) {
    last_point_ns_ = now_ns;
    TakeEquityPoints(Now());
  }
  Publish();
  if (now_ns - last_save_ns_ < kSaveNs) return std::nullopt;
  last_save_ns_ = now_ns;
  WriteRedis();
  // However rare the points of the curve: a peak must not be forgotten.
  bool marks = marks_unsaved_ && now_ns - last_marks_save_ns_ >= kMarksSaveNs;
  if (unsaved_points_.empty() && !marks) return std::nullopt;
  last_marks_save_ns_ = now_ns;
  marks_unsaved_ = false;
  return TakeUnsaved();
}

PositionKeeper::Unsaved PositionKeeper::TakeUnsaved() {
  return {.books = books_, .points = std::exchange(unsaved_points_, {}), .closes = HeldCloses()};
}

void PositionKeeper::Save(Unsaved unsaved) {
  absl::Status saved = store_.SaveMarks(unsaved.books, unsaved.points, unsaved.closes);
  if (saved.ok()) return;
  log_.Warning("positions.marks_not_saved", {{"error", saved.ToString()}});
  if (absl::IsFailedPrecondition(saved)) fail_("a newer positions service has taken over");
  MutexLock lock(mutex_);
  marks_unsaved_ = true;
  if (unsaved_points_.size() + unsaved.points.size() < kUnsavedPointsMax) {
    unsaved_points_.insert(unsaved_points_.begin(), unsaved.points.begin(), unsaved.points.end());
  }
}

void PositionKeeper::Thin(std::int64_t now_ns) {
  if (now_ns < next_thin_ns_) return;
  next_thin_ns_ = now_ns + kThinNs;
  if (absl::Status thinned = store_.ThinEquity(); !thinned.ok())
    log_.Warning("positions.equity_not_thinned", {{"error", thinned.ToString()}});
}

// The last words: what marks have moved is stored, whoever follows is told.
runtime::Turn PositionKeeper::End() {
  ended_ = true;
  std::optional<Unsaved> unsaved;
  {
    MutexLock lock(mutex_);
    unsaved = TakeUnsaved();
    for (const Subscriber& subscriber : subscribers_) {
      subscriber.sender->Close(grpc::Status(grpc::UNAVAILABLE, "positions is stopping"));
    }
    subscribers_.clear();
  }
  Save(std::move(*unsaved));
  return {runtime::Turn::State::kEnded, 0};
}

void PositionKeeper::FillDelta(const positions::AccountBook& book, bool snapshot, const Changes& changes,
                               position::v1::StreamPositionsResponse* out) {
  MarkView view = View();
  out->set_snapshot(snapshot);
  for (const auto& [symbol, holding] : book.net()) {
    Encode(holding, book, DeploymentId(), symbol, view, out->add_positions());
  }
  for (const Symbol& symbol : changes.closed) {
    if (!book.net().contains(symbol)) {
      Encode(positions::Holding{}, book, DeploymentId(), symbol, view, out->add_positions());
    }
  }
  EncodeSummary(book, view, Now(), out->mutable_summary());
  for (const auto& [id, unused] : book.book_totals()) EncodeBook(book, id, view, out->add_books());
  for (const positions::Trade& trade : changes.trades) Encode(trade, book.totals(), out->add_trades());
  if (changes.point) {
    wire::ToProto(changes.point->time, out->mutable_equity_point()->mutable_time());
    wire::ToProto(changes.point->equity, out->mutable_equity_point()->mutable_equity());
    wire::ToProto(changes.point->cash, out->mutable_equity_point()->mutable_cash());
  }
}

void PositionKeeper::Publish() {
  std::erase_if(subscribers_, [](const Subscriber& subscriber) { return subscriber.sender->done(); });
  for (const auto& [id, book] : books_) {
    Changes changes = std::exchange(changes_[id], {});
    if ((!changes.any && !marks_changed_) || stopped_.Holds(id.value())) continue;
    for (const Subscriber& subscriber : subscribers_) {
      if (subscriber.account != id) continue;
      position::v1::StreamPositionsResponse delta;
      FillDelta(book, false, changes, &delta);
      subscriber.sender->Push(std::move(delta));
    }
  }
  marks_changed_ = false;
}

void PositionKeeper::WriteRedis() {
  MarkView view = View();
  for (const auto& [id, book] : books_) {
    if (stopped_.Holds(id.value())) continue;
    position::v1::AccountSummary summary;
    EncodeSummary(book, view, Now(), &summary);
    redis_.HashSet("ballast:summary", id.value(), Json(summary));
    position::v1::ListPositionsResponse all;
    for (const auto& [symbol, holding] : book.net()) {
      Encode(holding, book, DeploymentId(), symbol, view, all.add_positions());
    }
    redis_.Set("ballast:positions:" + id.value(), Json(all));
  }
}

absl::StatusOr<const positions::AccountBook*> PositionKeeper::Book(const std::string& account) {
  if (const std::string* why = stopped_.Why(account)) return absl::FailedPreconditionError(ToAbsl(*why));
  auto found = books_.find(AccountId(account));
  if (found == books_.end()) return absl::NotFoundError(ToAbsl("there is no account '" + account + "'"));
  return &found->second;
}

absl::Status PositionKeeper::Known(const std::string& account) {
  MutexLock lock(mutex_);
  return Book(account).status();
}

std::map<AccountId, positions::AccountBook> PositionKeeper::Books() {
  MutexLock lock(mutex_);
  AccountBooks books;
  if (!present_) return books;
  for (const auto& [id, book] : books_) {
    if (!stopped_.Holds(id.value())) books.emplace(id, book);
  }
  return books;
}

absl::Status PositionKeeper::ListPositions(const position::v1::ListPositionsRequest& request,
                                           position::v1::ListPositionsResponse* response) {
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const positions::AccountBook* found, Book(request.account_id()));
  const positions::AccountBook& book = *found;
  MarkView view = View();
  if (!request.by_deployment()) {
    for (const auto& [symbol, holding] : book.net()) {
      Encode(holding, book, DeploymentId(), symbol, view, response->add_positions());
    }
    return absl::OkStatus();
  }
  for (const auto& [key, holding] : book.books()) {
    if (!request.deployment_id().empty() && key.first.value() != request.deployment_id()) continue;
    Encode(holding, book, key.first, key.second, view, response->add_positions());
  }
  return absl::OkStatus();
}

absl::Status PositionKeeper::Summary(const std::string& account, position::v1::AccountSummary* summary) {
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const positions::AccountBook* book, Book(account));
  EncodeSummary(*book, View(), Now(), summary);
  return absl::OkStatus();
}

absl::Status PositionKeeper::ListBooks(const std::string& account, position::v1::ListBookSummariesResponse* response) {
  MutexLock lock(mutex_);
  ASSIGN_OR_RETURN(const positions::AccountBook* book, Book(account));
  for (const auto& [id, unused] : book->book_totals()) {
    EncodeBook(*book, id, View(), response->add_books());
  }
  return absl::OkStatus();
}

void PositionKeeper::Subscribe(const std::string& account, std::shared_ptr<Sender> session) {
  MutexLock lock(mutex_);
  std::erase_if(subscribers_, [](const Subscriber& subscriber) { return subscriber.sender->done(); });
  if (subscribers_.size() >= kSubscribersMax) {
    session->Close(grpc::Status(grpc::RESOURCE_EXHAUSTED, "too many streams are open"));
    return;
  }
  auto found = books_.find(AccountId(account));
  position::v1::StreamPositionsResponse snapshot;
  snapshot.set_snapshot(true);
  if (found != books_.end()) FillDelta(found->second, true, {}, &snapshot);
  session->Push(std::move(snapshot));
  subscribers_.push_back({AccountId(account), std::move(session)});
}

absl::Status PositionKeeper::Verify(const std::string& account, position::v1::VerifyAccountResponse* response) {
  positions::AccountBook book;
  {
    MutexLock lock(mutex_);
    ASSIGN_OR_RETURN(const positions::AccountBook* found, Book(account));
    book = *found;
    if (std::optional<Decimal> equity = book.Equity(board_.now())) wire::ToProto(*equity, response->mutable_equity());
  }
  positions::AccountBook recomputed;
  OrderEvent event;
  event.account_id = book.totals().account_id;
  event.type = OrderEventType::kAccountOpened;
  event.cash = book.totals().opening_cash;
  event.currency = book.totals().currency;
  event.sequence = 1;
  (void)recomputed.Apply(event);
  event.type = OrderEventType::kFilled;
  std::set<ExecutionId> seen;
  std::uint64_t read = 0;
  // What is booked since is not looked at.
  while (read < book.totals().sequence) {
    ASSIGN_OR_RETURN(std::vector<Fill> fills, store_.LoadFills(AccountId(account), read, kVerifyPage));
    for (const Fill& fill : fills) {
      if (fill.sequence > book.totals().sequence) break;
      if (!seen.insert(fill.execution_id).second)
        response->add_differences("execution " + fill.execution_id.value() + " is booked twice");
      ++event.sequence;
      event.fill = fill;
      (void)recomputed.Apply(event);
    }
    if (fills.empty()) break;
    read = fills.back().sequence;
  }
  for (const std::string& difference : positions::Differences(book, recomputed)) response->add_differences(difference);
  response->set_consistent(response->differences().empty());
  response->set_fills(book.totals().fills);
  wire::ToProto(book.totals().cash, response->mutable_cash());
  response->set_sequence(book.totals().sequence);
  if (!response->consistent()) {
    log_.Critical("positions.identity_broken", {{"account", account}, {"first", response->differences(0)}});
  }
  return absl::OkStatus();
}

}  // namespace ballast
