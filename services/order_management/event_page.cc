#include "services/order_management/event_page.h"

#include <algorithm>

namespace ballast {

const EventPage::Form& EventPage::Made(const wire::EventForm& form) {
  auto made = std::find_if(forms_.begin(), forms_.end(), [&](const Form& one) { return one.form == form; });
  if (made != forms_.end()) return *made;
  std::string framed;
  bool tells = false;
  for (std::size_t i = 0; i < size(); ++i) tells = events_->AppendFramed(entry(i), form, &framed) || tells;
  return forms_.emplace_back(Form{form, grpc::Slice(framed), tells});
}

}  // namespace ballast
