#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "libs/market/source.h"
#include "libs/platform/postgres/sql_batch.h"

namespace ballast {

// A first start stores a past of many: a statement may only take so long.
inline constexpr std::size_t kBarsOfAStatement = 2'000;

// Bars of the source `key`; those that are there already stay as they are.
void AddBars(const std::string& key, const Bar* begin, const Bar* end, SqlBatch& batch);
// Where the market stands, and its new bars.
void AddMarket(const market::SourceState& state, const std::vector<Bar>& bars, SqlBatch& batch);

}  // namespace ballast
