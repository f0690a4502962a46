// What scripts/sim runs: many seeds on all cores, one seed line by line, or every planted bug.
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/simulation/world.h"

namespace ballast::simulation {
namespace {

struct Arguments {
  std::uint64_t seeds = 1'000;
  std::uint64_t from = 1;
  std::uint64_t seed = 0;
  std::uint64_t seconds = 0;
  unsigned threads = 0;
  bool verbose = false;
  bool bugs = false;
  // How many seeds go for one that is run twice.
  std::uint64_t twice = 10;
  // Where the table of planted bugs goes too.
  std::string into;
  Bug bug = Bug::kNone;
};

[[noreturn]] void Usage() {
  std::fprintf(
      stderr,
      "scripts/sim [--seeds N] [--from S] [--seconds T] [--threads N] [--twice-of N] [--bug NAME]  many seeds\n"
      "scripts/sim --seed S [--verbose] [--bug NAME]                                               one, line by line\n"
      "scripts/sim --bugs [--seeds N] [--from S] [--threads N] [--into FILE]                       planted bugs\n");
  std::exit(2);
}

Arguments Parse(int argc, char** argv) {
  Arguments parsed;
  auto number = [&](int& i) -> std::uint64_t {
    char* end = nullptr;
    if (++i >= argc) Usage();
    std::uint64_t value = std::strtoull(argv[i], &end, 10);
    if (*end != 0) Usage();
    return value;
  };
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    if (name == "--seeds") {
      parsed.seeds = number(i);
    } else if (name == "--from") {
      parsed.from = number(i);
    } else if (name == "--seed") {
      parsed.seed = number(i);
    } else if (name == "--seconds") {
      parsed.seconds = number(i);
    } else if (name == "--threads") {
      parsed.threads = static_cast<unsigned>(number(i));
    } else if (name == "--twice-of") {
      parsed.twice = number(i);
    } else if (name == "--into" && i + 1 < argc) {
      parsed.into = argv[++i];
    } else if (name == "--verbose") {
      parsed.verbose = true;
    } else if (name == "--bugs") {
      parsed.bugs = true;
    } else if (name == "--bug" && i + 1 < argc) {
      std::optional<Bug> bug = BugOf(argv[++i]);
      if (!bug) {
        for (const BugName& each : kBugs)
          std::fprintf(stderr, "%-24s %s\n", std::string(each.name).c_str(), std::string(each.what).c_str());
        std::exit(2);
      }
      parsed.bug = *bug;
    } else {
      Usage();
    }
  }
  if (parsed.threads == 0) parsed.threads = std::max(1U, std::thread::hardware_concurrency());
  return parsed;
}

struct Sum {
  std::uint64_t seeds = 0;
  std::uint64_t twice = 0;
  std::uint64_t broken = 0;
  std::uint64_t events = 0;
  std::uint64_t first_broken = 0;
  std::map<std::string, std::uint64_t> by_invariant;
  std::map<std::string, std::uint64_t> counts;
};

// Every `twice_of`th seed is run twice (0: none). `tell`: broken seeds as they are found, and how far it is.
Sum RunMany(const Arguments& arguments, Bug bug, std::uint64_t seeds, std::uint64_t twice_of, bool tell) {
  using SteadyClock = std::chrono::steady_clock;
  Sum sum;
  std::mutex mutex;
  std::atomic<std::uint64_t> next = arguments.from;
  SteadyClock::time_point begun = SteadyClock::now();
  SteadyClock::time_point told = begun;
  auto work = [&] {
    while (true) {
      std::uint64_t seed = next++;
      bool late = arguments.seconds > 0 &&
                  SteadyClock::now() - begun > std::chrono::seconds(static_cast<std::int64_t>(arguments.seconds));
      if (seed >= arguments.from + seeds || late) return;
      bool twice = twice_of > 0 && seed % twice_of == 0;
      Outcome outcome = twice ? RunTwice(seed, bug) : Run(seed, bug);
      std::lock_guard lock(mutex);
      ++sum.seeds;
      sum.twice += twice ? 1 : 0;
      sum.events += outcome.events;
      for (const auto& [what, count] : outcome.counts) sum.counts[what] += count;
      if (!outcome.broken.empty()) {
        ++sum.broken;
        if (sum.first_broken == 0 || seed < sum.first_broken) sum.first_broken = seed;
        for (const std::string& line : outcome.broken) ++sum.by_invariant[line.substr(0, line.find(':'))];
        if (tell) {
          std::printf("BROKEN seed %" PRIu64 ": %s\n  replay: scripts/sim --seed %" PRIu64 " --verbose%s\n", seed,
                      outcome.broken.front().c_str(), seed, bug == Bug::kNone ? "" : " --bug …");
          std::fflush(stdout);
        }
      }
      if (tell && SteadyClock::now() - told > std::chrono::seconds(10)) {
        told = SteadyClock::now();
        double passed = std::chrono::duration<double>(told - begun).count();
        std::printf("%" PRIu64 " of %" PRIu64 " seeds, %" PRIu64 " broken, %.1f a second\n", sum.seeds, seeds,
                    sum.broken, static_cast<double>(sum.seeds) / passed);
        std::fflush(stdout);
      }
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < arguments.threads; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  return sum;
}

std::string Padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text + ' ';
}

// Takes the place of what stands between the two marks.
void WriteInto(const std::string& path, const std::string& table) {
  constexpr std::string_view kBegin = "<!-- planted bugs -->\n", kEnd = "<!-- end of planted bugs -->";
  std::ifstream in(path);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::size_t begin = text.find(kBegin), end = text.find(kEnd);
  if (begin == std::string::npos || end == std::string::npos || end < begin) {
    std::fprintf(stderr, "%s has no place for the table\n", path.c_str());
    std::exit(2);
  }
  begin += kBegin.size();
  text.replace(begin, end - begin, table);
  std::ofstream(path) << text;
}

int Bugs(const Arguments& arguments) {
  // The machines say what they think of each, again and again.
  std::FILE* out = fdopen(dup(STDOUT_FILENO), "w");
  if (out == nullptr || std::freopen("/dev/null", "w", stdout) == nullptr) std::exit(2);
  int missed = 0;
  std::string table =
      Padded("planted bug", 24) + Padded("found by", 9) + Padded("first", 5) + Padded("as", 34) + "what\n";
  std::fputs(table.c_str(), out);
  for (const BugName& each : kBugs) {
    Sum sum = RunMany(arguments, each.bug, arguments.seeds, /*twice_of=*/0, /*tell=*/false);
    std::string by;
    for (const auto& [invariant, count] : sum.by_invariant) by += (by.empty() ? "" : " ") + invariant;
    if (sum.broken == 0) ++missed;
    std::string row = Padded(std::string(each.name), 24) +
                      Padded(std::to_string(sum.broken) + "/" + std::to_string(sum.seeds), 9) +
                      Padded(std::to_string(sum.first_broken), 5) + Padded(by, 34) + std::string(each.what) + "\n";
    std::fputs(row.c_str(), out);
    std::fflush(out);
    table += row;
  }
  std::string end = std::to_string(kBugs.size()) + " planted, " +
                    std::to_string(kBugs.size() - static_cast<std::size_t>(missed)) + " found\n";
  std::fputs(end.c_str(), out);
  std::fclose(out);
  if (!arguments.into.empty()) {
    WriteInto(arguments.into, "`scripts/sim --bugs --seeds " + std::to_string(arguments.seeds) +
                                  " --into docs/reference/proof.md` writes this:\n\n```\n" + table + end + "```\n");
  }
  return missed == 0 ? 0 : 1;
}

int One(const Arguments& arguments) {
  Outcome outcome = Run(arguments.seed, arguments.bug, arguments.verbose ? stdout : nullptr);
  for (const std::string& line : outcome.broken) std::printf("BROKEN %s\n", line.c_str());
  std::printf("seed %" PRIu64 ": %" PRIu64 " events, trace %016" PRIx64 ", %zu broken\n", outcome.seed, outcome.events,
              outcome.hash, outcome.broken.size());
  return outcome.broken.empty() ? 0 : 1;
}

int Main(int argc, char** argv) {
  // An order manager takes 16 MiB that it hardly touches; from the heap each of its lives would clear them.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  Arguments arguments = Parse(argc, argv);
  if (arguments.bugs) return Bugs(arguments);
  if (arguments.seed != 0) return One(arguments);
  Sum sum = RunMany(arguments, arguments.bug, arguments.seeds, arguments.twice, /*tell=*/true);
  std::printf("\nwhat went on:\n");
  for (const auto& [what, count] : sum.counts) std::printf("  %10" PRIu64 "  %s\n", count, what.c_str());
  for (const auto& [invariant, count] : sum.by_invariant)
    std::printf("  broken %s: %" PRIu64 "\n", invariant.c_str(), count);
  std::printf("%" PRIu64 " seeds (%" PRIu64 " of them twice, with the same trace), %" PRIu64 " order events, %" PRIu64
              " broken",
              sum.seeds, sum.twice, sum.events, sum.broken);
  // Nothing in n tries: with 95 % confidence less than 3/n of all.
  if (sum.broken == 0 && sum.seeds > 0)
    std::printf(" (fewer than %.4f %% with 95 %% confidence)", 300.0 / static_cast<double>(sum.seeds));
  std::printf("\n");
  return sum.broken == 0 ? 0 : 1;
}

}  // namespace
}  // namespace ballast::simulation

int main(int argc, char** argv) { return ballast::simulation::Main(argc, argv); }
