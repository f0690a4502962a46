#include "services/risk/postgres_store.h"

#include <pqxx/pqxx>

#include <set>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "libs/base/absl_std.h"
#include "libs/kept/close_marks.h"
#include "libs/wire/wire.h"
#include "services/risk/breaker_codec.h"
#include "services/risk/facts.h"
#include "services/risk/limit_set_codec.h"
#include "services/risk/limits_codec.h"

namespace ballast {
namespace {

absl::StatusOr<risk::Limits> Decode(const pqxx::field& field) {
  pqxx::binarystring bytes(field);
  return StoredLimits({bytes.get(), bytes.size()});
}

absl::StatusOr<Decimal> Number(const pqxx::field& field) { return Decimal::Parse(field.as<std::string>()); }

void Tell(pqxx::transaction_base& work, RiskStore::Target target, const google::protobuf::Message& request) {
  std::string bytes = request.SerializeAsString();
  work.exec_params("INSERT INTO outbox (target, request) VALUES ($1, $2)", static_cast<int>(target),
                   pqxx::binarystring(bytes));
}

void SaveChanges(pqxx::transaction_base& work, const BreakerChanges& changes) {
  for (const auto& [key, block] : changes) {
    if (block) {
      work.exec_params(
          "INSERT INTO breaker_state VALUES ($1, $2, $3, $4, $5) ON CONFLICT (rule, account_id, deployment_id, symbol) "
          "DO UPDATE SET payload = excluded.payload",
          key.rule, key.account_id.value(), key.deployment_id.value(), key.symbol.value(),
          pqxx::binarystring(BytesOf(*block)));
    } else {
      work.exec_params(
          "DELETE FROM breaker_state WHERE rule = $1 AND account_id = $2 AND deployment_id = $3 AND symbol = $4",
          key.rule, key.account_id.value(), key.deployment_id.value(), key.symbol.value());
    }
  }
}

void SaveMark(pqxx::transaction_base& work, const AccountId& account, const RiskStore::EquityMark& mark) {
  const ledger::DayBaseline& baseline = mark.baseline;
  work.exec_params(
      "INSERT INTO equity_mark VALUES ($1, $2, $3::numeric, $4::numeric, $5, $6) ON CONFLICT (account_id) DO UPDATE "
      "SET day_number = excluded.day_number, day_start_equity = excluded.day_start_equity, peak_equity = "
      "excluded.peak_equity, day_start_unknown = excluded.day_start_unknown, peak_unknown = excluded.peak_unknown",
      account.value(), baseline.day, baseline.day_start_equity.ToString(), baseline.peak_equity.ToString(),
      baseline.day_start_unknown, baseline.peak_unknown);
  std::set<std::pair<std::string, std::int64_t>> known;
  for (const pqxx::row& row :
       work.exec_params("DELETE FROM loss_trip WHERE account_id = $1 RETURNING rule, trip_nanos", account.value())) {
    known.emplace(row[0].as<std::string>(), row[1].as<std::int64_t>());
  }
  for (risk::LossRule rule : risk::kLossRules) {
    const std::optional<risk::LossTrip>& trip = mark.latches.Of(rule);
    if (!trip) continue;
    work.exec_params("INSERT INTO loss_trip VALUES ($1, $2, $3, $4, $5::numeric, $6::numeric, $7::numeric)",
                     account.value(), risk::NameOf(rule), trip->time.nanos, trip->day, trip->baseline.ToString(),
                     trip->equity.ToString(), trip->limit.ToString());
    if (known.contains({risk::NameOf(rule), trip->time.nanos})) continue;
    Tell(work, RiskStore::Target::kAudit, LossRuleTripped(account, rule, *trip));
    Tell(work, RiskStore::Target::kAlerts, AlertOfTrip(account, rule, *trip));
  }
}

}  // namespace

absl::StatusOr<std::map<AccountId, risk::Limits>> PostgresRiskStore::LoadLimits() {
  std::map<AccountId, risk::Limits> limits;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    for (const pqxx::row& row : work.exec(
             "SELECT DISTINCT ON (account_id) account_id, payload FROM limits ORDER BY account_id, version DESC")) {
      ASSIGN_OR_RETURN(limits[AccountId(row[0].as<std::string>())], Decode(row[1]));
    }
    return absl::OkStatus();
  }));
  return limits;
}

