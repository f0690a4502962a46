// What the process of an external strategy sends.
#include "libs/base/check.h"
#include "libs/external/answer.h"
#include "libs/external/registration.h"
#include "tests/fuzz/targets.h"

namespace ballast::fuzz {

void ReadExternal(std::string_view bytes) {
  external::v1::ConnectRequest request;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  external::Reading reading = external::ReadAnswer(request.answer());
  bool signal = reading.evaluation.signal != strategy::Signal::kNone;
  CHECK(!signal || reading.fault == external::v1::FAULT_UNSPECIFIED, "a fault is no signal");
  CHECK(!signal || !reading.evaluation.reason.empty(), "a signal has its reason");
  std::vector<external::Problem> problems;
  external::Registration registration = external::ReadRegistration(request.registration(), problems);
  if (!problems.empty()) return;
  auto complete = registration.Complete({});
  CHECK(complete.ok() && complete->size() == registration.parameters.size(), "the defaults are within the bounds");
  auto again = registration.Complete(*complete);
  CHECK(again.ok() && *again == *complete, "complete parameters are complete");
}

}  // namespace ballast::fuzz
