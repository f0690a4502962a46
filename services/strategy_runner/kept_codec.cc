#include "services/strategy_runner/kept_codec.h"

#include <optional>

#include "ballast/strategy/v1/kept.pb.h"
#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

namespace pb = strategy::v1;

// Zero is not written.
void Keep(Decimal value, pb::KeptSymbolBook& out, type::v1::Decimal* (pb::KeptSymbolBook::*field)()) {
  if (!value.IsZero()) wire::ToProto(value, (out.*field)());
}
void Keep(const std::optional<Decimal>& value, pb::KeptSymbolBook& out,
          type::v1::Decimal* (pb::KeptSymbolBook::*field)()) {
  if (value) wire::ToProto(*value, (out.*field)());
}
void Keep(Decimal value, pb::KeptDeploymentBook& out, type::v1::Decimal* (pb::KeptDeploymentBook::*field)()) {
  if (!value.IsZero()) wire::ToProto(value, (out.*field)());
}

// The first thing that cannot be read is kept in `status`.
Decimal Read(const type::v1::Decimal& kept, const char* field, absl::Status& status) {
  if (kept.value().empty()) return {};
  auto value = wire::FromProto(kept, field);
  if (value.ok()) return *value;
  status.Update(absl::DataLossError(value.status().message()));
  return {};
}

std::optional<Decimal> ReadOptional(bool kept, const type::v1::Decimal& value, const char* field,
                                    absl::Status& status) {
  return kept ? std::optional(Read(value, field, status)) : std::nullopt;
}

}  // namespace

std::string KeptBytes(const strategy::SymbolBook& book) {
  pb::KeptSymbolBook out;
  Keep(book.trade_profit, out, &pb::KeptSymbolBook::mutable_trade_profit);
  Keep(book.trade_quantity, out, &pb::KeptSymbolBook::mutable_trade_quantity);
  Keep(book.trade_notional, out, &pb::KeptSymbolBook::mutable_trade_notional);
  for (const auto& [method, quantity] : book.trial.quantities) {
    pb::KeptSizingTrial& trial = *out.add_trials();
    trial.set_method(static_cast<pb::SizingMethod>(method));
    wire::ToProto(quantity, trial.mutable_quantity());
  }
  Keep(book.trial.capital, out, &pb::KeptSymbolBook::mutable_trial_capital);
  Keep(book.best_price, out, &pb::KeptSymbolBook::mutable_best_price);
  Keep(book.working_notional, out, &pb::KeptSymbolBook::mutable_working_notional);
  Keep(book.stop_price, out, &pb::KeptSymbolBook::mutable_stop_price);
  Keep(book.target_price, out, &pb::KeptSymbolBook::mutable_target_price);
  Keep(book.waiting_terms.quantity, out, &pb::KeptSymbolBook::mutable_waiting_quantity);
  Keep(book.waiting_terms.stop_price, out, &pb::KeptSymbolBook::mutable_waiting_stop_price);
  Keep(book.waiting_terms.target_price, out, &pb::KeptSymbolBook::mutable_waiting_target_price);
  out.set_waits_for_open(book.waits_for_open);
  out.set_volatility_bars(book.volatility.bars);
  Keep(book.volatility.close, out, &pb::KeptSymbolBook::mutable_volatility_close);
  Keep(book.volatility.variance, out, &pb::KeptSymbolBook::mutable_volatility_variance);
  Keep(book.volatility.range, out, &pb::KeptSymbolBook::mutable_volatility_range);
  if (book.volatility.bars > 0) wire::ToProto(book.volatility.time, out.mutable_volatility_time());
  return out.SerializeAsString();
}