absl::StatusOr<risk::Limits> PostgresRiskStore::SaveLimits(const Update& update) {
  risk::Limits saved = update.limits;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    work.exec_params("SELECT pg_advisory_xact_lock(hashtext($1))", update.account_id.value());
    pqxx::result repeated = work.exec_params("SELECT payload FROM limits WHERE account_id = $1 AND request_id = $2",
                                             update.account_id.value(), update.request_id);
    if (!repeated.empty()) {
      ASSIGN_OR_RETURN(saved, Decode(repeated[0][0]));
      risk::Limits asked = update.limits;
      asked.version += 1;
      if (saved != asked) return absl::AlreadyExistsError("the request id was used for another change");
      return absl::OkStatus();
    }
    auto newest = work.exec_params1("SELECT coalesce(max(version), 1) FROM limits WHERE account_id = $1",
                                    update.account_id.value())[0]
                      .as<std::uint64_t>();
    if (newest != update.limits.version)
      return absl::AbortedError(ToAbsl("the limits have version " + std::to_string(newest) + " by now"));
    saved.version = newest + 1;
    risk::v1::Limits proto;
    ToProto(saved, &proto);
    std::string bytes = proto.SerializeAsString();
    work.exec_params(
        "INSERT INTO limits (account_id, version, payload, reason, actor, request_id) VALUES ($1, $2, $3, $4, $5, $6)",
        update.account_id.value(), saved.version, pqxx::binarystring(bytes), update.reason, update.actor,
        update.request_id);
    Tell(work, Target::kAudit, LimitsUpdated(update.account_id, saved, update.reason, update.actor));
    return absl::OkStatus();
  }));
  return saved;
}

absl::StatusOr<std::vector<RiskStore::LimitsRecord>> PostgresRiskStore::ListLimits(const AccountId& account,
                                                                                   std::uint64_t before, int count) {
  std::vector<LimitsRecord> records;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    records.clear();
    for (const pqxx::row& row : work.exec_params(
             "SELECT payload, reason, actor, (extract(epoch FROM update_time) * 1000000)::bigint FROM limits "
             "WHERE account_id = $1 AND ($2 = 0 OR version < $2) ORDER BY version DESC LIMIT $3",
             account.value(), static_cast<std::int64_t>(before), count)) {
      LimitsRecord record{.reason = row[1].as<std::string>(),
                          .actor = row[2].as<std::string>(),
                          .update_time = UtcTime{row[3].as<std::int64_t>() * 1'000}};
      ASSIGN_OR_RETURN(record.limits, Decode(row[0]));
      records.push_back(std::move(record));
    }
    return absl::OkStatus();
  }));
  return records;
}

absl::StatusOr<std::vector<risk::LimitSet>> PostgresRiskStore::LoadLimitSets() {
  std::vector<risk::LimitSet> sets;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    sets.clear();
    for (const pqxx::row& row :
         work.exec("SELECT DISTINCT ON (account_id, deployment_id, symbol, is_override) payload FROM limit_set "
                   "ORDER BY account_id, deployment_id, symbol, is_override, version DESC")) {
      pqxx::binarystring bytes(row[0]);
      ASSIGN_OR_RETURN(risk::LimitSet set, StoredLimitSet({bytes.get(), bytes.size()}));
      sets.push_back(std::move(set));
    }
    return absl::OkStatus();
  }));
  return sets;
}

absl::StatusOr<risk::LimitSet> PostgresRiskStore::SaveLimitSet(const SetUpdate& update) {
  const risk::LimitScope& scope = update.set.scope;
  const bool is_override = update.set.expire_time.has_value();
  risk::LimitSet saved = update.set;
  saved.version += 1;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    work.exec("SELECT pg_advisory_xact_lock(hashtext('limit_set'))");
    pqxx::result repeated = work.exec_params("SELECT payload FROM limit_set WHERE request_id = $1", update.request_id);
    if (!repeated.empty()) {
      pqxx::binarystring bytes(repeated[0][0]);
      ASSIGN_OR_RETURN(risk::LimitSet before, StoredLimitSet({bytes.get(), bytes.size()}));
      if (before != saved) return absl::AlreadyExistsError("the request id was used for another change");
      return absl::OkStatus();
    }
    auto newest = work.exec_params1(
                          "SELECT coalesce(max(version), 0) FROM limit_set WHERE account_id = $1 AND "
                          "deployment_id = $2 AND symbol = $3 AND is_override = $4",
                          scope.account_id.value(), scope.deployment_id.value(), scope.symbol.value(), is_override)[0]
                      .as<std::uint64_t>();
    if (newest != update.set.version)
      return absl::AbortedError(ToAbsl("these limits have version " + std::to_string(newest) + " by now"));
    work.exec_params("INSERT INTO limit_set VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", scope.account_id.value(),
                     scope.deployment_id.value(), scope.symbol.value(), is_override, saved.version,
                     pqxx::binarystring(BytesOf(saved)), update.reason, update.actor, update.request_id);
    Tell(work, Target::kAudit, LimitSetUpdated(saved, update.reason, update.actor));
    return absl::OkStatus();
  }));
  return saved;
}

