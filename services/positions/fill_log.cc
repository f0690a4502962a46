#include "services/positions/fill_log.h"

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

constexpr std::int64_t kRetryNs = 1'000'000'000;
constexpr int kFillsAtOnce = 5'000;

std::vector<std::string> Header() {
  return {"sequence", "time", "account_id",   "deployment_id", "symbol",   "side",         "quantity",
          "price",    "fee",  "fee_currency", "liquidity",     "order_id", "execution_id", "reason"};
}

// A spreadsheet takes a text that begins like this for a formula.
std::string Words(const std::string& text) {
  bool formula = !text.empty() && std::string_view("=+-@").find(text.front()) != std::string_view::npos;
  return formula ? "'" + text : text;
}

TradeLog::Row RowOf(const AccountId& account, const Fill& fill) {
  return {.sequence = fill.sequence,
          .time = fill.transact_time,
          .fields = {fill.transact_time.ToString(), account.value(), fill.deployment_id.value(), fill.symbol.value(),
                     fill.side == Side::kBuy ? "BUY" : "SELL", fill.quantity.ToString(), fill.price.ToString(),
                     fill.fee.ToString(), fill.fee_currency, fill.maker ? "MAKER" : "TAKER", fill.order_id.value(),
                     fill.execution_id.value(), Words(fill.reason)}};
}

std::vector<TradeLog::Row> RowsOf(const AccountId& account, const std::vector<Fill>& fills) {
  std::vector<TradeLog::Row> rows;
  for (const Fill& fill : fills) rows.push_back(RowOf(account, fill));
  return rows;
}

}  // namespace

FillLog::FillLog(const std::string& directory, PositionStore& store, const Clock& clock, Logger& log, Metrics& metrics)
    : files_(directory, Header()),
      store_(store),
      clock_(clock),
      log_(log),
      behind_gauge_(
          metrics.GetGauge("ballast_positions_trade_log_behind", "1: fills are missing in the trade log", {})) {}

void FillLog::CatchUp() {
  MutexLock lock(mutex_);
  CatchUpNow();
}

void FillLog::CatchUpNow() {
  if (!files_.enabled()) return;
  last_try_ns_ = clock_.MonotonicNanos();
  Note(TryCatchUp());
}

void FillLog::Append(const AccountId& account, const std::vector<Fill>& fills) {
  MutexLock lock(mutex_);
  if (!files_.enabled()) return;
  if (behind_) return RetryNow();
  if (fills.empty()) return;
  if (auto written = from_store_.find(account); written != from_store_.end()) {
    if (fills.back().sequence <= written->second) return;
    if (fills.front().sequence <= written->second) return CatchUpNow();
  }
  Note(TryAppend(account, fills));
}

void FillLog::Retry() {
  MutexLock lock(mutex_);
  RetryNow();
}

void FillLog::RetryNow() {
  if (behind_ && clock_.MonotonicNanos() - last_try_ns_ >= kRetryNs) CatchUpNow();
}

absl::Status FillLog::TryAppend(const AccountId& account, const std::vector<Fill>& fills) {
  ASSIGN_OR_RETURN(std::uint64_t last, files_.LastSequence(account.value()));
  if (fills.front().sequence > last) return files_.Append(account.value(), RowsOf(account, fills));
  RETURN_IF_ERROR(SetAside(account, last, fills.front().sequence));
  return TryCatchUp();
}

// What has just been stored cannot be on file: the store went back to an older state or began anew.
absl::Status FillLog::SetAside(const AccountId& account, std::uint64_t last, std::uint64_t stored) {
  log_.Warning("trade_log.set_aside",
               {{"account", account.value()}, {"last_line", std::to_string(last)}, {"stored", std::to_string(stored)}});
  return files_.SetAside(account.value());
}

absl::Status FillLog::TryCatchUp() {
  ASSIGN_OR_RETURN(auto stored, store_.LoadSequences());
  from_store_.clear();
  for (const auto& [account, sequence] : stored) {
    ASSIGN_OR_RETURN(std::uint64_t last, files_.LastSequence(account.value()));
    if (last > sequence) {
      RETURN_IF_ERROR(SetAside(account, last, sequence));
      last = 0;
    }
    while (last < sequence) {
      ASSIGN_OR_RETURN(std::vector<Fill> fills, store_.LoadFills(account, last, kFillsAtOnce));
      if (fills.empty()) break;
      RETURN_IF_ERROR(files_.Append(account.value(), RowsOf(account, fills)));
      last = fills.back().sequence;
    }
    from_store_[account] = last;
  }
  return absl::OkStatus();
}

void FillLog::Note(const absl::Status& status) {
  if (!status.ok() && !behind_) log_.Error("trade_log.behind", {{"error", status.ToString()}});
  if (status.ok() && behind_) log_.Info("trade_log.caught_up", {});
  behind_ = !status.ok();
  behind_gauge_.Set(behind_ ? 1 : 0);
}

}  // namespace ballast
