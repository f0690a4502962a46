#include "services/api_gateway/market_quote.h"

#include <algorithm>

#include "libs/wire/wire.h"

namespace ballast {

Json QuoteJson(const MarketQuote& row) {
  constexpr std::int64_t kNanosPerMilli = 1'000'000;
  Json json = ToJson(row.quote);
  std::int64_t age_ns = row.quote.has_quote_time()
                            ? wire::FromProto(row.market_time).nanos - wire::FromProto(row.quote.quote_time()).nanos
                            : 0;
  json["age_ms"] = std::to_string(std::max<std::int64_t>(age_ns, 0) / kNanosPerMilli);
  auto said = json.find("stale");
  json["stale"] = row.market_silent || (said != json.end() && said->is_boolean() && said->get<bool>());
  return json;
}

std::string ToJsonText(const MarketQuote& row) {
  Json json = QuoteJson(row);
  json["step"] = std::to_string(row.step);
  Json book = ToJson(row.book);
  json["bids"] = std::move(book["bids"]);
  json["asks"] = std::move(book["asks"]);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace ballast
