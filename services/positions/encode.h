#pragma once

#include <map>
#include <set>

#include "ballast/position/v1/position_service.pb.h"
#include "libs/positions/account_book.h"

namespace ballast {

// Books and marks to what people and programs are shown. Ratios are display only.
struct MarkView {
  const positions::Marks& marks;
  // Symbols whose mark is older than allowed.
  const std::set<Symbol>& stale;
  const std::map<Symbol, std::int64_t>& ages_ms;
};

void Encode(const positions::Trade& trade, const positions::AccountBook::Totals& account, position::v1::Trade* out);
void Encode(const positions::Holding& holding, const positions::AccountBook& book, const DeploymentId& deployment,
            const Symbol& symbol, const MarkView& view, position::v1::Position* out);
void EncodeSummary(const positions::AccountBook& book, const MarkView& view, UtcTime now,
                   position::v1::AccountSummary* out);
void EncodeBook(const positions::AccountBook& book, const DeploymentId& id, const MarkView& view,
                position::v1::BookSummary* out);

}  // namespace ballast
