#include "tools/venue_simulator/control.h"

#include <algorithm>
#include <array>
#include <optional>

#include "libs/base/absl_std.h"
#include "libs/venue/json.h"
#include "libs/venue/signing/key.h"
#include "libs/venue_simulator/binance/render.h"
#include "libs/venue_simulator/binance/words.h"
#include "libs/venue_simulator/json_text.h"

namespace ballast::venue_simulator {
namespace {

HttpResponse Json(std::string text, int status = 200) {
  return {status, {{"Content-Type", "application/json"}}, std::move(text)};
}

HttpResponse Bad(const std::string& why) {
  JsonText text;
  text.Open('{').Text("error", why).Close('}');
  return Json(text.Take(), 400);
}

constexpr std::array<std::pair<std::string_view, std::int64_t Faults::*>, 13> kCounts{{
    {"latency_ms", &Faults::latency_ms},
    {"clock_skew_ms", &Faults::clock_skew_ms},
    {"drop_answers", &Faults::drop_answers},
    {"drop_requests", &Faults::drop_requests},
    {"timeouts_after", &Faults::timeouts_after},
    {"timeouts_before", &Faults::timeouts_before},
    {"rejects", &Faults::rejects},
    {"busy", &Faults::busy},
    {"rate_limits", &Faults::rate_limits},
    {"lost_reports", &Faults::lost_reports},
    {"duplicate_reports", &Faults::duplicate_reports},
    {"late_reports_ms", &Faults::late_reports_ms},
    {"lost_updates", &Faults::lost_updates},
}};

HttpResponse ShowFaults(const Faults& faults) {
  JsonText text;
  text.Open('{');
  for (const auto& [name, field] : kCounts) text.Number(name, faults.*field);
  text.Number("banned_until", faults.banned_until.nanos / 1'000'000)
      .Bool("maintenance", faults.maintenance)
      .Bool("deaf", faults.deaf)
      .Close('}');
  return Json(text.Take());
}

HttpResponse SetFaults(Faults& faults, const venue::Json& body, UtcTime now) {
  // A millisecond count of more than a day, and a number of times beyond this, is a mistake.
  constexpr std::int64_t kMost = 86'400'000;
  Faults changed = faults;
  for (const auto& [name, value] : body.members()) {
    if (name == "maintenance" || name == "deaf") {
      if (value.kind() != venue::Json::Kind::kBool) return Bad(name + " is true or false");
      (name == "deaf" ? changed.deaf : changed.maintenance) = value.IsTrue();
      continue;
    }
    auto number = value.AsInt();
    if (!number.ok() || *number > kMost || *number < (name == "clock_skew_ms" ? -kMost : 0)) {
      return Bad(name + " is a whole number up to a day of milliseconds");
    }
    if (name == "ban_seconds") {
      changed.banned_until = now + Duration::Seconds(*number);
      continue;
    }
    bool known = false;
    for (const auto& [fault, field] : kCounts) {
      if (fault != name) continue;
      changed.*field = *number;
      known = true;
    }
    if (!known) return Bad("no fault is called " + name);
  }
  faults = changed;
  return ShowFaults(faults);
}

std::optional<std::string> DepositAll(binance::Venue& venue, AccountId account, const venue::Json& balances,
                                      UtcTime now) {
  for (const auto& [asset, value] : balances.members()) {
    auto amount = value.AsDecimal();
    if (!amount.ok() || amount->IsNegative() || asset.empty()) return "the balance of " + asset + " is an amount";
  }
  for (const auto& [asset, value] : balances.members()) {
    venue.market().exchange.Deposit(account, asset, *value.AsDecimal(), now);
  }
  return std::nullopt;
}

HttpResponse MakeAccount(binance::Venue& venue, const venue::Json& body, UtcTime now) {
  AccountSettings settings;
  for (const auto& [name, field] :
       {std::pair{"maker_fee", &AccountSettings::maker_fee}, std::pair{"taker_fee", &AccountSettings::taker_fee},
        std::pair{"fee_discount", &AccountSettings::fee_discount}}) {
    if (!body.Has(name)) continue;
    auto rate = body[name].AsDecimal();
    if (!rate.ok() || rate->IsNegative() || *rate > Decimal::FromInt(1)) return Bad(std::string(name) + " is a part");
    settings.*field = *rate;
  }
  settings.fee_asset = body["fee_asset"].text();
  std::string kind = body.Has("kind") ? body["kind"].text() : "hmac";
  if (kind != "hmac" && kind != "ed25519") return Bad("kind is hmac or ed25519");
  for (const auto& [asset, value] : body["balances"].members()) {
    auto amount = value.AsDecimal();
    if (!amount.ok() || amount->IsNegative()) return Bad("the balance of " + asset + " is an amount");
  }
  AccountId account = venue.market().exchange.Open(settings);
  DepositAll(venue, account, body["balances"], now);
  Credentials::Key key = kind == "hmac" ? MakeHmacKey() : MakeEd25519Key();
  bool may_trade = !body.Has("may_trade") || body["may_trade"].IsTrue();
  if (auto status = AddKey(venue, account, key, may_trade); !status.ok()) return Bad(MessageOf(status));
  std::string secret;
  for (char c : key.secret.Reveal()) secret += c == '\n' ? std::string("\\n") : std::string(1, c);
  JsonText text;
  text.Open('{').Number("account", account).Text("api_key", key.api_key).Key("secret").Raw("\"" + secret + "\"");
  text.Close('}');
  return Json(text.Take());
}

HttpResponse ShowLedger(binance::Venue& venue) {
  const Exchange& exchange = venue.market().exchange;
  JsonText text;
  text.Open('{').Open("accounts", '[');
  for (AccountId account : exchange.accounts()) {
    bool house = exchange.settings(account).house;
    text.Open('{').Number("account", account).Bool("house", house).Open("balances", '{');
    for (const auto& [asset, balance] : exchange.ledger().All(account)) {
      text.Open(asset, '{').Amount("free", balance.free).Amount("locked", balance.locked).Close('}');
    }
    text.Close('}').Open("orders", '[');
    for (std::int64_t id : exchange.orders(account)) binance::WriteOrder(text, *exchange.order(id), {});
    text.Close(']').Open("trades", '[');
    for (const Fill& fill : exchange.fills(account)) binance::WriteTrade(text, fill, {});
    text.Close(']').Close('}');
  }
  // What was deposited and is in no account: zero of everything, always.
  text.Close(']').Open("missing", '{');
  for (const auto& [asset, amount] : exchange.ledger().deposited()) {
    text.Amount(asset, exchange.ledger().Missing(asset));
  }
  text.Close('}').Close('}');
  return Json(text.Take());
}

HttpResponse MovePrice(binance::Venue& venue, const venue::Json& body, UtcTime now) {
  auto price = body["price"].AsDecimal();
  if (!price.ok()) return Bad("price is an amount");
  Decimal quantity;
  if (body.Has("quantity")) {
    auto given = body["quantity"].AsDecimal();
    if (!given.ok() || !given->IsPositive()) return Bad("quantity is an amount");
    quantity = *given;
  }
  if (!venue.maker().MoveTo(body["symbol"].text(), *price, quantity, now)) {
    return Bad("no symbol that trades, or the price is none of its ticks, or the quantity none of its lots");
  }
  venue.Pump(now);
  return Json("{}");
}

}  // namespace

absl::Status AddKey(binance::Venue& venue, AccountId account, const Credentials::Key& key, bool may_trade) {
  binance::ApiKey entry{.account = account, .may_trade = may_trade};
  if (signing::IsPem(key.secret)) {
    auto pair = signing::PrivateKey::FromPem(key.secret);
    if (!pair.ok()) return pair.status();
    entry.public_key = pair->Public();
  } else {
    entry.secret = key.secret;
  }
  venue.keys().Add(key.api_key, std::move(entry));
  return absl::OkStatus();
}

AccountId OpenAccount(binance::Venue& venue, std::string_view maker_fee, std::string_view taker_fee) {
  AccountSettings settings;
  settings.maker_fee = Decimal::Of(maker_fee);
  settings.taker_fee = Decimal::Of(taker_fee);
  return venue.market().exchange.Open(std::move(settings));
}

HttpResponse Control(binance::Venue& venue, const HttpRequest& request, UtcTime now) {
  std::string_view what = request.segments.size() == 2 ? std::string_view(request.segments[1]) : "";
  bool get = request.method == "GET";
  if (get && what == "ledger") return ShowLedger(venue);
  if (get && what == "faults") return ShowFaults(venue.faults());
  if (get && what == "subscribers") {
    JsonText text;
    text.Open('{').Number("accounts", venue.subscriptions()).Close('}');
    return Json(text.Take());
  }
  if (request.method == "DELETE" && what == "faults") {
    venue.faults() = Faults();
    return ShowFaults(venue.faults());
  }
  if (request.method != "POST") return Bad("no such question");
  auto body = venue::Json::Parse(request.body.empty() ? "{}" : request.body);
  if (!body.ok() || !body->is_object()) return Bad("the body is a JSON object");
  if (what == "faults") return SetFaults(venue.faults(), *body, now);
  if (what == "accounts") return MakeAccount(venue, *body, now);
  if (what == "price") return MovePrice(venue, *body, now);
  if (what == "market") {
    if ((*body)["moving"].kind() != venue::Json::Kind::kBool) return Bad("moving is true or false");
    venue.maker().Run((*body)["moving"].IsTrue());
    return Json("{}");
  }
  if (what == "deposits") {
    auto account = (*body)["account"].AsInt();
    const Exchange& exchange = venue.market().exchange;
    auto accounts = exchange.accounts();
    if (!account.ok() || std::find(accounts.begin(), accounts.end(), *account) == accounts.end()) {
      return Bad("account is the number of one");
    }
    if (auto why = DepositAll(venue, *account, (*body)["balances"], now)) return Bad(*why);
    venue.Pump(now);
    return Json("{}");
  }
  if (what == "status") {
    auto status = binance::TradingStatusOf((*body)["status"].text());
    if (!status || venue.market().exchange.Find((*body)["symbol"].text()) == nullptr) {
      return Bad("symbol is listed, status is TRADING, HALT, BREAK or CANCEL_ONLY");
    }
    venue.market().exchange.SetStatus((*body)["symbol"].text(), *status);
    return Json("{}");
  }
  if (what == "disconnect") {
    venue.Disconnect((*body)["account_streams"].IsTrue(), now);
    return Json("{}");
  }
  return Bad("no such question");
}

}  // namespace ballast::venue_simulator
