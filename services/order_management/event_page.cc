#include "services/order_management/event_page.h"

namespace ballast {

const grpc::Slice& EventPage::Bytes(bool with_checks) {
  std::optional<grpc::Slice>& form = forms_.at(with_checks ? 1 : 0);
  if (!form) {
    std::string framed;
    for (std::size_t i = 0; i < size(); ++i) events_->AppendFramed(entry(i), with_checks, &framed);
    form.emplace(framed);
  }
  return *form;
}

}  // namespace ballast
