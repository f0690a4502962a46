// What it costs to bring a machine something, by who drives it: a lock that everybody takes, a thread of its own
// (runtime::Worker), or whoever posts (runtime::InlineWorker). Prints a table; docs/reference/performance.md has one.
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "libs/runtime/inline_worker.h"
#include "libs/runtime/mailbox.h"
#include "libs/runtime/worker.h"

namespace ballast::runtime {
namespace {

using Task = absl::AnyInvocable<void()>;

class RealClock : public Clock {
 public:
  [[nodiscard]] UtcTime Now() const override { return {MonotonicNanos()}; }
  [[nodiscard]] std::int64_t MonotonicNanos() const override {
    return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
  }
};

const RealClock kClock;

// About what deciding a reservation takes.
void Decide() {
  constexpr std::int64_t kDecideNs = 5'000;
  for (const std::int64_t until = kClock.MonotonicNanos() + kDecideNs; kClock.MonotonicNanos() < until;) continue;
}

class Desk : public Machine {
 public:
  Turn Poll(std::int64_t now_ns) override {
    bool closed = box.closed();
    std::vector<Task> tasks = box.Take(16);
    for (Task& task : tasks) task();
    if (closed && tasks.empty()) return {Turn::State::kEnded, 0};
    constexpr std::int64_t kIdleNs = 1'000'000'000;
    return {Turn::State::kReady, box.size() > 0 || closed ? now_ns : now_ns + kIdleNs};
  }
  Inbox& inbox() override { return box; }
  Mailbox<Task, 1> box{{64U << 20}};
};

struct Figures {
  double per_second = 0;
  double p50_us = 0;
  double p99_us = 0;
  double cpu_us = 0;
  double switches = 0;
  double longest_post_us = 0;
};

// `asks` of them by `threads` that each have `in_flight` without an answer at most.
Figures Measure(const std::function<void(Task)>& post, int threads, int in_flight, int asks) {
  std::vector<std::vector<std::int64_t>> took(static_cast<std::size_t>(threads));
  std::atomic<std::int64_t> longest_post_ns = 0;
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  const std::int64_t started_ns = kClock.MonotonicNanos();
  std::vector<std::thread> callers;
  for (int i = 0; i < threads; ++i) {
    callers.emplace_back([&, &mine = took[static_cast<std::size_t>(i)]] {
      std::atomic<int> open = 0;
      mine.resize(static_cast<std::size_t>(asks / threads));
      std::int64_t longest_ns = 0;
      for (std::int64_t& each : mine) {
        for (int now = open; now >= in_flight; now = open) open.wait(now);
        ++open;
        const std::int64_t asked_ns = kClock.MonotonicNanos();
        post([&each, &open, asked_ns] {
          Decide();
          each = kClock.MonotonicNanos() - asked_ns;
          --open;
          open.notify_one();
        });
        longest_ns = std::max(longest_ns, kClock.MonotonicNanos() - asked_ns);
      }
      for (int now = open; now > 0; now = open) open.wait(now);
      for (std::int64_t former = longest_post_ns; former < longest_ns;) {
        if (longest_post_ns.compare_exchange_weak(former, longest_ns)) break;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  const double seconds = static_cast<double>(kClock.MonotonicNanos() - started_ns) / 1e9;
  getrusage(RUSAGE_SELF, &after);
  std::vector<std::int64_t> all;
  for (const auto& each : took) all.insert(all.end(), each.begin(), each.end());
  std::sort(all.begin(), all.end());
  auto micros = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  const double count = static_cast<double>(all.size());
  auto at = [&](double share) { return static_cast<double>(all[static_cast<std::size_t>(share * (count - 1))]) / 1e3; };
  return {
      .per_second = count / seconds,
      .p50_us = at(0.5),
      .p99_us = at(0.99),
      .cpu_us =
          (micros(after.ru_utime) + micros(after.ru_stime) - micros(before.ru_utime) - micros(before.ru_stime)) / count,
      .switches = static_cast<double>(after.ru_nvcsw + after.ru_nivcsw - before.ru_nvcsw - before.ru_nivcsw) / count,
      .longest_post_us = static_cast<double>(longest_post_ns) / 1e3};
}

void Print(const char* who, int threads, int in_flight, const Figures& figures) {
  std::printf("| %s | %d × %d | %.0f | %.1f | %.1f | %.1f | %.3f | %.0f |\n", who, threads, in_flight,
              figures.per_second, figures.p50_us, figures.p99_us, figures.cpu_us, figures.switches,
              figures.longest_post_us);
}

void Run() {
  std::printf(
      "| who drives | threads × in flight | a second | p50 us | p99 us | CPU us | switches | longest post us |\n");
  std::printf("|---|---:|---:|---:|---:|---:|---:|---:|\n");
  constexpr int kAsks = 100'000;
  for (auto [threads, in_flight] : {std::pair{1, 1}, {1, 256}, {2, 128}, {4, 64}}) {
    {
      std::mutex lock;
      Print("a lock", threads, in_flight,
            Measure(
                [&](Task task) {
                  std::lock_guard<std::mutex> held(lock);
                  task();
                },
                threads, in_flight, kAsks));
    }
    {
      Desk desk;
      Worker worker(desk, kClock);
      worker.Start();
      Print("Worker", threads, in_flight,
            Measure([&](Task task) { (void)desk.box.Post(0, 64, std::move(task)); }, threads, in_flight, kAsks));
    }
    {
      Desk desk;
      InlineWorker worker(desk, kClock);
      worker.Start();
      Print("InlineWorker", threads, in_flight,
            Measure([&](Task task) { (void)desk.box.Post(0, 64, std::move(task)); }, threads, in_flight, kAsks));
    }
  }
}

}  // namespace
}  // namespace ballast::runtime

int main() { ballast::runtime::Run(); }
