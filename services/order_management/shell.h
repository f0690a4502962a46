#pragma once

#include "libs/platform/service/service.h"

namespace ballast {

// Order management: the single writer of accounts. See README.md.
ServiceSpec OrderManagementSpec();

}  // namespace ballast
