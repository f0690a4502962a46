#pragma once

#include "libs/platform/service/service.h"

namespace ballast {

// What people are told. See README.md.
ServiceSpec AlertsSpec();

}  // namespace ballast
