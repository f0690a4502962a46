#include "services/broker_gateway/bar_data_store.h"

#include <pqxx/pqxx>
#include <tuple>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr std::size_t kAskedEvery = 10'000;
// In the order of FoundOf.
constexpr char kDataSetColumns[] =
    "data_set_id, name, version, symbol, timeframe, length_seconds, row_count, first_nanos, last_nanos, gap_count, "
    "missing_bars, left_out, has_quotes, format, instrument, file_name, source_sha256, imported_nanos, actor";

BarDataStore::Found FoundOf(const pqxx::row& row) {
  BarDataStore::Found found{.id = row[0].as<std::int64_t>()};
  market::v1::DataSet& set = found.data_set;
  set.set_name(row[1].as<std::string>());
  set.set_version(row[2].as<std::uint32_t>());
  set.set_symbol(row[3].as<std::string>());
  set.set_timeframe(row[4].as<std::string>());
  set.set_bar_length_seconds(row[5].as<std::int64_t>());
  set.set_rows(row[6].as<std::uint64_t>());
  wire::ToProto(UtcTime{row[7].as<std::int64_t>()}, set.mutable_first_start());
  wire::ToProto(UtcTime{row[8].as<std::int64_t>()}, set.mutable_last_start());
  set.set_gaps(row[9].as<std::uint64_t>());
  set.set_missing_bars(row[10].as<std::uint64_t>());
  set.set_left_out(row[11].as<std::uint64_t>());
  set.set_has_quotes(row[12].as<bool>());
  set.set_format(row[13].as<std::string>());
  set.set_instrument(row[14].as<std::string>());
  set.set_file_name(row[15].as<std::string>());
  set.set_source_sha256(row[16].as<std::string>());
  wire::ToProto(UtcTime{row[17].as<std::int64_t>()}, set.mutable_import_time());
  set.set_actor(row[18].as<std::string>());
  return found;
}

std::string Selected(const std::string& rest) {
  return "SELECT " + std::string(kDataSetColumns) + " FROM bar_data_set WHERE deleted_nanos IS NULL AND " + rest;
}

// Text that stands while its row is sent; NULL where there is no value.
class CopyCell {
 public:
  explicit CopyCell(const std::optional<Decimal>& value) : there_(value.has_value()) {
    if (there_) text_ = value->ToString();
  }
  [[nodiscard]] const char* get() const { return there_ ? text_.c_str() : nullptr; }

 private:
  bool there_;
  std::string text_;
};

absl::Status CopyRows(pqxx::transaction_base& work, std::int64_t id, const market::BarImport& import,
                      const std::function<bool()>& going_on) {
  std::vector<std::string> columns = {"data_set_id", "start_nanos", "open", "high", "low", "close", "volume"};
  bool quotes = !import.quotes.empty();
  if (quotes) columns.insert(columns.end(), {"bid", "bid_size", "ask", "ask_size"});
  pqxx::stream_to stream(work, "bar_data_row", columns);
  std::size_t done = 0;
  for (const market::ImportedBar& bar : import.rows) {
    if (++done % kAskedEvery == 0 && !going_on()) {
      stream.complete();
      return absl::CancelledError("the service ends; nothing was stored");
    }
    auto plain = std::make_tuple(id, bar.start.nanos, bar.open.ToString(), bar.high.ToString(), bar.low.ToString(),
                                 bar.close.ToString(), bar.volume.ToString());
    if (!quotes) {
      stream << plain;
      continue;
    }
    const market::ImportedQuote& quote = import.quotes[bar.quote];
    CopyCell bid(quote.bid), bid_size(quote.bid_size), ask(quote.ask), ask_size(quote.ask_size);
    stream << std::tuple_cat(plain, std::make_tuple(bid.get(), bid_size.get(), ask.get(), ask_size.get()));
  }
  stream.complete();
  return absl::OkStatus();
}

void CopyGaps(pqxx::transaction_base& work, std::int64_t id, const market::BarImport& import) {
  pqxx::stream_to stream(work, "bar_data_gap",
                         std::vector<std::string>{"data_set_id", "first_nanos", "last_nanos", "bars"});
  for (const market::DataGap& gap : import.gaps)
    stream << std::make_tuple(id, gap.first_missing.nanos, gap.last_missing.nanos, static_cast<std::int64_t>(gap.bars));
  stream.complete();
}

}  // namespace

