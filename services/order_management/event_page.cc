#include "services/order_management/event_page.h"

#include <algorithm>

namespace ballast {

const grpc::Slice& EventPage::Bytes(const wire::EventForm& form) {
  auto made = std::find_if(forms_.begin(), forms_.end(), [&](const auto& one) { return one.first == form; });
  if (made != forms_.end()) return made->second;
  std::string framed;
  for (std::size_t i = 0; i < size(); ++i) events_->AppendFramed(entry(i), form, &framed);
  return forms_.emplace_back(form, grpc::Slice(framed)).second;
}

}  // namespace ballast
