#include "services/strategy_runner/sizing_preview.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/thread/mutex.h"
#include "libs/sizing/volatility.h"
#include "libs/strategy/setting.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

namespace pb = strategy::v1;

// Of an exponential average of 0.94: what is older weighs a thousandth.
constexpr int kBarsMin = 110;
const Decimal kDefaultRatio = Decimal::Of("0.02");

// None when it is not given; the request has been checked.
std::optional<Decimal> Given(const type::v1::Decimal& proto) {
  if (proto.value().empty()) return std::nullopt;
  auto value = wire::FromProto(proto, "");
  return value.ok() ? std::optional(*value) : std::nullopt;
}

struct Facts {
  absl::StatusOr<position::v1::AccountSummary> summary;
  absl::StatusOr<risk::v1::Limits> limits;
  absl::StatusOr<std::vector<Instrument>> instruments;
  absl::StatusOr<broker::v1::GetQuotesResponse> quotes;
  absl::StatusOr<std::vector<Bar>> bars;
};

absl::Status Unanswered(const char* what, const absl::Status& status) {
  // It was answered: there is no such account.
  if (absl::IsNotFound(status)) return absl::NotFoundError(ToAbsl(std::string(what) + ": " + MessageOf(status)));
  return absl::UnavailableError(ToAbsl(std::string(what) + ": " + MessageOf(status)));
}

absl::StatusOr<Quote> QuoteOf(const std::string& symbol, const Facts& facts) {
  for (const broker::v1::Quote& quote : facts.quotes->quotes()) {
    if (quote.symbol() == symbol) return wire::FromProto(quote);
  }
  return absl::FailedPreconditionError(ToAbsl(symbol + " has no quote"));
}

absl::Status Missing(const Facts& facts) {
  if (!facts.summary.ok()) return Unanswered("the account's figures", facts.summary.status());
  if (!facts.limits.ok()) return Unanswered("the account's limits", facts.limits.status());
  if (!facts.quotes.ok()) return Unanswered("quotes", facts.quotes.status());
  if (!facts.bars.ok()) return Unanswered("bars", facts.bars.status());
  if (!facts.summary->has_equity() || facts.summary->any_mark_stale())
    return absl::FailedPreconditionError("the account's equity is not known");
  return absl::OkStatus();
}

absl::StatusOr<pb::PreviewSizingResponse> Compute(const pb::PreviewSizingRequest& request, const SizingBasis& basis,
                                                  const Facts& facts) {
  if (!facts.instruments.ok()) return Unanswered("instruments", facts.instruments.status());
  auto instrument = std::find_if(facts.instruments->begin(), facts.instruments->end(),
                                 [&](const Instrument& one) { return one.symbol.value() == request.symbol(); });
  if (instrument == facts.instruments->end())
    return absl::NotFoundError(ToAbsl("there is no instrument " + request.symbol()));
  RETURN_IF_ERROR(Missing(facts));
  ASSIGN_OR_RETURN(Decimal equity, wire::FromProto(facts.summary->equity(), "equity"));
  Decimal gross;
  if (facts.summary->has_gross_exposure()) {
    ASSIGN_OR_RETURN(gross, wire::FromProto(facts.summary->gross_exposure(), "gross_exposure"));
  }
  if (!equity.IsPositive()) return absl::FailedPreconditionError("the account's equity is not above zero");
  ASSIGN_OR_RETURN(sizing::Ceiling ceiling, CeilingFromProto(*facts.limits, equity, gross));
  std::vector<FieldError> errors;
  sizing::Settings settings = SettingsFromProto(request.sizing(), "sizing", errors);
  sizing::Volatility volatility;
  for (const Bar& bar : *facts.bars) sizing::Observe(volatility, bar, settings);
  std::optional<Decimal> given = Given(request.price());
  Decimal price = given.value_or(Decimal()), counted = price;
  if (!given) {
    ASSIGN_OR_RETURN(Quote quote, QuoteOf(request.symbol(), facts));
    price = request.side() == type::v1::SIDE_BUY ? quote.ask_price : quote.bid_price;
    counted = std::max(quote.ask_price, quote.last_price);
  }
  if (!price.IsPositive()) return absl::FailedPreconditionError(ToAbsl(request.symbol() + " has no price"));
  std::optional<Decimal> move = sizing::UsualMove(volatility, settings);
  sizing::Situation situation{.side = static_cast<Side>(request.side()),
                              .price = price,
                              .counted_price = counted,
                              .stop_price = Given(request.stop_price()),
                              .capital = equity,
                              .fixed_ratio = Given(request.position_size_ratio()).value_or(kDefaultRatio),
                              .instrument = *instrument,
                              .move = move,
                              .moves = {move},
                              .record = basis.record,
                              .track = basis.track,
                              .ceiling = std::move(ceiling)};
  pb::PreviewSizingResponse response;
  if (auto money = Given(request.money())) {
    pb::SizingResult& result = *response.add_results();
    ToProto(sizing::SizeForMoney(*money, situation), &result);
    result.set_method(pb::SIZING_METHOD_UNSPECIFIED);
    result.set_name("money");
  } else {
    for (sizing::Method method : sizing::kMethods) {
      if (request.method() == 0 || static_cast<int>(request.method()) == static_cast<int>(method))
        ToProto(sizing::Size(method, settings, situation), response.add_results());
    }
  }
  wire::ToProto(price, response.mutable_price());
  wire::ToProto(equity, response.mutable_equity());
  response.set_currency(facts.summary->currency());
  return response;
}

