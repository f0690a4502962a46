#pragma once

#include "ballast/broker/v1/broker_service.pb.h"
#include "services/broker_gateway/venue_desks.h"

namespace ballast {

// A broker for the list of brokers: what it can, how it is set up, and what it has here.
void FillBroker(const BrokerEntry& entry, const VenueDesks::Seats& seats,
                const std::map<std::string, std::string>& settings, broker::v1::Broker* out);

}  // namespace ballast
