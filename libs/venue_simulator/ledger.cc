#include "libs/venue_simulator/ledger.h"

namespace ballast::venue_simulator {

Balance& Ledger::At(AccountId account, std::string_view asset) {
  Balances& balances = accounts_[account];
  auto found = balances.find(asset);
  return found != balances.end() ? found->second : balances.emplace(std::string(asset), Balance()).first->second;
}

void Ledger::Deposit(AccountId account, std::string_view asset, Decimal amount) {
  At(account, asset).free += amount;
  deposited_[std::string(asset)] += amount;
}

Balance Ledger::Of(AccountId account, std::string_view asset) const {
  const Balances& balances = All(account);
  auto found = balances.find(asset);
  return found == balances.end() ? Balance() : found->second;
}

const Ledger::Balances& Ledger::All(AccountId account) const {
  static const Balances kNone;
  auto found = accounts_.find(account);
  return found == accounts_.end() ? kNone : found->second;
}

void Ledger::Lock(AccountId account, std::string_view asset, Decimal amount) {
  Balance& balance = At(account, asset);
  balance.free -= amount;
  balance.locked += amount;
}

void Ledger::Move(AccountId from, AccountId to, std::string_view asset, Decimal amount) {
  At(from, asset).free -= amount;
  At(to, asset).free += amount;
}

Decimal Ledger::Missing(std::string_view asset) const {
  auto found = deposited_.find(asset);
  Decimal missing = found == deposited_.end() ? Decimal() : found->second;
  for (const auto& [account, balances] : accounts_) missing -= Of(account, asset).total();
  return missing;
}

}  // namespace ballast::venue_simulator
