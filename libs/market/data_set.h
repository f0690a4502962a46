#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/market/replay_file.h"
#include "libs/model/market.h"

namespace ballast::market {

struct SymbolData {
  std::vector<TradeBar> trades;
  std::vector<QuoteBar> quotes;
};

// What one file of a data set was found to be.
struct DataFile {
  Symbol symbol;
  std::string path;
  std::uint64_t rows = 0;
  UtcTime first_start;
  UtcTime last_start;
  // Quotes nobody can trade on: locked, crossed or without a price above 0. They are skipped.
  std::uint64_t skipped_rows = 0;
};

// Recorded data that was judged: what is in here may be traded on.
struct DataSet {
  std::vector<Instrument> instruments;
  std::map<Symbol, SymbolData> data;
  std::vector<DataFile> files;
  // What a person should know of data that is used nevertheless, with file and line.
  std::vector<std::string> warnings;
};

// What `symbols` are: as `given` (ParseInstrument), else as instruments.csv of the directory says, else as the
// simulated market's list does. INVALID_ARGUMENT with one reason a line.
absl::StatusOr<std::vector<Instrument>> ChooseInstruments(const std::string& directory,
                                                          const std::vector<std::string>& symbols,
                                                          const std::vector<std::string>& given);

// Reads {symbol}_1m_trades.csv.gz and {symbol}_1m_quotes.csv.gz of each symbol and judges each by itself and against
// the others. INVALID_ARGUMENT with everything that is wrong, "file:line: why", one a line. Blocks.
absl::StatusOr<DataSet> LoadDataSet(const std::string& directory, const std::vector<std::string>& symbols,
                                    const std::vector<std::string>& given);

// The rows as 16 hexadecimal digits: other rows have another digest, the same rows in another file the same.
std::string DigestOf(const std::map<Symbol, SymbolData>& data);

}  // namespace ballast::market
