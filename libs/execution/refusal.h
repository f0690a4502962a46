#pragma once

#include "libs/model/rejection.h"

namespace ballast::execution {

// What a parent does about a child that was refused.
enum class Remedy {
  // What refused it passes: the same again after a pause.
  kRetryLater,
  // It was too large: a smaller one.
  kShrink,
  // It would be refused again, or somebody wants no more orders: the parent ends and says why.
  kStop,
};

// By the refusal's reason; the table is in docs/reference/execution.md. What is not in it stops the parent.
Remedy RemedyFor(RejectReason reason);

}  // namespace ballast::execution