absl::StatusOr<std::vector<risk::v1::LimitSet>> PostgresRiskStore::ListLimitSets(int count) {
  std::vector<risk::v1::LimitSet> sets;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    sets.clear();
    for (const pqxx::row& row :
         work.exec_params("SELECT payload, reason, actor, (extract(epoch FROM update_time) * 1000000)::bigint "
                          "FROM limit_set ORDER BY update_time DESC, version DESC LIMIT $1",
                          count)) {
      pqxx::binarystring bytes(row[0]);
      risk::v1::LimitSet& set = sets.emplace_back();
      if (!set.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
        return absl::DataLossError("a stored set of limits cannot be read");
      set.set_reason(row[1].as<std::string>());
      set.set_updated_by(row[2].as<std::string>());
      wire::ToProto(UtcTime{row[3].as<std::int64_t>() * 1'000}, set.mutable_update_time());
    }
    return absl::OkStatus();
  }));
  return sets;
}

absl::Status PostgresRiskStore::EndOverride(const risk::LimitSet& set) {
  return database_.Transaction([&](pqxx::transaction_base& work) {
    Tell(work, Target::kAudit, OverrideEnded(set));
    return absl::OkStatus();
  });
}

absl::Status PostgresRiskStore::SaveLimitChange(const risk::v1::LimitChange& change) {
  return database_.Transaction([&](pqxx::transaction_base& work) {
    std::string bytes = change.SerializeAsString();
    work.exec_params(
        "INSERT INTO limit_change (change_id, pending, payload) VALUES ($1, $2, $3) ON CONFLICT (change_id) DO UPDATE "
        "SET pending = excluded.pending, payload = excluded.payload",
        change.change_id(), change.state() == risk::v1::LIMIT_CHANGE_STATE_PENDING, pqxx::binarystring(bytes));
    Tell(work, Target::kAudit, LimitChangeTold(change));
    return absl::OkStatus();
  });
}

absl::StatusOr<risk::v1::LimitChange> PostgresRiskStore::FindLimitChange(const std::string& change_id) {
  risk::v1::LimitChange change;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    pqxx::result found = work.exec_params("SELECT payload FROM limit_change WHERE change_id = $1", change_id);
    if (found.empty()) return absl::NotFoundError("there is no such change");
    pqxx::binarystring bytes(found[0][0]);
    if (!change.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
      return absl::DataLossError("a stored change of limits cannot be read");
    return absl::OkStatus();
  }));
  return change;
}

absl::StatusOr<std::vector<risk::v1::LimitChange>> PostgresRiskStore::ListLimitChanges(bool pending_only, int count) {
  std::vector<risk::v1::LimitChange> changes;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    changes.clear();
    for (const pqxx::row& row : work.exec_params(
             "SELECT payload FROM limit_change WHERE pending OR NOT $1 ORDER BY propose_time DESC LIMIT $2",
             pending_only, count)) {
      pqxx::binarystring bytes(row[0]);
      if (!changes.emplace_back().ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
        return absl::DataLossError("a stored change of limits cannot be read");
    }
    return absl::OkStatus();
  }));
  return changes;
}

absl::StatusOr<RiskStore::Marks> PostgresRiskStore::LoadMarks() {
  Marks marks;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    marks.clear();
    for (const pqxx::row& row : work.exec("SELECT account_id, day_number, day_start_equity::text, peak_equity::text, "
                                          "day_start_unknown, peak_unknown FROM equity_mark")) {
      ledger::DayBaseline& baseline = marks[AccountId(row[0].as<std::string>())].baseline;
      baseline.day = row[1].as<std::int64_t>();
      ASSIGN_OR_RETURN(baseline.day_start_equity, Number(row[2]));
      ASSIGN_OR_RETURN(baseline.peak_equity, Number(row[3]));
      baseline.day_start_unknown = row[4].as<bool>();
      baseline.peak_unknown = row[5].as<bool>();
    }
    for (const pqxx::row& row : work.exec("SELECT account_id, rule, trip_nanos, day_number, baseline::text, "
                                          "equity::text, limit_amount::text FROM loss_trip")) {
      auto rule = risk::LossRuleOf(row[1].as<std::string>());
      if (!rule) return absl::DataLossError("a stored loss rule is not known");
      risk::LossTrip trip{.time = UtcTime{row[2].as<std::int64_t>()}, .day = row[3].as<std::int64_t>()};
      ASSIGN_OR_RETURN(trip.baseline, Number(row[4]));
      ASSIGN_OR_RETURN(trip.equity, Number(row[5]));
      ASSIGN_OR_RETURN(trip.limit, Number(row[6]));
      marks[AccountId(row[0].as<std::string>())].latches.Of(*rule) = trip;
    }
    return absl::OkStatus();
  }));
  return marks;
}