std::string BarCsvHeader(bool has_quotes) {
  return std::string("time_utc,open,high,low,close,volume") + (has_quotes ? ",bid,bid_size,ask,ask_size" : "") + "\n";
}

std::string InstrumentText(const Instrument& instrument) {
  bool equity = instrument.asset_class == AssetClass::kEquity;
  bool always_open = instrument.calendar == TradingCalendar::kAlwaysOpen;
  std::string text = instrument.symbol.value() + ",asset_class=" + (equity ? "EQUITY" : "CRYPTO") +
                     ",tick_size=" + instrument.tick_size.ToString() + ",lot_size=" + instrument.lot_size.ToString() +
                     ",calendar=" + (always_open ? "ALWAYS_OPEN" : "NEW_YORK_STOCK_EXCHANGE");
  auto add = [&text](const char* name, const Decimal& value) {
    if (!value.IsZero()) text += std::string(",") + name + "=" + value.ToString();
  };
  add("min_notional", instrument.min_notional);
  add("taker_fee_ratio", instrument.taker_fee_ratio);
  add("maker_fee_ratio", instrument.maker_fee_ratio);
  add("fee_per_unit", instrument.fee_per_unit);
  if (instrument.shortable) text += ",shortable=true";
  if (instrument.day_start_minute != 0) text += ",day_start_minute=" + std::to_string(instrument.day_start_minute);
  return text;
}

void FillDataSet(const market::BarImport& import, market::v1::DataSet* out) {
  out->set_symbol(import.instrument.symbol.value());
  out->set_timeframe(import.timeframe);
  out->set_bar_length_seconds(import.length.nanos / Duration::Seconds(1).nanos);
  out->set_rows(import.rows.size());
  if (!import.rows.empty()) {
    wire::ToProto(import.rows.front().start, out->mutable_first_start());
    wire::ToProto(import.rows.back().start, out->mutable_last_start());
  }
  out->set_gaps(import.gaps.size());
  out->set_missing_bars(import.missing_bars);
  out->set_has_quotes(!import.quotes.empty());
  out->set_format(import.format);
  if (!import.instrument.symbol.value().empty()) out->set_instrument(InstrumentText(import.instrument));
  out->set_left_out(import.left_out);
}

absl::StatusOr<std::optional<BarDataStore::Found>> BarDataStore::FindSource(const Source& source) {
  std::optional<Found> found;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    for (const pqxx::row& row : work.exec_params(Selected("name = $1 AND source_sha256 = $2 AND settings = $3"),
                                                 source.name, source.sha256, source.settings))
      found = FoundOf(row);
    return absl::OkStatus();
  }));
  return found;
}

absl::StatusOr<BarDataStore::Found> BarDataStore::Save(const Source& source, const market::BarImport& import,
                                                       const std::function<bool()>& going_on) {
  market::v1::DataSet set;
  FillDataSet(import, &set);
  Found saved;
  RETURN_IF_ERROR(database_.LongTransaction([&](pqxx::transaction_base& work) -> absl::Status {
    pqxx::row row = work.exec_params1(
        "INSERT INTO bar_data_set (name, version, symbol, timeframe, length_seconds, row_count, first_nanos, "
        "last_nanos, gap_count, missing_bars, left_out, has_quotes, format, instrument, file_name, source_sha256, "
        "settings, imported_nanos, actor) SELECT $1::text, coalesce(max(version), 0) + 1, $2::text, $3::text, "
        "$4::bigint, $5::bigint, $6::bigint, $7::bigint, $8::bigint, $9::bigint, $10::bigint, $11::boolean, $12::text, "
        "$13::text, $14::text, $15::text, $16::text, $17::bigint, $18::text FROM bar_data_set WHERE name = $1::text "
        "RETURNING " +
            std::string(kDataSetColumns),
        source.name, set.symbol(), set.timeframe(), set.bar_length_seconds(), import.rows.size(),
        import.rows.front().start.nanos, import.rows.back().start.nanos, import.gaps.size(), import.missing_bars,
        import.left_out, set.has_quotes(), set.format(), set.instrument(), source.file_name, source.sha256,
        source.settings, source.now.nanos, source.actor);
    saved = FoundOf(row);
    RETURN_IF_ERROR(CopyRows(work, saved.id, import, going_on));
    CopyGaps(work, saved.id, import);
    return absl::OkStatus();
  }));
  return saved;
}