// Facts as they come in, on any thread.
class Collector {
 public:
  using Answer = std::function<void(const absl::Status&, const pb::PreviewSizingResponse&)>;

  Collector(pb::PreviewSizingRequest request, SizingBasis basis, Answer answer)
      : request_(std::move(request)), basis_(std::move(basis)), answer_(std::move(answer)) {}

  template <typename T>
  void Take(absl::StatusOr<T> Facts::*fact, absl::StatusOr<T> value) EXCLUDES(mutex_) {
    Facts all;
    {
      MutexLock lock(mutex_);
      facts_.*fact = std::move(value);
      if (--missing_ > 0) return;
      all = std::move(facts_);
    }
    auto computed = Compute(request_, basis_, all);
    answer_(computed.status(), computed.ok() ? *computed : pb::PreviewSizingResponse());
  }

 private:
  const pb::PreviewSizingRequest request_;
  const SizingBasis basis_;
  const Answer answer_;
  Mutex mutex_;
  Facts facts_ GUARDED_BY(mutex_);
  int missing_ GUARDED_BY(mutex_) = 5;
};

template <typename T>
Neighbours::Answer<T> Into(std::shared_ptr<Collector> collector, absl::StatusOr<T> Facts::*fact) {
  return [collector = std::move(collector), fact](absl::StatusOr<T> value) { collector->Take(fact, std::move(value)); };
}

void CheckPositive(const char* field, const type::v1::Decimal& proto, std::vector<FieldError>& errors) {
  if (proto.value().empty()) return;
  auto value = wire::FromProto(proto, field);
  if (!value.ok())
    errors.push_back({.field = field, .reason = RejectReason::kBadDecimal, .message = MessageOf(value.status())});
  else if (!value->IsPositive())
    errors.push_back({.field = field, .reason = RejectReason::kOutOfRange, .message = "above 0 expected"});
}

}  // namespace

void CheckPreview(const pb::PreviewSizingRequest& request, std::vector<FieldError>& errors) {
  auto wrong = [&](const char* field, RejectReason reason, std::string why) {
    errors.push_back({.field = field, .reason = reason, .message = std::move(why)});
  };
  if (!IsIdentifier(request.account_id())) wrong("account_id", RejectReason::kBadIdentifier, "an account is expected");
  if (!IsIdentifier(request.symbol())) wrong("symbol", RejectReason::kBadIdentifier, "a symbol is expected");
  if (!request.deployment_id().empty() && !IsIdentifier(request.deployment_id()))
    wrong("deployment_id", RejectReason::kBadIdentifier, "a deployment is expected");
  if (request.side() != type::v1::SIDE_BUY && request.side() != type::v1::SIDE_SELL)
    wrong("side", RejectReason::kOutOfRange, "SIDE_BUY or SIDE_SELL expected");
  if (request.method() < 0 || request.method() > pb::SIZING_METHOD_CONSENSUS)
    wrong("method", RejectReason::kOutOfRange, "there is no such method");
  CheckPositive("price", request.price(), errors);
  CheckPositive("stop_price", request.stop_price(), errors);
  CheckPositive("money", request.money(), errors);
  CheckPositive("position_size_ratio", request.position_size_ratio(), errors);
  if (auto ratio = Given(request.position_size_ratio()); ratio && *ratio > Decimal::FromInt(1))
    wrong("position_size_ratio", RejectReason::kOutOfRange, "above 0 and at most 1 expected");
  if (!request.timeframe().empty() && strategy::SecondsOf(request.timeframe()) == 0)
    wrong("timeframe", RejectReason::kOutOfRange, "1s, 5s, 15s, 1m, 5m, 15m, 1h or 1d expected");
  sizing::Settings settings = SettingsFromProto(request.sizing(), "sizing", errors);
  if (std::string fault = errors.empty() ? sizing::Fault(settings) : ""; !fault.empty()) {
    std::size_t colon = fault.find(':');
    errors.push_back({.field = "sizing." + fault.substr(0, colon),
                      .reason = RejectReason::kOutOfRange,
                      .message = fault.substr(colon + 2)});
  }
}

void PreviewSizing(const pb::PreviewSizingRequest& request, SizingBasis basis, Neighbours& neighbours,
                   std::function<void(const absl::Status&, const pb::PreviewSizingResponse&)> answer) {
  std::vector<FieldError> errors;
  int bars = std::max(kBarsMin, sizing::BarsNeeded(SettingsFromProto(request.sizing(), "sizing", errors)));
  auto collector = std::make_shared<Collector>(request, std::move(basis), std::move(answer));
  neighbours.Summary(request.account_id(), Into(collector, &Facts::summary));
  neighbours.Limits(request.account_id(), Into(collector, &Facts::limits));
  neighbours.Instruments(Into(collector, &Facts::instruments));
  neighbours.Quotes(Into(collector, &Facts::quotes));
  neighbours.Bars(Symbol(request.symbol()), request.timeframe().empty() ? "1m" : request.timeframe(), bars,
                  Into(collector, &Facts::bars));
}

}  // namespace ballast
