#pragma once

#include <functional>

#include "services/strategy_runner/neighbours.h"
#include "services/strategy_runner/sizing_codec.h"

namespace ballast {

// Whose trades and instruments an entry is sized with.
struct SizingBasis {
  sizing::TradeRecord record;
  sizing::Track track;
};

// One error per field that is wrong.
void CheckPreview(const strategy::v1::PreviewSizingRequest& request, std::vector<FieldError>& errors);

// Asks what is to be known and answers with what each method would make of the entry; on the thread of the last who
// answers. The request has been checked. NOT_FOUND for an instrument that is not there, FAILED_PRECONDITION while it
// has no price, UNAVAILABLE when somebody does not answer.
void PreviewSizing(const strategy::v1::PreviewSizingRequest& request, SizingBasis basis, Neighbours& neighbours,
                   std::function<void(const absl::Status&, const strategy::v1::PreviewSizingResponse&)> answer);

}  // namespace ballast
