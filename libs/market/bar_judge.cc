#include "libs/market/bar_judge.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "libs/calendar/sessions.h"
#include "libs/market/bar_time.h"

namespace ballast::market {
namespace {

constexpr Duration kHour = Duration::Seconds(3'600);
constexpr Duration kBarDay = Duration::Seconds(86'400);
constexpr Duration kWeek = Duration::Seconds(7 * 86'400);
// From then on the rules of libs/calendar are the ones that held.
constexpr UtcTime kCalendarFrom{1'167'609'600'000'000'000};

std::string Shown(UtcTime time) { return time.ToString().substr(0, 19) + "Z"; }
std::string LineText(std::uint64_t line) { return "line " + std::to_string(line); }

// "1 minute", "3 days": the largest unit that it is a whole number of.
std::string LengthWords(Duration length) {
  static constexpr std::pair<std::int64_t, const char*> kUnits[] = {
      {86'400, "day"}, {3'600, "hour"}, {60, "minute"}, {1, "second"}};
  for (const auto& [seconds, name] : kUnits) {
    const std::int64_t nanos = Duration::Seconds(seconds).nanos, count = length.nanos / nanos;
    if (length.nanos % nanos == 0) return std::to_string(count) + " " + name + (count == 1 ? "" : "s");
  }
  return std::to_string(length.nanos / 1'000'000) + " ms";
}

class Judge {
 public:
  Judge(const BarImportSettings& settings, const std::optional<Duration>& per, ProblemList& problems, BarImport& import)
      : settings_(settings), per_(per), problems_(problems), import_(import) {}

  void Run() {
    Order();
    CountDistances();
    if (!ChooseLength()) return;
    JudgeSpacing();
    JudgeGrid();
    DropDuplicates();
    DropOverlaps();
    FindGaps();
  }

 private:
  using Rows = std::vector<ImportedBar>;

  void Order() {
    Rows& rows = import_.rows;
    auto later = [](const ImportedBar& left, const ImportedBar& right) { return left.start <= right.start; };
    bool falling = rows.size() > 1 && rows.front().start > rows.back().start &&
                   std::adjacent_find(rows.begin(), rows.end(), later) == rows.end();
    if (falling) {
      std::reverse(rows.begin(), rows.end());
      import_.notes.emplace_back("the rows are newest first; they were turned round");
      return;
    }
    bool sorted = true;
    UtcTime newest;
    std::uint64_t newest_line = 0;
    for (const ImportedBar& row : rows) {
      if (row.start < newest) {
        sorted = false;
        problems_.Add(row.line, ProblemKind::kUnordered,
                      Shown(row.start) + " is earlier than " + Shown(newest) + " of " + LineText(newest_line),
                      "sorted in");
      } else {
        newest = row.start;
        newest_line = row.line;
      }
    }
    auto by_start = [](const ImportedBar& left, const ImportedBar& right) { return left.start < right.start; };
    if (!sorted) std::stable_sort(rows.begin(), rows.end(), by_start);
  }

  void CountDistances() {
    const Rows& rows = import_.rows;
    for (std::size_t i = 1; i < rows.size(); ++i) {
      Duration distance = rows[i].start - rows[i - 1].start;
      if (distance.nanos == 0) continue;
      ++distances_[distance];
      ++all_distances_;
    }
    // Of several that are as frequent the shortest.
    for (const auto& [distance, count] : distances_) {
      if (count > usual_count_) usual_ = distance, usual_count_ = count;
    }
  }

  bool ChooseLength() {
    if (!settings_.timeframe.empty()) {
      std::optional<Duration> given = ParseBarLength(settings_.timeframe);
      if (!given) {
        problems_.AddFatal(0, ProblemKind::kTime,
                           "timeframe: a length like 1m, 15m, 4h or 1d is expected, not '" + settings_.timeframe + "'");
        return false;
      }
      if (per_ && *per_ != *given) {
        problems_.AddFatal(
            0, ProblemKind::kTime,
            "the file says that its bars are of " + BarLengthText(*per_) + ", not of " + BarLengthText(*given));
        return false;
      }
      return SetLength(*given, "");
    }
    if (per_) return SetLength(*per_, "as the file says");
    constexpr const char* kSayIt = "; --timeframe says it";
    if (all_distances_ == 0) {
      problems_.AddFatal(0, ProblemKind::kTime, std::string("how long a bar is cannot be told from one row") + kSayIt);
      return false;
    }
    Duration length = usual_;
    // Clocks that are changed make days of 23 and 25 hours.
    for (Duration whole : {kBarDay, kWeek}) {
      if (length.nanos >= whole.nanos - kHour.nanos && length.nanos <= whole.nanos + kHour.nanos) length = whole;
    }
    // Three days from a Friday to a Monday are one day of an exchange.
    const bool over_weekends = new_york() && length > kBarDay && length != kWeek;
    if (over_weekends || usual_count_ * 2 < all_distances_ || !ParseBarLength(BarLengthText(length)) ||
        length.nanos % Duration::Seconds(1).nanos != 0 || length > kWeek) {
      problems_.AddFatal(0, ProblemKind::kTime,
                         "how long a bar is cannot be told: " + std::to_string(usual_count_) + " of " +
                             std::to_string(all_distances_) + " rows stand " +
                             std::to_string(usual_.nanos / Duration::Seconds(1).nanos) + " s apart" + kSayIt);
      return false;
    }
    return SetLength(
        length, "as " + std::to_string(usual_count_) + " of " + std::to_string(all_distances_) + " rows stand apart");
  }

  bool SetLength(Duration length, const std::string& why) {
    import_.length = length;
    import_.timeframe = BarLengthText(length);
    if (!why.empty()) import_.notes.push_back("a bar is of " + import_.timeframe + ", " + why);
    return true;
  }

  // Bars of a minute that are taken for bars of a day are one day a minute; a bar of five minutes that is taken for one
  // of a minute tells its close four minutes early.
  void JudgeSpacing() {
    if (all_distances_ > 0 && usual_ <= TooCloseFor(import_.length)) {
      const Rows& rows = import_.rows;
      std::size_t at = 1;
      while (rows[at].start - rows[at - 1].start != usual_) ++at;
      problems_.AddFatal(rows[at].line, ProblemKind::kTime,
                         "the row begins " + LengthWords(usual_) + " after the one before, as " +
                             std::to_string(usual_count_) + " of " + std::to_string(all_distances_) + " do: bars of " +
                             LengthWords(usual_) + " are no bars of " + LengthWords(import_.length));
      return;
    }
    if (all_distances_ < 2 || usual_ <= import_.length || usual_count_ * 10 < all_distances_ * 9) return;
    if (import_.length >= kBarDay) return;
    bool moves = std::any_of(import_.rows.begin(), import_.rows.end(),
                             [](const ImportedBar& row) { return row.low != row.high; });
    if (!moves) return;
    problems_.AddFatal(0, ProblemKind::kTime,
                       "the rows stand " + BarLengthText(usual_) + " apart: they are no bars of " + import_.timeframe);
  }

  // Rows that usually stand so far apart are finer than the bars they are taken for.
  [[nodiscard]] Duration TooCloseFor(Duration length) const {
    // Clocks that are changed make days of 23 hours.
    if (length >= kBarDay) return {length.nanos - kHour.nanos - 1};
    // New York's day of six and a half hours has shorter bars at its ends.
    if (new_york() && length > kHour) return {length.nanos / 2};
    // Others begin where such a bar cannot begin: JudgeGrid says so row by row.
    return {};
  }

  bool new_york() const { return import_.instrument.calendar == TradingCalendar::kNewYorkStockExchange; }

  template <typename Wrong>
  void LeaveOut(Wrong wrong) {
    Rows& rows = import_.rows;
    auto end = std::remove_if(rows.begin(), rows.end(), wrong);
    import_.left_out += static_cast<std::uint64_t>(rows.end() - end);
    rows.erase(end, rows.end());
  }

  // Bars begin where a bar can begin.
  void JudgeGrid() {
    if (import_.length >= kBarDay) {
      if (new_york() && import_.length == kBarDay) JudgeTradingDays();
      return;
    }
    // Hours of New York's day stand otherwise in UTC in summer than in winter.
    std::int64_t unit = new_york() && import_.length > kHour ? kHour.nanos / 2 : import_.length.nanos;
    std::map<std::int64_t, std::uint64_t> rests;
    for (const ImportedBar& row : import_.rows) {
      if (rests.size() < 10'000 || rests.contains(row.start.nanos % unit)) ++rests[row.start.nanos % unit];
    }
    std::int64_t usual = 0;
    std::uint64_t most = 0;
    for (const auto& [rest, count] : rests) {
      if (count > most) usual = rest, most = count;
    }
    LeaveOut([&](const ImportedBar& row) {
      if (row.start.nanos % unit == usual) return false;
      problems_.Add(row.line, ProblemKind::kTime,
                    Shown(row.start) + " is no start of a bar of " + import_.timeframe + " beside the others",
                    "left out");
      return true;
    });
  }

  void JudgeTradingDays() {
    LeaveOut([&](const ImportedBar& row) {
      if (row.start < kCalendarFrom) return false;
      if (calendar::SessionFor(import_.instrument, row.start).open.DayNumber() == row.start.DayNumber()) return false;
      problems_.Add(row.line, ProblemKind::kTime, Shown(row.start).substr(0, 10) + " is no day of the exchange",
                    "left out");
      return true;
    });
  }

  bool Same(const ImportedBar& left, const ImportedBar& right) const {
    // Days are named by times that clocks move.
    if (import_.length == kBarDay && new_york()) return left.start.DayNumber() == right.start.DayNumber();
    return left.start == right.start;
  }

  void DropDuplicates() {
    const ImportedBar* former = nullptr;
    ImportedBar kept;
    LeaveOut([&](const ImportedBar& row) {
      if (former == nullptr || !Same(kept, row)) {
        kept = row;
        former = &kept;
        return false;
      }
      bool equal = kept.open == row.open && kept.high == row.high && kept.low == row.low && kept.close == row.close &&
                   kept.volume == row.volume;
      problems_.Add(row.line, ProblemKind::kDuplicate,
                    Shown(row.start) + " is there already in " + LineText(kept.line) +
                        (equal ? " with the same values" : " with other values"),
                    "left out; " + LineText(kept.line) + " stays");
      return true;
    });
  }

  // A bar of a day or more that begins in the first half of the one before is of another length. Days of an exchange
  // and weeks are dated by times that move, which is less.
  void DropOverlaps() {
    if (import_.length < kBarDay) return;
    std::optional<ImportedBar> kept;
    LeaveOut([&](const ImportedBar& row) {
      if (!kept || (row.start - kept->start).nanos > import_.length.nanos / 2) {
        kept = row;
        return false;
      }
      const std::string apart = LengthWords(row.start - kept->start);
      problems_.Add(row.line, ProblemKind::kTime,
                    Shown(row.start) + " is " + apart + " after " + LineText(kept->line) + ": bars of " + apart +
                        " are no bars of " + LengthWords(import_.length),
                    "left out; " + LineText(kept->line) + " stays");
      return true;
    });
  }

  void FindGaps() {
    const Rows& rows = import_.rows;
    bool early = new_york() && !rows.empty() && rows.front().start < kCalendarFrom;
    if (early)
      import_.notes.emplace_back("before 2007 gaps are not looked for: the exchange's days are not known here");
    std::uint64_t outside = 0;
    for (std::size_t i = 1; i < rows.size(); ++i) {
      std::size_t before = import_.gaps.size();
      Between(rows[i - 1].start, rows[i].start);
      for (std::size_t g = before; g < import_.gaps.size(); ++g) Tell(rows[i].line, import_.gaps[g]);
    }
    if (new_york() && import_.length <= kHour) {
      for (const ImportedBar& row : rows) outside += SlotInSession(row.start) ? 0 : 1;
    }
    if (outside > 0)
      import_.notes.push_back(std::to_string(outside) + " bars are outside of the exchange's regular sessions");
    if (!import_.gaps.empty() && settings_.allow_gaps)
      import_.notes.push_back(std::to_string(import_.gaps.size()) + " gaps, " + std::to_string(import_.missing_bars) +
                              " bars are missing; the first at " + Shown(import_.gaps.front().first_missing));
  }

  void Tell(std::uint64_t line, const DataGap& gap) {
    if (settings_.allow_gaps) return;
    problems_.Add(line, ProblemKind::kGap,
                  std::to_string(gap.bars) + (gap.bars == 1 ? " bar is" : " bars are") +
                      " missing before this one, from " + Shown(gap.first_missing) +
                      (gap.bars == 1 ? "" : " to " + Shown(gap.last_missing)),
                  "stays a gap");
  }

  void Missing(UtcTime first, UtcTime last, std::uint64_t bars) {
    import_.missing_bars += bars;
    // One gap goes on over a closed exchange.
    if (gap_open_) {
      import_.gaps.back().last_missing = last;
      import_.gaps.back().bars += bars;
      return;
    }
    import_.gaps.push_back({first, last, bars});
    gap_open_ = true;
  }

  bool SlotInSession(UtcTime start) const {
    calendar::Session session = calendar::SessionFor(import_.instrument, start);
    return start < session.close && start + import_.length > session.open;
  }

  void Between(UtcTime former, UtcTime next) {
    gap_open_ = false;
    Duration length = import_.length;
    Duration distance = next - former;
    if (!new_york()) {
      // Of a week by the day it is dated at, which moves.
      std::int64_t missing = (distance.nanos + (length >= kBarDay ? length.nanos / 2 : 0)) / length.nanos - 1;
      if (missing > 0)
        Missing(former + length, UtcTime{former.nanos + missing * length.nanos}, static_cast<std::uint64_t>(missing));
      return;
    }
    if (former < kCalendarFrom || distance <= length) return;
    if (length == kBarDay) {
      BetweenDays(former, next);
    } else if (length <= kHour) {
      BetweenSlots(former, next);
    }
  }

  void BetweenDays(UtcTime former, UtcTime next) {
    constexpr std::int64_t kDayNanos = 86'400'000'000'000;
    std::int64_t last = next.DayNumber();
    for (std::int64_t day = former.DayNumber() + 1; day < last;) {
      std::int64_t session = calendar::SessionFor(import_.instrument, UtcTime{day * kDayNanos}).open.DayNumber();
      if (session >= last) return;
      Missing(UtcTime{session * kDayNanos}, UtcTime{session * kDayNanos}, 1);
      day = session + 1;
    }
  }

  // Session by session, the bars whose time lies in one.
  void BetweenSlots(UtcTime former, UtcTime next) {
    std::int64_t length = import_.length.nanos;
    for (UtcTime slot = former + import_.length; slot < next;) {
      calendar::Session session = calendar::SessionFor(import_.instrument, slot);
      // The first bar that reaches into it, on the grid of the rows.
      if (slot + import_.length <= session.open) slot.nanos += (session.open.nanos - slot.nanos) / length * length;
      if (slot + import_.length <= session.open) slot = slot + import_.length;
      UtcTime end = std::min(session.close, next);
      if (slot >= end) {
        if (slot >= next) return;
        continue;
      }
      std::int64_t count = (end.nanos - slot.nanos + length - 1) / length;
      Missing(slot, UtcTime{slot.nanos + (count - 1) * length}, static_cast<std::uint64_t>(count));
      slot.nanos += count * length;
    }
  }

  const BarImportSettings& settings_;
  const std::optional<Duration> per_;
  ProblemList& problems_;
  BarImport& import_;
  std::map<Duration, std::uint64_t> distances_;
  std::uint64_t all_distances_ = 0;
  Duration usual_;
  std::uint64_t usual_count_ = 0;
  bool gap_open_ = false;
};

}  // namespace

void ProblemList::Add(std::uint64_t line, ProblemKind kind, std::string detail, std::string repair) {
  ++count_;
  if (problems_.size() >= kProblemsMax) return;
  problems_.push_back({line, kind, std::move(detail), repair_ ? std::move(repair) : std::string()});
}

void ProblemList::AddFatal(std::uint64_t line, ProblemKind kind, std::string detail) {
  fatal_ = true;
  ++count_;
  // Whatever else there was to say, this is what decides.
  if (problems_.size() >= kProblemsMax) problems_.pop_back();
  problems_.push_back({line, kind, std::move(detail), ""});
}

void ProblemList::MoveTo(BarImport& out) {
  std::stable_sort(problems_.begin(), problems_.end(),
                   [](const DataProblem& left, const DataProblem& right) { return left.line < right.line; });
  out.problems = std::move(problems_);
  out.problem_count = count_;
}

void JudgeBars(const BarImportSettings& settings, const std::optional<Duration>& per, ProblemList& problems,
               BarImport& import) {
  Judge(settings, per, problems, import).Run();
}

}  // namespace ballast::market
