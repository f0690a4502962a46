// The whole suite in one thread, on a clock that jumps, over a network, disks and a venue that fail: a short set of
// seeds, and some of the planted bugs. More of both: scripts/sim.
#include "tests/simulation/world.h"

#include <gtest/gtest.h>

namespace ballast::simulation {
namespace {

class SimulationTest : public testing::TestWithParam<std::uint64_t> {};

constexpr std::uint64_t kSeedsEach = 20;

TEST_P(SimulationTest, NoInvariantBreaksAndTheSameSeedIsTheSameTrace) {
  for (std::uint64_t seed = GetParam(); seed < GetParam() + kSeedsEach; ++seed) {
    Outcome outcome = RunTwice(seed);
    for (const std::string& broken : outcome.broken) ADD_FAILURE() << broken;
    ASSERT_TRUE(outcome.broken.empty()) << "replay: scripts/sim --seed " << seed << " --verbose";
    EXPECT_GT(outcome.events, 20U);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, SimulationTest, testing::Range<std::uint64_t>(1, 1 + 6 * kSeedsEach, kSeedsEach));

}  // namespace
}  // namespace ballast::simulation