absl::StatusOr<ledger::SymbolCloses> PostgresRiskStore::LoadCloses() {
  ledger::SymbolCloses closes;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    ASSIGN_OR_RETURN(closes, LoadCloseMarks(work));
    return absl::OkStatus();
  }));
  return closes;
}

absl::Status PostgresRiskStore::SaveMarks(const Marks& marks, const ledger::SymbolCloses& closes) {
  return database_.Transaction([&](pqxx::transaction_base& work) {
    for (const auto& [account, mark] : marks) SaveMark(work, account, mark);
    if (!closes.empty()) work.exec(CloseMarksSql(work, closes));
    return absl::OkStatus();
  });
}

absl::StatusOr<std::map<AccountId, KeptExposure>> PostgresRiskStore::LoadExposures() {
  std::map<AccountId, KeptExposure> exposures;
  RETURN_IF_ERROR(database_.LongTransaction([&](pqxx::transaction_base& work) {
    exposures.clear();
    for (const pqxx::row& row : work.exec("SELECT account_id, payload FROM exposure")) {
      pqxx::binarystring bytes(row[1]);
      risk::v1::StoredExposure proto;
      if (!proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) continue;
      if (auto kept = FromProto(proto); kept.ok()) exposures[AccountId(row[0].as<std::string>())] = *std::move(kept);
    }
    return absl::OkStatus();
  }));
  return exposures;
}

absl::Status PostgresRiskStore::SaveExposures(const std::map<AccountId, KeptExposure>& exposures) {
  return database_.Transaction([&](pqxx::transaction_base& work) {
    for (const auto& [account, kept] : exposures) {
      risk::v1::StoredExposure proto;
      ToProto(kept, &proto);
      work.exec_params(
          "INSERT INTO exposure VALUES ($1, $2, $3) ON CONFLICT (account_id) DO UPDATE SET applied_sequence = "
          "excluded.applied_sequence, payload = excluded.payload",
          account.value(), kept.snapshot.applied_sequence, pqxx::binarystring(proto.SerializeAsString()));
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<RiskStore::Rearmed> PostgresRiskStore::SaveRearm(const Rearm& rearm) {
  Rearmed answer{.rules = rearm.rearmed};
  std::string asked = absl::StrJoin(rearm.asked, ","), rearmed = absl::StrJoin(rearm.rearmed, ",");
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    work.exec_params("SELECT pg_advisory_xact_lock(hashtext($1))", rearm.account_id.value());
    pqxx::result before =
        work.exec_params("SELECT asked, rearmed, reason FROM loss_rearm WHERE account_id = $1 AND request_id = $2",
                         rearm.account_id.value(), rearm.request_id);
    if (!before.empty()) {
      if (before[0][0].as<std::string>() != asked || before[0][2].as<std::string>() != rearm.reason)
        return absl::AlreadyExistsError("the request id was used for another re-arming");
      answer = {.rules = absl::StrSplit(before[0][1].as<std::string>(), ',', absl::SkipEmpty()), .repeated = true};
      return absl::OkStatus();
    }
    work.exec_params(
        "INSERT INTO loss_rearm (account_id, request_id, asked, rearmed, reason, actor) VALUES ($1, $2, $3, $4, $5, "
        "$6)",
        rearm.account_id.value(), rearm.request_id, asked, rearmed, rearm.reason, rearm.actor);
    if (rearm.after) SaveMark(work, rearm.account_id, *rearm.after);
    SaveChanges(work, rearm.breakers);
    // Every resumed account is asked about; only a rule that was tripped is news.
    for (const auto& record :
         ballast::Rearmed(rearm.account_id, rearm.request_id, rearm.rearmed, rearm.reason, rearm.actor))
      Tell(work, Target::kAudit, record);
    return absl::OkStatus();
  }));
  return answer;
}

absl::StatusOr<BreakerRuleSet> PostgresRiskStore::LoadBreakerRules() {
  BreakerRuleSet rules;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    pqxx::result newest = work.exec("SELECT payload FROM breaker_rules ORDER BY version DESC LIMIT 1");
    if (newest.empty()) return absl::OkStatus();
    pqxx::binarystring bytes(newest[0][0]);
    ASSIGN_OR_RETURN(rules, StoredRules({bytes.get(), bytes.size()}));
    return absl::OkStatus();
  }));
  return rules;
}

