#include <algorithm>
#include <memory>
#include <utility>

#include "services/risk/keeper.h"

// The keeper's part about what is stored by itself, and when.
namespace ballast {
namespace {

// What is stored of an account is as long as its open orders; so many events for each of them, and never fewer than the
// least, and the storing is lost in what they cost themselves.
constexpr std::uint64_t kEventsBetweenSaves = 1'000;
constexpr std::uint64_t kEventsPerOpenOrder = 8;

}  // namespace

void RiskKeeper::SaveSoon() {
  if (!std::exchange(save_now_, true) && wake_) wake_();
}

bool RiskKeeper::IsDue(const AccountId& id, const risk::Exposure& exposure) {
  std::uint64_t saved = saved_sequences_[id];
  // After a log was begun anew the stored one is ahead.
  if (exposure.applied_sequence() < saved) return true;
  return exposure.applied_sequence() - saved >=
         std::max<std::uint64_t>(kEventsBetweenSaves, kEventsPerOpenOrder * exposure.open_orders());
}

void RiskKeeper::Tick(std::function<void()> saved) {
  // In lockstep each step is looked at, and no time passes between them.
  if (!lockstep_) LookAtBreakers();
  EndOverrides();
  TellEndedOverrides();
  Save(false, std::move(saved));
  TellOpenings();
}

void RiskKeeper::SaveAll(std::function<void()> done) { Save(true, std::move(done)); }

void RiskKeeper::Save(bool all, std::function<void()> done) {
  if (done) after_save_.push_back(std::move(done));
  save_all_ = save_all_ || all;
  if (std::exchange(save_waits_, true)) return;
  line_.AddFirst([this] { SaveNow(); });
}

void RiskKeeper::SaveNow() {
  save_waits_ = false;
  auto end = [this, told = std::exchange(after_save_, {})] {
    for (const auto& done : told) done();
    line_.Finish();
  };
  auto unsaved = std::make_shared<Unsaved>(TakeUnsaved(std::exchange(save_all_, false)));
  if (unsaved->empty()) return end();
  Write<Saved>([unsaved](RiskStore& store) { return Store(store, *unsaved); },
               [this, unsaved, end](const Saved& saved) {
                 OnSaved(std::move(*unsaved), saved);
                 end();
               });
}

RiskKeeper::Unsaved RiskKeeper::TakeUnsaved(bool all) {
  Unsaved unsaved{.breakers = breakers_.TakeUnsaved()};
  const bool all_replayed = AllReplayed();
  for (auto& [id, exposure] : accounts_) {
    if (!exposure.opened()) continue;
    exposure.Expire(AgeNow());
    if (!all_replayed || !replayed_.contains(id)) continue;
    unsaved.marks[id] = {exposure.baseline, exposure.latches};
    if (all ? exposure.applied_sequence() != saved_sequences_[id] : IsDue(id, exposure)) {
      unsaved.exposures[id] = {.snapshot = exposure.TakeSnapshot(), .execution_sequence = executions_[id]};
    }
  }
  if (!all_replayed) return unsaved;
  unsaved.closes = HeldCloses();
  unsaved.marks_changed = unsaved.marks != saved_marks_ || unsaved.closes != saved_closes_;
  save_now_ = false;
  return unsaved;
}

RiskKeeper::Saved RiskKeeper::Store(RiskStore& store, const Unsaved& unsaved) {
  Saved saved;
  if (!unsaved.breakers.empty())
    saved.breakers = store.SaveBreakers(unsaved.breakers.changes, unsaved.breakers.messages);
  if (unsaved.marks_changed) saved.marks = store.SaveMarks(unsaved.marks, unsaved.closes);
  // After the marks, without which nothing can be made of them.
  if (saved.marks.ok() && !unsaved.exposures.empty()) saved.exposures = store.SaveExposures(unsaved.exposures);
  return saved;
}

void RiskKeeper::OnSaved(Unsaved unsaved, const Saved& saved) {
  if (!saved.breakers.ok()) {
    log_.Warning("risk.breakers_not_saved", {{"error", saved.breakers.ToString()}});
    breakers_.PutBack(std::move(unsaved.breakers));
  }
  if (!saved.marks.ok()) {
    log_.Warning("risk.marks_not_saved", {{"error", saved.marks.ToString()}});
    return;
  }
  if (unsaved.marks_changed) {
    saved_marks_ = std::move(unsaved.marks);
    saved_closes_ = std::move(unsaved.closes);
  }
  if (!saved.exposures.ok()) {
    log_.Warning("risk.exposures_not_saved", {{"error", saved.exposures.ToString()}});
    return;
  }
  for (const auto& [id, kept] : unsaved.exposures) saved_sequences_[id] = kept.snapshot.applied_sequence;
}

}  // namespace ballast
