#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/support/byte_buffer.h>

#include "services/order_management/encoded_events.h"

namespace ballast {

// At most kEvents events of the log as they go over the wire: a part of a StreamOrderEventsResponse, made once in each
// form that somebody wants, and shared by all its readers. One thread at a time.
class EventPage {
 public:
  static constexpr std::size_t kEvents = 500;

  // [first, last) of `events`.
  EventPage(std::shared_ptr<const EncodedEvents> events, std::size_t first, std::size_t last)
      : events_(std::move(events)), first_(first), last_(last) {}

  [[nodiscard]] std::size_t size() const { return last_ - first_; }
  [[nodiscard]] const EncodedEvents::Entry& entry(std::size_t index) const {
    return events_->entries()[first_ + index];
  }
  [[nodiscard]] const EncodedEvents& events() const { return *events_; }
  // All of it, in a form.
  [[nodiscard]] const grpc::Slice& Bytes(const wire::EventForm& form) { return Made(form).bytes; }
  // Whether any of it is more than a header in that form.
  [[nodiscard]] bool Tells(const wire::EventForm& form) { return form.all() || Made(form).tells; }

 private:
  struct Form {
    wire::EventForm form;
    grpc::Slice bytes;
    bool tells = false;
  };
  const Form& Made(const wire::EventForm& form);

  std::shared_ptr<const EncodedEvents> events_;
  std::size_t first_, last_;
  // As many as there are kinds of followers.
  std::vector<Form> forms_;
};

}  // namespace ballast
