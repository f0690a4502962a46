#include "tools/backtest/own_data.h"

#include <grpcpp/grpcpp.h>

#include <fstream>

#include "ballast/market/v1/bar_data_service.grpc.pb.h"
#include "libs/base/absl_std.h"
#include "libs/platform/grpc/channel.h"
#include "libs/platform/grpc/status.h"

namespace ballast::backtest {
namespace {

// 0: the newest.
std::optional<std::uint32_t> VersionOf(const std::string& text) {
  if (text.empty() || text.size() > 9 || text.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return static_cast<std::uint32_t>(std::stoul(text));
}

}  // namespace

absl::Status FetchOwnData(const std::string& data_set, const std::string& address, const std::string& folder,
                          Request& request) {
  std::size_t at = data_set.rfind('@');
  std::optional<std::uint32_t> version = at == std::string::npos ? 0 : VersionOf(data_set.substr(at + 1));
  if (!version) return absl::InvalidArgumentError("--data-set: NAME or NAME@VERSION expected");
  market::v1::ExportBarsRequest asked;
  asked.set_name(data_set.substr(0, at));
  asked.set_version(*version);
  auto stub = market::v1::BarDataService::NewStub(MakeChannel(address));
  grpc::ClientContext context;
  auto reader = stub->ExportBars(&context, asked);
  const std::string path = folder + "/bars.csv";
  std::ofstream file(path, std::ios::binary);
  market::v1::ExportBarsResponse response;
  std::string instrument, timeframe;
  while (reader->Read(&response)) {
    if (response.has_data_set()) {
      instrument = response.data_set().instrument();
      timeframe = response.data_set().timeframe();
    }
    file << response.chunk();
  }
  grpc::Status status = reader->Finish();
  file.close();
  if (!status.ok()) {
    absl::Status told = FromGrpc(status);
    return absl::Status(told.code(), ToAbsl("--data-set: " + data_set + ": " + MessageOf(told)));
  }
  if (!file) return absl::UnavailableError(ToAbsl(path + " cannot be written"));
  if (request.timeframe_given && request.timeframe != timeframe)
    return absl::InvalidArgumentError(
        ToAbsl("--timeframe: the bars of " + data_set + " are " + timeframe + ", not " + request.timeframe));
  request.bars = path;
  request.instruments = {instrument};
  request.timeframe = timeframe;
  request.timeframe_given = true;
  return absl::OkStatus();
}

}  // namespace ballast::backtest
