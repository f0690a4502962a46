#include "services/broker_gateway/data_check.h"

#include <google/protobuf/util/json_util.h>

#include <cstdio>

#include "libs/base/absl_std.h"
#include "libs/wire/wire.h"

namespace ballast {

broker::v1::DataSet DescribeDataSet(const market::Replay& replay) {
  broker::v1::DataSet set;
  set.set_key(replay.state().key);
  set.set_steps(replay.step_count());
  for (const market::DataFile& file : replay.data_set().files) {
    auto* out = set.add_files();
    out->set_symbol(file.symbol.value());
    out->set_path(file.path);
    out->set_rows(file.rows);
    wire::ToProto(file.first_start, out->mutable_first_start());
    wire::ToProto(file.last_start, out->mutable_last_start());
    out->set_skipped_rows(file.skipped_rows);
  }
  for (const std::string& warning : replay.data_set().warnings) set.add_warnings(warning);
  return set;
}

int CheckData(const Config& config) {
  broker::v1::DataSet set;
  if (config.GetString("market_source") == "replay") {
    auto replay = market::Replay::Open(config.GetString("replay_directory"), config.GetStringList("replay_symbols"),
                                       config.GetStringList("replay_instruments"));
    if (replay.ok()) {
      set = DescribeDataSet(**replay);
    } else {
      std::string problems = MessageOf(replay.status());
      while (!problems.empty()) {
        std::size_t end = problems.find('\n');
        set.add_problems(problems.substr(0, end));
        problems = end == std::string::npos ? "" : problems.substr(end + 1);
      }
    }
  }
  std::string json;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  if (!google::protobuf::util::MessageToJsonString(set, &json, options).ok()) return 1;
  std::printf("%s\n", json.c_str());
  return set.problems().empty() ? 0 : 1;
}

}  // namespace ballast
