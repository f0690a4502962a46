// Every cell of the order machine, one by one, written down a second time: a change of the table has to be made here
// too, on purpose. The same cells are the page docs/reference/order_states.md.
#include "libs/orders/transition.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace ballast::orders {
namespace {

using enum OrderStatus;
using Event = OrderEventType;

struct State {
  OrderStatus status;
  const char* code;
  const char* name;
};
constexpr std::array kStates = {
    State{kUnspecified, "--", "(none yet)"},
    State{kDenied, "DE", "DENIED"},
    State{kPendingNew, "PN", "PENDING_NEW"},
    State{kSubmitted, "SU", "SUBMITTED"},
    State{kUnknown, "UN", "UNKNOWN"},
    State{kNew, "NW", "NEW"},
    State{kPartiallyFilled, "PF", "PARTIALLY_FILLED"},
    State{kPendingCancel, "PC", "PENDING_CANCEL"},
    State{kPendingReplace, "PR", "PENDING_REPLACE"},
    State{kFilled, "FI", "FILLED"},
    State{kCanceled, "CA", "CANCELED"},
    State{kRejected, "RE", "REJECTED"},
    State{kExpired, "EX", "EXPIRED"},
    State{kHeld, "HE", "HELD"},
    State{kNeverAccepted, "NA", "NEVER_ACCEPTED"},
};

// What can happen; a fill, one taken back or corrected, a refused cancel and what became of a replacement are several
// each, for they look at the quantity.
struct Happening {
  Event event;
  bool complete;
  bool any_filled;
  const char* name;
  bool outcome_unknown = false;
  bool replace_pending = false;
};
constexpr std::array kHappenings = {
    Happening{Event::kPendingNew, false, false, "PENDING_NEW"},
    Happening{Event::kDenied, false, false, "DENIED"},
    Happening{Event::kSubmitted, false, false, "SUBMITTED"},
    Happening{Event::kUnknown, false, false, "UNKNOWN"},
    Happening{Event::kAccepted, false, false, "ACCEPTED"},
    Happening{Event::kTriggered, false, false, "TRIGGERED"},
    Happening{Event::kFilled, false, true, "FILLED, a part"},
    Happening{Event::kFilled, true, true, "FILLED, the whole"},
    Happening{Event::kPendingCancel, false, false, "PENDING_CANCEL"},
    Happening{Event::kCancelRejected, false, false, "CANCEL_REJECTED, nothing filled"},
    Happening{Event::kCancelRejected, false, true, "CANCEL_REJECTED, a part filled"},
    Happening{Event::kCanceled, false, false, "CANCELED"},
    Happening{Event::kRejected, false, false, "REJECTED"},
    Happening{Event::kExpired, false, false, "EXPIRED"},
    Happening{Event::kRestated, false, false, "RESTATED"},
    Happening{Event::kTradeCancel, false, false, "TRADE_CANCEL, nothing left"},
    Happening{Event::kTradeCancel, false, true, "TRADE_CANCEL, a part left"},
    Happening{Event::kTradeCorrect, false, true, "TRADE_CORRECT, a part"},
    Happening{Event::kTradeCorrect, true, true, "TRADE_CORRECT, the whole"},
    Happening{Event::kCancelRejected, false, false, "CANCEL_REJECTED, outcome unknown", true},
    Happening{Event::kCancelRejected, false, false, "CANCEL_REJECTED, replacement pending", false, true},
    Happening{Event::kHeld, false, false, "HELD"},
    Happening{Event::kReleased, false, false, "RELEASED"},
    Happening{Event::kTrailed, false, false, "TRAILED"},
    Happening{Event::kPendingReplace, false, false, "PENDING_REPLACE"},
    Happening{Event::kReplaced, false, false, "REPLACED, nothing filled"},
    Happening{Event::kReplaced, false, true, "REPLACED, a part filled"},
    Happening{Event::kReplaced, true, true, "REPLACED, all of it filled"},
    Happening{Event::kReplaceRejected, false, false, "REPLACE_REJECTED, nothing filled"},
    Happening{Event::kReplaceRejected, false, true, "REPLACE_REJECTED, a part filled"},
    Happening{Event::kNeverAccepted, false, false, "NEVER_ACCEPTED"},
    Happening{Event::kReopened, false, false, "REOPENED, nothing filled"},
    Happening{Event::kReopened, false, true, "REOPENED, a part filled"},
};

// Rows: from; columns: in the order of kHappenings; a dot is illegal.
constexpr char kCells[] = R"(
--  PN DE .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. HE .. .. .. .. .. .. .. .. .. .. ..
DE  .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. ..
PN  .. .. SU .. .. .. PF FI .. .. .. CA RE .. .. .. .. PF FI .. .. .. .. .. .. .. .. .. .. .. .. .. ..
SU  .. .. .. UN NW NW PF FI PC SU SU CA RE EX SU SU SU PF FI SU SU .. .. .. .. .. .. .. .. .. NA .. ..
UN  .. .. .. UN NW NW PF FI PC UN UN CA RE EX NW UN UN PF FI UN UN .. .. .. .. .. .. .. .. .. NA .. ..
NW  .. .. .. NW NW NW PF FI PC NW NW CA RE EX NW NW NW PF FI NW NW .. .. .. PR NW PF FI NW PF .. .. ..
PF  .. .. .. PF PF PF PF FI PC PF PF CA .. EX PF NW PF PF FI PF PF .. .. .. PR NW PF FI NW PF .. .. ..
PC  .. .. .. PC PC PC PC FI .. NW PF CA RE EX PC PC PC PC FI UN PR .. .. .. .. PC PC FI PC PC NA .. ..
PR  .. .. .. PR PR PR PR FI PC PR PR CA RE EX PR PR PR PR FI PR PR .. .. .. .. NW PF FI NW PF .. .. ..
FI  .. .. .. .. FI .. FI FI .. FI FI .. .. .. .. CA CA FI FI FI FI .. .. .. .. .. .. FI FI FI .. .. ..
CA  .. .. .. .. CA .. PF FI .. CA CA .. .. .. .. CA CA CA FI CA CA .. .. .. .. .. .. .. CA CA .. NW PF
RE  .. .. .. .. .. .. PF FI .. RE RE .. .. .. .. RE RE RE FI RE RE .. .. .. .. .. .. .. RE RE .. NW PF
EX  .. .. .. .. EX .. PF FI .. EX EX .. .. .. .. EX EX EX FI EX EX .. .. .. .. .. .. .. EX EX .. NW PF
HE  .. .. .. .. .. PN PF FI .. .. .. CA RE EX .. .. .. PF FI .. .. HE PN HE .. HE HE HE .. .. .. .. ..
NA  .. .. .. .. .. .. PF FI .. NA NA .. .. .. .. NA NA NA FI NA NA .. .. .. .. .. .. .. NA NA .. NW PF
)";

