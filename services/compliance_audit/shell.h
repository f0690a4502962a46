#pragma once

#include "libs/platform/service/service.h"

namespace ballast {

// The tamper-evident log. See README.md.
ServiceSpec ComplianceAuditSpec();

}  // namespace ballast
