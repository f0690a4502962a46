#pragma once

#include <map>
#include <string>
#include <string_view>

#include "libs/base/decimal.h"
#include "libs/venue_simulator/order.h"

namespace ballast::venue_simulator {

struct Balance {
  Decimal free;
  // For open orders.
  Decimal locked;
  [[nodiscard]] Decimal total() const { return free + locked; }
};

// Who owns what. Every booking takes from one account what it gives to another, so that the sum of an asset over all
// accounts is what was deposited: the oracle that a client's own ledger is held against.
class Ledger {
 public:
  using Balances = std::map<std::string, Balance, std::less<>>;

  void Deposit(AccountId account, std::string_view asset, Decimal amount);
  [[nodiscard]] Balance Of(AccountId account, std::string_view asset) const;
  // Empty where there is no such account.
  [[nodiscard]] const Balances& All(AccountId account) const;

  // Negative amounts undo. The caller has asked whether it is there: only the house's accounts may go below zero.
  void Lock(AccountId account, std::string_view asset, Decimal amount);
  void Move(AccountId from, AccountId to, std::string_view asset, Decimal amount);

  // Over all accounts what was deposited of the asset, less what is there; zero always.
  [[nodiscard]] Decimal Missing(std::string_view asset) const;
  [[nodiscard]] const std::map<std::string, Decimal, std::less<>>& deposited() const { return deposited_; }

 private:
  Balance& At(AccountId account, std::string_view asset);

  std::map<AccountId, Balances> accounts_;
  std::map<std::string, Decimal, std::less<>> deposited_;
};

}  // namespace ballast::venue_simulator
