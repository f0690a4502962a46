#pragma once

#include "ballast/broker/v1/market_data_service.pb.h"
#include "libs/market/replay.h"
#include "libs/platform/config/config.h"

namespace ballast {

broker::v1::DataSet DescribeDataSet(const market::Replay& replay);

// Judges the recorded data of the settings without starting anything. Prints a DataSet as JSON; 0 when it may be traded
// on, otherwise 1 with its problems. A simulated market has no data and passes.
int CheckData(const Config& config);

}  // namespace ballast
