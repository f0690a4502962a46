#include "libs/external/answer.h"

#include <tuple>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast::external {
namespace {

constexpr std::size_t kReasonBytesMax = 200;
constexpr std::size_t kFailureBytesMax = 500;
constexpr int kInputsMax = 16;
constexpr std::size_t kInputNameBytesMax = 40;
constexpr std::size_t kInputBytesMax = 80;

Reading Unreadable(std::string why) { return {.fault = v1::FAULT_UNREADABLE, .why = std::move(why), .evaluation = {}}; }

}  // namespace

Reading ReadAnswer(const v1::Answer& answer) {
  if (!answer.failure().empty()) {
    if (answer.failure().size() > kFailureBytesMax) return Unreadable("failure: 500 bytes at most");
    return {.fault = v1::FAULT_FAILED, .why = answer.failure(), .evaluation = {}};
  }
  if (answer.reason().size() > kReasonBytesMax) return Unreadable("reason: 200 bytes at most");
  Reading out;
  strategy::Evaluation& evaluation = out.evaluation;
  switch (answer.signal()) {
    case v1::SIGNAL_NONE:
      evaluation.noted = !answer.reason().empty();
      break;
    case v1::SIGNAL_LONG:
      evaluation.signal = strategy::Signal::kLong;
      break;
    case v1::SIGNAL_SHORT:
      evaluation.signal = strategy::Signal::kShort;
      break;
    case v1::SIGNAL_OUT:
      evaluation.signal = strategy::Signal::kOut;
      break;
    default:
      return Unreadable("signal: there is no such signal");
  }
  if (evaluation.signal != strategy::Signal::kNone && answer.reason().empty())
    return Unreadable("reason: a signal without one");
  evaluation.reason = answer.reason();
  if (answer.inputs_size() > kInputsMax) return Unreadable("inputs: 16 at most");
  for (const auto& [name, value] : answer.inputs()) {
    if (name.empty() || name.size() > kInputNameBytesMax) return Unreadable("inputs: a name of 1 to 40 bytes expected");
    if (value.size() > kInputBytesMax) return Unreadable("inputs." + name + ": 80 bytes at most");
    evaluation.inputs[name] = value;
  }
  if (!answer.strength().empty()) {
    auto strength = Decimal::Parse(answer.strength());
    if (!strength.ok()) return Unreadable("strength: " + MessageOf(strength.status()));
    if (strength->IsNegative() || *strength > Decimal::FromInt(1)) return Unreadable("strength: 0 to 1 expected");
    evaluation.inputs["strength"] = strength->ToString();
  }
  const bool enters = evaluation.signal == strategy::Signal::kLong || evaluation.signal == strategy::Signal::kShort;
  for (const auto& [name, text, value] :
       {std::tuple("quantity", &answer.quantity(), &evaluation.terms.quantity),
        std::tuple("stop_price", &answer.stop_price(), &evaluation.terms.stop_price),
        std::tuple("target_price", &answer.target_price(), &evaluation.terms.target_price)}) {
    if (text->empty()) continue;
    if (!enters) return Unreadable(std::string(name) + ": with SIGNAL_LONG or SIGNAL_SHORT only");
    auto read = Decimal::Parse(*text);
    if (!read.ok()) return Unreadable(std::string(name) + ": " + MessageOf(read.status()));
    if (!read->IsPositive()) return Unreadable(std::string(name) + ": above zero expected");
    *value = *read;
  }
  return out;
}

std::string CodeOf(v1::Fault fault) {
  // "FAULT_…"
  return "EXTERNAL_" + v1::Fault_Name(fault).substr(6);
}

strategy::Evaluation EvaluationOf(v1::Fault fault, const std::string& why, bool told) {
  return {.signal = strategy::Signal::kNone, .reason = CodeOf(fault) + ": " + why, .inputs = {}, .noted = told};
}

void ToProto(const Bar& bar, std::uint64_t sequence, v1::Bar* out) {
  out->set_sequence(sequence);
  out->set_symbol(bar.symbol.value());
  wire::ToProto(bar.start_time, out->mutable_start_time());
  out->set_open(bar.open.ToString());
  out->set_high(bar.high.ToString());
  out->set_low(bar.low.ToString());
  out->set_close(bar.close.ToString());
  out->set_volume(bar.volume.ToString());
}

void ToProto(const Quote& quote, v1::Quote* out) {
  out->set_symbol(quote.symbol.value());
  wire::ToProto(quote.quote_time, out->mutable_quote_time());
  out->set_bid_price(quote.bid_price.ToString());
  out->set_bid_size(quote.bid_size.ToString());
  out->set_ask_price(quote.ask_price.ToString());
  out->set_ask_size(quote.ask_size.ToString());
  out->set_last_price(quote.last_price.ToString());
  out->set_session_open(quote.session_open);
  out->set_halted(quote.halted);
  out->set_stale(quote.stale);
}

}  // namespace ballast::external