absl::StatusOr<BreakerRuleSet> PostgresRiskStore::SaveBreakerRules(const RulesUpdate& update) {
  BreakerRuleSet saved = update.rules;
  saved.version += 1;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    work.exec("SELECT pg_advisory_xact_lock(hashtext('breaker_rules'))");
    pqxx::result repeated =
        work.exec_params("SELECT payload FROM breaker_rules WHERE request_id = $1", update.request_id);
    if (!repeated.empty()) {
      pqxx::binarystring bytes(repeated[0][0]);
      ASSIGN_OR_RETURN(BreakerRuleSet before, StoredRules({bytes.get(), bytes.size()}));
      if (before != saved) return absl::AlreadyExistsError("the request id was used for another change");
      return absl::OkStatus();
    }
    auto newest = work.exec1("SELECT coalesce(max(version), 1) FROM breaker_rules")[0].as<std::uint64_t>();
    if (newest != update.rules.version)
      return absl::AbortedError(ToAbsl("the breaker rules have version " + std::to_string(newest) + " by now"));
    work.exec_params(
        "INSERT INTO breaker_rules (version, payload, reason, actor, request_id) VALUES ($1, $2, $3, $4, $5)",
        saved.version, pqxx::binarystring(BytesOf(saved)), update.reason, update.actor, update.request_id);
    Tell(work, Target::kAudit, BreakerRulesUpdated(saved, update.reason, update.actor));
    return absl::OkStatus();
  }));
  return saved;
}

absl::StatusOr<Breakers> PostgresRiskStore::LoadBreakers() {
  Breakers breakers;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) -> absl::Status {
    breakers.clear();
    for (const pqxx::row& row :
         work.exec("SELECT rule, account_id, deployment_id, symbol, payload FROM breaker_state")) {
      pqxx::binarystring bytes(row[4]);
      BreakerKey key{row[0].as<std::string>(), AccountId(row[1].as<std::string>()),
                     DeploymentId(row[2].as<std::string>()), Symbol(row[3].as<std::string>())};
      ASSIGN_OR_RETURN(breakers[key], StoredBreaker({bytes.get(), bytes.size()}));
    }
    return absl::OkStatus();
  }));
  return breakers;
}

absl::Status PostgresRiskStore::SaveBreakers(const BreakerChanges& changes, const std::vector<Message>& messages) {
  return database_.Transaction([&](pqxx::transaction_base& work) {
    SaveChanges(work, changes);
    for (const Message& message : messages) {
      work.exec_params("INSERT INTO outbox (target, request) VALUES ($1, $2)", static_cast<int>(message.target),
                       pqxx::binarystring(message.request));
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<RiskStore::Message>> PostgresRiskStore::LoadOutbox() {
  std::vector<Message> messages;
  RETURN_IF_ERROR(database_.Transaction([&](pqxx::transaction_base& work) {
    messages.clear();
    for (Target target : kTargets) {
      for (const pqxx::row& row : work.exec_params("SELECT outbox_id, request FROM outbox WHERE refusal IS NULL AND "
                                                   "target = $1 ORDER BY outbox_id LIMIT $2",
                                                   static_cast<int>(target), kOutboxPage)) {
        messages.push_back(
            {.outbox_id = row[0].as<std::int64_t>(), .target = target, .request = pqxx::binarystring(row[1]).str()});
      }
    }
    return absl::OkStatus();
  }));
  return messages;
}

absl::Status PostgresRiskStore::RemoveMessages(const std::vector<std::int64_t>& outbox_ids) {
  return database_.Transaction([&](pqxx::transaction_base& work) {
    work.exec("DELETE FROM outbox WHERE outbox_id IN (" + absl::StrJoin(outbox_ids, ",") + ")");
    return absl::OkStatus();
  });
}

absl::Status PostgresRiskStore::RefuseMessage(std::int64_t outbox_id, const std::string& why) {
  return database_.Transaction([&](pqxx::transaction_base& work) {
    work.exec_params("UPDATE outbox SET refusal = $2 WHERE outbox_id = $1", outbox_id, why);
    return absl::OkStatus();
  });
}

}  // namespace ballast
