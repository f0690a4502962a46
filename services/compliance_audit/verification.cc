#include "services/compliance_audit/verification.h"

#include <utility>
#include <vector>

#include "libs/base/absl_std.h"
#include "libs/platform/crypto/crypto.h"

namespace ballast {
namespace {

constexpr int kVerifiedPage = 2'000;

}  // namespace

Verification::Verification(AuditStore& store, ChainKeeper::Expectation expected)
    : store_(store), expected_(std::move(expected)), verifier_(Sha256Hex) {}

absl::StatusOr<bool> Verification::Step() {
  ASSIGN_OR_RETURN(std::vector<audit::Record> page, store_.Page(after_, expected_.head.sequence, kVerifiedPage));
  if (page.empty()) return true;
  after_ = page.back().sequence;
  for (const audit::Record& record : page) {
    broken_ = verifier_.Next(record);
    if (!broken_ && record.sequence == expected_.anchor.sequence && record.hash != expected_.anchor.hash) {
      broken_ = audit::Break{record.sequence, "the hash is not the one that is kept outside of the database"};
    }
    if (broken_) return true;
  }
  return false;
}

Verification::Result Verification::result() {
  if (!broken_) broken_ = verifier_.Finish(expected_.head);
  if (!broken_ && expected_.foreign != 0) {
    broken_ = audit::Break{expected_.foreign,
                           "record " + std::to_string(expected_.foreign) + " was not written by this service"};
  }
  return {.records = verifier_.records(), .broken = broken_, .head_hash = verifier_.head().hash};
}

}  // namespace ballast
