#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "libs/base/decimal.h"
#include "libs/base/utc_time.h"
#include "libs/market/compressed_file.h"
#include "libs/model/market.h"

namespace ballast::market {

enum class ProblemKind { kFile, kColumns, kTime, kNumber, kPrice, kSymbol, kUnordered, kDuplicate, kGap };
// "file", "columns", …
const char* NameOf(ProblemKind kind);

// Why data is refused, or what a repair did.
struct DataProblem {
  // Of the file, the first is 1; 0 for what is of no line.
  std::uint64_t line = 0;
  ProblemKind kind = ProblemKind::kFile;
  std::string detail;
  // Empty where none was asked for or none helps.
  std::string repair;
};

// Bars that are missing while the calendar is open.
struct DataGap {
  UtcTime first_missing;
  // Start of the last one.
  UtcTime last_missing;
  std::uint64_t bars = 0;
};

struct ImportedBar {
  UtcTime start;
  std::uint32_t line = 0;
  // Index in BarImport::quotes, where there are any.
  std::uint32_t quote = 0;
  Decimal open, high, low, close, volume;
};

// At a bar's end. A price that the file leaves empty is not there.
struct ImportedQuote {
  std::optional<Decimal> bid, bid_size, ask, ask_size;
};

struct BarImportSettings {
  // What messages call the file.
  std::string file_name;
  // Empty: as the instrument or the file says.
  std::string symbol;
  // Empty: as the rows stand apart.
  std::string timeframe;
  // As ParseInstrument reads it; empty: one of `known`.
  std::string instrument;
  std::vector<Instrument> known;
  // Of times that say none.
  absl::TimeZone zone = absl::UTCTimeZone();
  bool repair = false;
  bool allow_gaps = false;
  // The tick may be the power of ten that all prices are multiples of, where no instrument says it.
  bool guess_tick = false;
};

// A file of bars as it was understood and judged.
struct BarImport {
  Instrument instrument;
  std::string timeframe;
  Duration length;
  std::string format;
  // Rising by start; meaningless unless acceptable.
  std::vector<ImportedBar> rows;
  // Empty, or one for each bar.
  std::vector<ImportedQuote> quotes;
  std::vector<DataGap> gaps;
  std::uint64_t missing_bars = 0;
  // The first of them, by line; and how many there are.
  std::vector<DataProblem> problems;
  std::uint64_t problem_count = 0;
  std::uint64_t left_out = 0;
  std::vector<std::string> notes;
  // Nothing is wrong, or everything that was is repaired.
  bool acceptable = false;
};

// So many problems are told one by one.
inline constexpr std::size_t kProblemsMax = 200;
// More is refused: they are held in memory, 96 bytes each.
inline constexpr std::size_t kImportRowsMax = 5'000'000;

// Reads all of `source`, gzipped or plain, and judges it (docs/reference/data.md). No price is ever made: a repair
// leaves rows out and sorts them. Does no other input or output; blocks as `source` does.
BarImport ImportBars(const ByteReader& source, const BarImportSettings& settings);
// Of a file. Blocks.
BarImport ImportBarFile(const std::string& path, const BarImportSettings& settings);

// "file:line: kind: detail", one a line, and how many more there are.
std::string ProblemText(const BarImport& import, const std::string& file_name);

}  // namespace ballast::market
