#include "services/strategy_runner/market_view.h"

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {

MarketView::News MarketView::Take(const broker::v1::StreamMarketDataResponse& step) {
  time_ = wire::FromProto(step.market_time());
  heard_ = clock_.Now();
  News news;
  for (const broker::v1::Quote& proto : step.quotes()) {
    auto quote = wire::FromProto(proto);
    if (!quote.ok()) {
      log_.Error("market.quote_unreadable", {{"error", quote.status().ToString()}});
      continue;
    }
    news.quoted.push_back(quote->symbol);
    quotes_[quote->symbol] = std::move(*quote);
  }
  for (const broker::v1::Bar& proto : step.bars()) {
    auto bar = wire::FromProto(proto);
    if (bar.ok())
      news.bars.push_back(std::move(*bar));
    else
      log_.Error("market.bar_unreadable", {{"error", bar.status().ToString()}});
  }
  return news;
}

void MarketView::SetInstruments(std::vector<Instrument> instruments) {
  for (Instrument& instrument : instruments) instruments_[instrument.symbol] = std::move(instrument);
}

strategy::DecisionContext MarketView::Context(const LiveDeployment& live, std::optional<Decimal> equity,
                                              std::optional<sizing::Ceiling> ceiling) const {
  auto ending = ending_.find(live.row.spec.account_id());
  return {.market_time = has_spoken() ? time_ : clock_.Now(),
          .quotes = quotes_,
          .instruments = instruments_,
          .equity = equity,
          .entries_allowed = live.row.life.state == strategy::DeploymentState::kActive &&
                             (!live.standing.shadow || live.standing.withholding),
          .ceiling = std::move(ceiling),
          .ending = ending == ending_.end() ? std::set<TradingCalendar>() : ending->second,
          .size_ratio = live.standing.size_ratio};
}

TradingCalendar MarketView::CalendarOf(const Symbol& symbol) const {
  auto found = instruments_.find(symbol);
  return found == instruments_.end() ? TradingCalendar::kUnspecified : found->second.calendar;
}

const Quote* MarketView::QuoteOf(const Symbol& symbol) const {
  auto found = quotes_.find(symbol);
  return found == quotes_.end() ? nullptr : &found->second;
}

const Instrument* MarketView::InstrumentOf(const Symbol& symbol) const {
  auto found = instruments_.find(symbol);
  return found == instruments_.end() ? nullptr : &found->second;
}

bool MarketView::Trades(const Symbol& symbol) const {
  auto found = quotes_.find(symbol);
  return found != quotes_.end() && found->second.session_open && !found->second.halted;
}

}  // namespace ballast