std::string CodeOf(std::optional<OrderStatus> status) {
  if (!status) return "..";
  for (const State& state : kStates) {
    if (state.status == *status) return state.code;
  }
  return "??";
}
std::optional<OrderStatus> Next(const State& from, const Happening& what) {
  return NextStatus({.from = from.status,
                     .event = what.event,
                     .complete = what.complete,
                     .any_filled = what.any_filled,
                     .outcome_unknown = what.outcome_unknown,
                     .replace_pending = what.replace_pending});
}

TEST(TransitionTest, EveryCellIsAsItIsWrittenHere) {
  std::istringstream cells(kCells);
  for (const State& from : kStates) {
    std::string code;
    ASSERT_TRUE(cells >> code);
    ASSERT_EQ(code, from.code);
    for (const Happening& what : kHappenings) {
      std::string expected;
      ASSERT_TRUE(cells >> expected);
      EXPECT_EQ(CodeOf(Next(from, what)), expected) << from.name << " and " << what.name;
    }
  }
  std::string more;
  EXPECT_FALSE(cells >> more) << more;
}

bool LooksAtQuantity(Event event) {
  return event == Event::kFilled || event == Event::kCancelRejected || event == Event::kTradeCancel ||
         event == Event::kTradeCorrect || event == Event::kReplaced || event == Event::kReplaceRejected ||
         event == Event::kReopened;
}

