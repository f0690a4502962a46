#include "services/order_management/protection_store.h"

#include <pqxx/pqxx>

#include "ballast/order/v1/protection.pb.h"
#include "libs/base/absl_std.h"
#include "libs/platform/postgres/sql.h"
#include "services/order_management/protection_codec.h"

namespace ballast {

absl::Status ProtectionStore::Save(const StopPolicyEntry& entry) {
  const std::string book = entry.deployment_id ? "=" + entry.deployment_id->value() : "";
  SqlBatch batch;
  if (!entry.policy) {
    batch.Statement("DELETE FROM stop_policy WHERE account_id = $1 AND symbol = $2 AND book = $3");
    batch.Text(entry.account_id.value()).Text(entry.symbol.value()).Text(book);
  } else {
    order::v1::StopPolicyEntry payload;
    Encode(entry, &payload);
    SqlArray bytes(SqlArray::Type::kBytes);
    bytes.Add(payload.SerializeAsString());
    batch.Statement(
        "INSERT INTO stop_policy VALUES ($1, $2, $3, ($4::bytea[])[1]) ON CONFLICT (account_id, symbol, book) DO "
        "UPDATE "
        "SET payload = excluded.payload");
    batch.Text(entry.account_id.value()).Text(entry.symbol.value()).Text(book).Value(bytes);
  }
  return database_.FencedWrite(place_.key, place_.epoch, batch);
}

absl::StatusOr<std::vector<StopPolicyEntry>> ProtectionStore::Load() {
  std::vector<StopPolicyEntry> entries;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    entries.clear();
    for (const pqxx::row& row : work.exec("SELECT payload FROM stop_policy ORDER BY account_id, symbol, book")) {
      order::v1::StopPolicyEntry payload;
      const std::string bytes = pqxx::binarystring(row[0]).str();
      if (!payload.ParseFromString(bytes)) return absl::DataLossError("a stop policy cannot be read");
      ASSIGN_OR_RETURN(StopPolicyEntry entry, DecodeEntry(payload));
      if (place_.Owns(entry.account_id)) entries.push_back(std::move(entry));
    }
    return absl::OkStatus();
  }));
  return entries;
}

}  // namespace ballast
