#pragma once

#include <string>

#include "ballast/external/v1/external_strategy_service.pb.h"
#include "libs/model/market.h"
#include "libs/strategy/strategy.h"

namespace ballast::external {

// What a process has said of one bar, or why it counts as nothing.
struct Reading {
  v1::Fault fault = v1::FAULT_UNSPECIFIED;
  // Of a fault: in words.
  std::string why;
  // Without a fault.
  strategy::Evaluation evaluation;
};

// Looks at the answer alone, not at which bar it is for. Unreadable: no such signal, a strength that is no number of 0
// to 1, a signal without a reason, text that is too long, a quantity or price that is none or that comes
// without a side to enter.
Reading ReadAnswer(const v1::Answer& answer);

// What is decided where there is no answer that counts: nothing, with the fault as its reason.
// `told`: it is the first of its kind in a row, and is kept as a decision.
strategy::Evaluation EvaluationOf(v1::Fault fault, const std::string& why, bool told);

// "EXTERNAL_NO_ANSWER", …
std::string CodeOf(v1::Fault fault);

void ToProto(const Bar& bar, std::uint64_t sequence, v1::Bar* out);
void ToProto(const Quote& quote, v1::Quote* out);

}  // namespace ballast::external