absl::StatusOr<BarDataStore::Found> BarDataStore::Find(const std::string& name, std::uint32_t version) {
  std::optional<Found> found;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    for (const pqxx::row& row :
         work.exec_params(Selected("name = $1 AND ($2 = 0 OR version = $2) ORDER BY version DESC LIMIT 1"), name,
                          static_cast<std::int32_t>(version)))
      found = FoundOf(row);
    return absl::OkStatus();
  }));
  if (found) return *std::move(found);
  std::string which = name + (version == 0 ? "" : " version " + std::to_string(version));
  return absl::NotFoundError(ToAbsl("there is no data set " + which));
}

absl::StatusOr<std::vector<BarDataStore::Found>> BarDataStore::List(const std::string& only_name,
                                                                    const std::string& after_name,
                                                                    std::uint32_t after_version, int limit) {
  std::vector<Found> all;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    for (const pqxx::row& row : work.exec_params(
             Selected("($1 = '' OR name = $1) AND (name, version) > ($2, $3) ORDER BY name, version LIMIT $4"),
             only_name, after_name, static_cast<std::int32_t>(after_version), limit))
      all.push_back(FoundOf(row));
    return absl::OkStatus();
  }));
  return all;
}

absl::StatusOr<std::vector<market::v1::DataGap>> BarDataStore::Gaps(std::int64_t id, int limit) {
  std::vector<market::v1::DataGap> gaps;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    for (const pqxx::row& row :
         work.exec_params("SELECT first_nanos, last_nanos, bars FROM bar_data_gap WHERE data_set_id = $1 ORDER BY "
                          "first_nanos LIMIT $2",
                          id, limit)) {
      market::v1::DataGap& gap = gaps.emplace_back();
      wire::ToProto(UtcTime{row[0].as<std::int64_t>()}, gap.mutable_first_missing());
      wire::ToProto(UtcTime{row[1].as<std::int64_t>()}, gap.mutable_last_missing());
      gap.set_missing_bars(row[2].as<std::uint64_t>());
    }
    return absl::OkStatus();
  }));
  return gaps;
}

absl::StatusOr<int> BarDataStore::AppendCsv(const Found& set, UtcTime from, UtcTime before, int limit, UtcTime* last,
                                            std::string& csv) {
  int rows = 0;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    for (const pqxx::row& row :
         work.exec_params("SELECT start_nanos, open, high, low, close, volume, bid, bid_size, ask, ask_size FROM "
                          "bar_data_row WHERE data_set_id = $1 AND start_nanos >= $2 AND start_nanos < $3 ORDER BY "
                          "start_nanos LIMIT $4",
                          set.id, from.nanos, before.nanos, limit)) {
      *last = UtcTime{row[0].as<std::int64_t>()};
      csv.append(last->ToString(), 0, 19);
      csv += 'Z';
      int cells = set.data_set.has_quotes() ? 10 : 6;
      for (int i = 1; i < cells; ++i) {
        csv += ',';
        if (!row[i].is_null()) csv.append(row[i].c_str(), row[i].size());
      }
      csv += '\n';
      ++rows;
    }
    return absl::OkStatus();
  }));
  return rows;
}

absl::Status BarDataStore::Delete(std::int64_t id, const std::string& actor, UtcTime now) {
  return database_.LongTransaction([&](pqxx::transaction_base& work) -> absl::Status {
    work.exec_params("UPDATE bar_data_set SET deleted_nanos = $2, deleted_by = $3 WHERE data_set_id = $1", id,
                     now.nanos, actor);
    work.exec_params("DELETE FROM bar_data_row WHERE data_set_id = $1", id);
    work.exec_params("DELETE FROM bar_data_gap WHERE data_set_id = $1", id);
    return absl::OkStatus();
  });
}

}  // namespace ballast