absl::StatusOr<strategy::SymbolBook> SymbolBookOf(const std::string& bytes) {
  pb::KeptSymbolBook kept;
  if (!kept.ParseFromString(bytes)) return absl::DataLossError("an instrument's book cannot be read");
  absl::Status status;
  strategy::SymbolBook book;
  book.trade_profit = Read(kept.trade_profit(), "trade_profit", status);
  book.trade_quantity = Read(kept.trade_quantity(), "trade_quantity", status);
  book.trade_notional = Read(kept.trade_notional(), "trade_notional", status);
  for (const pb::KeptSizingTrial& trial : kept.trials())
    book.trial.quantities[static_cast<sizing::Method>(trial.method())] = Read(trial.quantity(), "trials", status);
  book.trial.capital = Read(kept.trial_capital(), "trial_capital", status);
  book.best_price = Read(kept.best_price(), "best_price", status);
  book.working_notional = Read(kept.working_notional(), "working_notional", status);
  auto optional = [&](bool has, const type::v1::Decimal& value, const char* field) {
    return ReadOptional(has, value, field, status);
  };
  book.stop_price = optional(kept.has_stop_price(), kept.stop_price(), "stop_price");
  book.target_price = optional(kept.has_target_price(), kept.target_price(), "target_price");
  strategy::EntryTerms& terms = book.waiting_terms;
  terms.quantity = optional(kept.has_waiting_quantity(), kept.waiting_quantity(), "waiting_quantity");
  terms.stop_price = optional(kept.has_waiting_stop_price(), kept.waiting_stop_price(), "waiting_stop_price");
  terms.target_price = optional(kept.has_waiting_target_price(), kept.waiting_target_price(), "waiting_target_price");
  book.waits_for_open = kept.waits_for_open();
  book.volatility.bars = kept.volatility_bars();
  book.volatility.close = Read(kept.volatility_close(), "volatility_close", status);
  book.volatility.variance = Read(kept.volatility_variance(), "volatility_variance", status);
  book.volatility.range = Read(kept.volatility_range(), "volatility_range", status);
  if (kept.has_volatility_time()) book.volatility.time = wire::FromProto(kept.volatility_time());
  RETURN_IF_ERROR(status);
  return book;
}

std::string KeptBytes(const strategy::DeploymentBook& book) {
  pb::KeptDeploymentBook out;
  Keep(book.realised, out, &pb::KeptDeploymentBook::mutable_realised);
  out.set_trades(book.record.trades);
  out.set_wins(book.record.wins);
  Keep(book.record.return_sum, out, &pb::KeptDeploymentBook::mutable_return_sum);
  Keep(book.record.return_squares, out, &pb::KeptDeploymentBook::mutable_return_squares);
  for (const auto& [method, record] : book.track) {
    pb::KeptMethodRecord& kept = *out.add_methods();
    kept.set_method(static_cast<pb::SizingMethod>(method));
    kept.set_trades(record.trades);
    wire::ToProto(record.return_sum, kept.mutable_return_sum());
    wire::ToProto(record.return_squares, kept.mutable_return_squares());
    wire::ToProto(record.profit, kept.mutable_profit());
  }
  Keep(book.capital, out, &pb::KeptDeploymentBook::mutable_capital);
  out.set_day(book.day);
  Keep(book.day_start, out, &pb::KeptDeploymentBook::mutable_day_start);
  Keep(book.peak, out, &pb::KeptDeploymentBook::mutable_peak);
  out.set_day_halted(book.day_halted);
  out.set_drawdown_halted(book.drawdown_halted);
  return out.SerializeAsString();
}

absl::StatusOr<strategy::DeploymentBook> DeploymentBookOf(const std::string& bytes) {
  pb::KeptDeploymentBook kept;
  if (!kept.ParseFromString(bytes)) return absl::DataLossError("a deployment's book cannot be read");
  absl::Status status;
  strategy::DeploymentBook book;
  book.realised = Read(kept.realised(), "realised", status);
  book.record.trades = kept.trades();
  book.record.wins = kept.wins();
  book.record.return_sum = Read(kept.return_sum(), "return_sum", status);
  book.record.return_squares = Read(kept.return_squares(), "return_squares", status);
  for (const pb::KeptMethodRecord& record : kept.methods()) {
    sizing::MethodRecord& out = book.track[static_cast<sizing::Method>(record.method())];
    out.trades = record.trades();
    out.return_sum = Read(record.return_sum(), "methods", status);
    out.return_squares = Read(record.return_squares(), "methods", status);
    out.profit = Read(record.profit(), "methods", status);
  }
  book.capital = Read(kept.capital(), "capital", status);
  book.day = kept.day();
  book.day_start = Read(kept.day_start(), "day_start", status);
  book.peak = Read(kept.peak(), "peak", status);
  book.day_halted = kept.day_halted();
  book.drawdown_halted = kept.drawdown_halted();
  RETURN_IF_ERROR(status);
  return book;
}

}  // namespace ballast