// The columns above are all there are: every other event, of any number, is illegal everywhere, and the four flags
// matter to nothing but those that look at the quantity.
TEST(TransitionTest, NothingHappensBesideTheTable) {
  std::map<int, const Happening*> columns;
  for (const Happening& what : kHappenings) columns[static_cast<int>(what.event)] = &what;
  constexpr int kBeyond = 320;
  // Where no numbers are given nothing is to be looked for.
  auto after = [](int number) { return number == 39 ? 305 : number + 1; };
  for (int from = -1; from < kBeyond; from = after(from)) {
    for (int event = -1; event < kBeyond; event = after(event)) {
      for (int flags = 0; flags < 16; ++flags) {
        auto next = NextStatus({.from = static_cast<OrderStatus>(from),
                                .event = static_cast<Event>(event),
                                .complete = (flags & 1) != 0,
                                .any_filled = (flags & 2) != 0,
                                .outcome_unknown = (flags & 4) != 0,
                                .replace_pending = (flags & 8) != 0});
        std::string where = std::to_string(from) + " and " + std::to_string(event) + ", " + std::to_string(flags);
        auto column = columns.find(event);
        if (column == columns.end()) {
          EXPECT_FALSE(next.has_value()) << where;
          continue;
        }
        if (LooksAtQuantity(static_cast<Event>(event))) continue;
        auto plain = NextStatus({.from = static_cast<OrderStatus>(from), .event = static_cast<Event>(event)});
        EXPECT_EQ(next, plain) << where;
      }
    }
  }
}

// It ended by our lights; the venue alone may know better, by a fill or by saying that it has it.
TEST(TransitionTest, WhatHasEndedIsReopenedByTheVenueOnly) {
  for (const State& from : kStates) {
    for (const Happening& what : kHappenings) {
      std::optional<OrderStatus> next = Next(from, what);
      if (from.status == kDenied) EXPECT_FALSE(next.has_value()) << what.name;
      bool venues_word = what.event == Event::kFilled || what.event == Event::kReopened;
      if (!IsTerminal(from.status) || !next || venues_word) continue;
      EXPECT_TRUE(IsTerminal(*next)) << from.name << " and " << what.name;
    }
  }
}

std::string Page() {
  std::string page =
      "# The states of an order\n\n"
      "Printed from `libs/orders/transition.cc` by its test, which fails when this page says something else\n"
      "(`BALLAST_WRITE_DOCS=1` writes it again). Down: the state an order is in; across: what happens to it. An empty\n"
      "cell is illegal: a report that would need one is kept as it came, and halts its account.\n\n"
      "Which state ends an order: ";
  std::string ends;
  for (const State& state : kStates) {
    if (!IsTerminal(state.status)) continue;
    ends += std::string(ends.empty() ? "" : ", ") + "`" + state.name + "`";
  }
  page += ends + ".\n\n| from |";
  std::string rule = "\n|---|";
  for (const Happening& what : kHappenings) {
    page += std::string(" ") + what.name + " |";
    rule += "---|";
  }
  page += rule + "\n";
  for (const State& from : kStates) {
    page += std::string("| ") + from.name + " |";
    for (const Happening& what : kHappenings) {
      std::optional<OrderStatus> next = Next(from, what);
      std::string name;
      for (const State& state : kStates) {
        if (next && state.status == *next) name = state.name;
      }
      page += (name.empty() ? "" : " " + name) + " |";
    }
    page += "\n";
  }
  return page;
}

TEST(TransitionTest, ThePageSaysWhatTheTableSays) {
  const std::string path = BALLAST_ORDER_STATES_PAGE;
  if (std::getenv("BALLAST_WRITE_DOCS") != nullptr) std::ofstream(path) << Page();
  std::ifstream file(path);
  ASSERT_TRUE(file) << path;
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), Page()) << "BALLAST_WRITE_DOCS=1 writes the page again";
}

}  // namespace
}  // namespace ballast::orders
