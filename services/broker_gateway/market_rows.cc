#include "services/broker_gateway/market_rows.h"

#include <algorithm>

namespace ballast {

void AddBars(const std::string& key, const Bar* begin, const Bar* end, SqlBatch& batch) {
  using Type = SqlArray::Type;
  SqlArray symbols(Type::kText), timeframes(Type::kText), starts(Type::kBigint), opens(Type::kText), highs(Type::kText),
      lows(Type::kText), closes(Type::kText), volumes(Type::kText);
  for (const Bar* next = begin; next != end; ++next) {
    const Bar& bar = *next;
    symbols.Add(bar.symbol.value());
    timeframes.Add(bar.timeframe);
    starts.Add(bar.start_time.nanos);
    opens.Add(bar.open.ToString());
    highs.Add(bar.high.ToString());
    lows.Add(bar.low.ToString());
    closes.Add(bar.close.ToString());
    volumes.Add(bar.volume.ToString());
  }
  batch
      .Statement(
          "INSERT INTO bar (symbol, timeframe, start_nanos, open, high, low, close, volume, source) SELECT s, "
          "t, n, o::numeric, h::numeric, l::numeric, c::numeric, v::numeric, $9 FROM unnest($1::text[], "
          "$2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[]) AS row (s, t, "
          "n, o, h, l, c, v) ON CONFLICT DO NOTHING")
      .Value(symbols)
      .Value(timeframes)
      .Value(starts)
      .Value(opens)
      .Value(highs)
      .Value(lows)
      .Value(closes)
      .Value(volumes)
      .Text(key);
}

void AddMarket(const market::SourceState& state, const std::vector<Bar>& bars, SqlBatch& batch) {
  batch
      .Statement(
          "INSERT INTO market_position VALUES ($1, $2, $3) ON CONFLICT (source) DO UPDATE SET step = "
          "excluded.step, time_nanos = excluded.time_nanos")
      .Text(state.key)
      .Bigint(static_cast<std::int64_t>(state.step))
      .Bigint(state.time.nanos);
  if (!state.symbols.empty()) {
    using Type = SqlArray::Type;
    SqlArray symbols(Type::kText), mids(Type::kBigint), trends(Type::kBigint), noises(Type::kBigint),
        left(Type::kBigint), sequences(Type::kBigint), halts(Type::kBigint), halt_mids(Type::kBigint),
        halt_reasons(Type::kBigint);
    for (const auto& [symbol, each] : state.symbols) {
      symbols.Add(symbol.value());
      mids.Add(each.mid);
      trends.Add(each.trend);
      noises.Add(each.noise);
      left.Add(each.regime_steps_left);
      sequences.Add(static_cast<std::int64_t>(each.sequence));
      halts.Add(each.halt_steps_left);
      halt_mids.Add(each.halt_mid);
      halt_reasons.Add(each.halt_reason);
    }
    batch
        .Statement(
            "INSERT INTO simulator_state (symbol, step, mid, trend, noise, regime_steps_left, sequence, "
            "halt_steps_left, halt_mid, halt_reason) SELECT s, $2, m, t, n, l, q, h, hm, hr FROM unnest($1::text[], "
            "$3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], "
            "$10::bigint[]) AS row (s, m, t, n, l, q, h, hm, hr) ON CONFLICT (symbol) DO UPDATE SET step = "
            "excluded.step, mid = excluded.mid, trend = excluded.trend, noise = excluded.noise, "
            "regime_steps_left = excluded.regime_steps_left, sequence = excluded.sequence, halt_steps_left = "
            "excluded.halt_steps_left, halt_mid = excluded.halt_mid, halt_reason = excluded.halt_reason")
        .Value(symbols)
        .Bigint(static_cast<std::int64_t>(state.step))
        .Value(mids)
        .Value(trends)
        .Value(noises)
        .Value(left)
        .Value(sequences)
        .Value(halts)
        .Value(halt_mids)
        .Value(halt_reasons);
  }
  for (std::size_t from = 0; from < bars.size(); from += kBarsOfAStatement) {
    const Bar* begin = bars.data() + from;
    AddBars(state.key, begin, begin + std::min(kBarsOfAStatement, bars.size() - from), batch);
  }
}

}  // namespace ballast
