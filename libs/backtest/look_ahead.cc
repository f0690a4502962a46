#include "libs/backtest/look_ahead.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "libs/base/absl_std.h"

namespace ballast::backtest {
namespace {

constexpr std::size_t kDifferencesMax = 50;

// A feed that ends with a time, whatever the one below would say more.
class CutFeed : public Feed {
 public:
  CutFeed(std::unique_ptr<Feed> below, UtcTime last) : below_(std::move(below)), last_(last) {}
  [[nodiscard]] const std::vector<Instrument>& instruments() const override { return below_->instruments(); }
  bool Next(Step& step) override {
    Step next;
    if (!below_->Next(next) || next.time > last_) return false;
    step = next;
    return true;
  }
  [[nodiscard]] double progress() const override { return below_->progress(); }

 private:
  std::unique_ptr<Feed> below_;
  UtcTime last_;
};

absl::StatusOr<std::vector<strategy::Decision>> DecisionsUntil(const RunOptions& setup,
                                                               const std::vector<Instrument>& instruments,
                                                               const PlayUntil& play, UtcTime last) {
  ASSIGN_OR_RETURN(Run run, Run::Make(setup, instruments));
  CutFeed feed(play(last), last);
  run.Play(feed);
  return std::move(run).Finish().first_decisions;
}

std::string Told(const strategy::Decision* decision) {
  if (decision == nullptr) return "none";
  std::string text = decision->action + ": " + decision->reason;
  std::string inputs;
  for (const auto& [name, value] : decision->inputs) inputs += (inputs.empty() ? "" : ", ") + name + " " + value;
  return inputs.empty() ? text : text + " (" + inputs + ")";
}

bool SameDecision(const strategy::Decision& a, const strategy::Decision& b) {
  return a.time == b.time && a.symbol == b.symbol && a.action == b.action && a.reason == b.reason &&
         a.inputs == b.inputs;
}

}  // namespace

absl::StatusOr<LookAheadReport> CheckLookAhead(RunOptions setup, const std::vector<Instrument>& instruments,
                                               const PlayUntil& play, UtcTime last, std::size_t checks_max,
                                               const std::function<void(std::size_t, std::size_t)>& done) {
  setup.decisions_max = std::numeric_limits<std::size_t>::max();
  setup.curve_points_max = 2;
  setup.keep_fills = false;
  ASSIGN_OR_RETURN(std::vector<strategy::Decision> all, DecisionsUntil(setup, instruments, play, last));
  std::vector<UtcTime> times;
  LookAheadReport report;
  for (const strategy::Decision& decision : all) {
    if (decision.action == "hold") continue;
    ++report.signals;
    if (times.empty() || times.back() < decision.time) times.push_back(decision.time);
  }
  std::vector<UtcTime> cuts;
  std::size_t wanted = std::min(std::max<std::size_t>(checks_max, 1), times.size());
  // The last one among them.
  for (std::size_t i = 1; i <= wanted; ++i) cuts.push_back(times[times.size() * i / wanted - 1]);
  done(1, wanted + 1);
  std::set<std::pair<std::int64_t, std::string>> told;
  for (UtcTime cut : cuts) {
    ASSIGN_OR_RETURN(std::vector<strategy::Decision> past, DecisionsUntil(setup, instruments, play, cut));
    std::size_t i = 0;
    const strategy::Decision *whole = nullptr, *part = nullptr;
    for (;; ++i) {
      whole = i < all.size() && all[i].time <= cut ? &all[i] : nullptr;
      part = i < past.size() ? &past[i] : nullptr;
      if (whole == nullptr || part == nullptr || !SameDecision(*whole, *part)) break;
    }
    ++report.checked;
    done(report.checked + 1, wanted + 1);
    if (whole == nullptr && part == nullptr) continue;
    const strategy::Decision& at = whole != nullptr && (part == nullptr || whole->time <= part->time) ? *whole : *part;
    if (report.differences.size() < kDifferencesMax && told.emplace(at.time.nanos, at.symbol.value()).second)
      report.differences.push_back(
          {.time = at.time, .symbol = at.symbol, .with_all = Told(whole), .with_past = Told(part)});
  }
  return report;
}

}  // namespace ballast::backtest
