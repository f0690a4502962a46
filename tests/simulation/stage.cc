#include "tests/simulation/stage.h"

#include <algorithm>

namespace ballast::simulation {

Faults Faults::Draw(Rng& dice) {
  Faults drawn;
  auto rate = [&dice](std::uint64_t most) { return dice.Below(2) == 0 ? 0 : 1 + dice.Below(most); };
  drawn.delay_ms_max = dice.Between(1, dice.Below(4) == 0 ? 90 : 8);
  drawn.spike = rate(30'000);
  drawn.cut = rate(20'000);
  drawn.half_open = dice.Below(2) == 0;
  drawn.refused = rate(80'000);
  drawn.doubt = rate(80'000);
  drawn.crash_in_commit = rate(20'000);
  drawn.slow = rate(30'000);
  drawn.kill = rate(15'000);
  drawn.pause = rate(10'000);
  drawn.supersede = rate(6'000);
  drawn.lost_request = rate(100'000);
  drawn.lost_answer = rate(200'000);
  drawn.late_request = rate(100'000);
  drawn.late_fact = rate(150'000);
  drawn.twice = rate(200'000);
  drawn.reject = rate(100'000);
  drawn.silence = rate(8'000);
  drawn.correction = rate(60'000);
  return drawn;
}

std::string Faults::ToString() const {
  std::string text = "delay<=" + std::to_string(delay_ms_max) + "ms";
  auto say = [&text](const char* name, std::uint64_t rate) {
    if (rate > 0) text += std::string(" ") + name + "=" + std::to_string(rate);
  };
  say("spike", spike);
  say("cut", cut);
  say("half_open", half_open ? 1 : 0);
  say("refused", refused);
  say("doubt", doubt);
  say("crash_in_commit", crash_in_commit);
  say("slow", slow);
  say("kill", kill);
  say("pause", pause);
  say("supersede", supersede);
  say("lost_request", lost_request);
  say("lost_answer", lost_answer);
  say("late_request", late_request);
  say("late_fact", late_fact);
  say("twice", twice);
  say("reject", reject);
  say("silence", silence);
  say("correction", correction);
  return text;
}

Stage::Stage(std::uint64_t seed, Bug bug, std::FILE* out) : dice_(seed), bug_(bug), out_(out) {
  faults_ = Faults::Draw(dice_);
  Note("stage", faults_.ToString());
}

void Stage::After(std::int64_t delay_ns, std::function<void()> what) {
  events_.emplace(std::pair(now_ns_ + std::max<std::int64_t>(delay_ns, 0), next_event_++), std::move(what));
}

bool Stage::Step(std::int64_t until_ns) {
  auto next = events_.begin();
  if (next == events_.end() || next->first.first > until_ns) {
    now_ns_ = std::max(now_ns_, until_ns);
    return false;
  }
  now_ns_ = std::max(now_ns_, next->first.first);
  std::function<void()> what = std::move(next->second);
  events_.erase(next);
  what();
  return true;
}

void Stage::Mix(std::string_view bytes) {
  for (char byte : bytes) hash_ = (hash_ ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
}

void Stage::Note(std::string_view who, const std::string& what) {
  Mix(std::to_string(now_ns_));
  Mix(who);
  Mix(what);
  if (out_ != nullptr) {
    std::fprintf(out_, "%9.3f %-10.*s %s\n", static_cast<double>(now_ns_) / 1e9, static_cast<int>(who.size()),
                 who.data(), what.c_str());
  }
}

void Stage::Break(std::string_view invariant, const std::string& what) {
  constexpr std::size_t kKept = 20;
  std::string line = std::string(invariant) + ": " + what;
  Note("BROKEN", line);
  if (broken_.size() < kKept) broken_.push_back(std::move(line));
}

void Stage::Calm() {
  calm_ = true;
  faults_ = Faults{};
  Note("stage", "calm");
}

}  // namespace ballast::simulation
