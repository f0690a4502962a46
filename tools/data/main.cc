// ballast-data: a user's own bars, to and from the running suite (docs/reference/data.md).
#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ballast/market/v1/bar_data_service.grpc.pb.h"
#include "libs/base/absl_std.h"
#include "libs/market/bar_import.h"
#include "libs/market/bar_time.h"
#include "libs/market/simulator.h"
#include "libs/platform/grpc/channel.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"

namespace ballast::data {
namespace {

using market::v1::BarDataService;

constexpr std::size_t kChunkBytes = 512 << 10;

struct Options {
  std::string address;
  std::string actor = "command line";
  std::vector<std::string> files;
  market::v1::ImportSettings settings;
  // NAME, or NAME@VERSION.
  std::string data_set;
  std::string out;
  std::string from;
  std::string before;
  int limit = 100;
};

int Fail(const std::string& why) {
  std::cerr << "ballast-data: " << why << "\n";
  return 1;
}

std::unique_ptr<BarDataService::Stub> Stub(const Options& options) {
  return BarDataService::NewStub(MakeChannel(options.address));
}

int Fail(const Options& options, const grpc::Status& status) {
  std::vector<FieldError> fields = FieldErrorsOf(status);
  if (!fields.empty()) {
    for (const FieldError& field : fields) Fail(field.field + ": " + field.message);
    return 1;
  }
  std::string why = status.error_message();
  if (status.error_code() == grpc::UNAVAILABLE)
    why = "the suite does not answer at " + options.address +
          "; ./scripts/run --detach starts one, BALLAST_RUN says in which folder another one runs: " + why;
  return Fail(why);
}

std::string Day(const google::protobuf::Timestamp& time) { return wire::FromProto(time).ToString().substr(0, 16); }

std::string Described(const market::v1::DataSet& set) {
  std::string text = std::to_string(set.rows()) + " bars of " + set.symbol() + ", " + set.timeframe();
  if (set.rows() > 0) text += ", " + Day(set.first_start()) + " to " + Day(set.last_start()) + " UTC";
  return text;
}

bool SplitName(const std::string& text, std::string* name, std::uint32_t* version) {
  std::size_t at = text.find('@');
  *name = text.substr(0, at);
  *version = 0;
  if (at == std::string::npos) return true;
  std::string digits = text.substr(at + 1);
  if (digits.empty() || digits.size() > 9 || digits.find_first_not_of("0123456789") != std::string::npos) return false;
  *version = static_cast<std::uint32_t>(std::stoul(digits));
  return true;
}

// Refused data on standard error, one problem a line, the way compilers tell it.
int Tell(const std::string& file, const market::v1::ImportBarsResponse& response, bool dry_run) {
  std::ostream& problems = response.acceptable() ? std::cout : std::cerr;
  for (const auto& problem : response.problems()) {
    problems << file << (problem.line() == 0 ? "" : ":" + std::to_string(problem.line())) << ": " << problem.kind()
             << ": " << problem.detail();
    if (!problem.repair().empty()) problems << " (" << problem.repair() << ")";
    problems << "\n";
  }
  auto told = static_cast<std::uint64_t>(response.problems_size());
  if (response.problem_count() > told) problems << file << ": and " << response.problem_count() - told << " more\n";
  if (!response.acceptable()) {
    const auto count = response.problem_count();
    std::cerr << file << ": refused, " << count << (count == 1 ? " problem" : " problems") << "; nothing was stored.";
    // What is wrong with the question is not repaired by leaving out rows.
    bool of_rows = std::any_of(response.problems().begin(), response.problems().end(),
                               [](const auto& problem) { return problem.line() != 0; });
    if (of_rows) std::cerr << " --repair leaves out what is wrong and says so, --allow-gaps takes gaps as they are";
    std::cerr << "\n";
    return 1;
  }
  const market::v1::DataSet& set = response.data_set();
  std::cout << file << ": " << Described(set) << "\n  read as " << set.format() << "\n";
  for (const std::string& note : response.notes()) std::cout << "  note: " << note << "\n";
  if (set.left_out() > 0) std::cout << "  left out " << set.left_out() << " rows\n";
  if (set.gaps() > 0) std::cout << "  " << set.gaps() << " gaps, " << set.missing_bars() << " bars missing\n";
  if (dry_run)
    std::cout << "  not stored (--dry-run)\n";
  else
    std::cout << (response.existed() ? "  was there already: " : "  stored as ") << set.name() << "@" << set.version()
              << "\n";
  return 0;
}

// Needs no suite.
int DryRun(const Options& options, const std::string& file) {
  market::BarImportSettings settings{.file_name = file,
                                     .symbol = options.settings.symbol(),
                                     .timeframe = options.settings.timeframe(),
                                     .instrument = options.settings.instrument(),
                                     .known = market::SimulatedInstruments(),
                                     .repair = options.settings.repair(),
                                     .allow_gaps = options.settings.allow_gaps(),
                                     .guess_tick = options.settings.guess_tick()};
  auto zone = market::ReadTimeZone(options.settings.timezone());
  if (!zone.ok()) return Fail(MessageOf(zone.status()));
  settings.zone = *zone;
  market::BarImport import = market::ImportBarFile(file, settings);
  market::v1::ImportBarsResponse response;
  for (const market::DataProblem& problem : import.problems) {
    auto* out = response.add_problems();
    out->set_line(problem.line);
    out->set_kind(market::NameOf(problem.kind));
    out->set_detail(problem.detail);
    out->set_repair(problem.repair);
  }
  response.set_problem_count(import.problem_count);
  response.set_acceptable(import.acceptable);
  for (const std::string& note : import.notes) response.add_notes(note);
  auto* set = response.mutable_data_set();
  set->set_symbol(import.instrument.symbol.value());
  set->set_timeframe(import.timeframe);
  set->set_rows(import.rows.size());
  if (!import.rows.empty()) {
    wire::ToProto(import.rows.front().start, set->mutable_first_start());
    wire::ToProto(import.rows.back().start, set->mutable_last_start());
  }
  set->set_format(import.format);
  set->set_left_out(import.left_out);
  set->set_gaps(import.gaps.size());
  set->set_missing_bars(import.missing_bars);
  return Tell(file, response, true);
}

int Upload(const Options& options, const std::string& file) {
  std::error_code problem;
  if (!std::filesystem::is_regular_file(file, problem)) return Fail(file + ": there is no such file");
  std::ifstream in(file, std::ios::binary);
  if (!in) return Fail(file + ": the file cannot be opened");
  auto stub = Stub(options);
  grpc::ClientContext context;
  market::v1::ImportBarsResponse response;
  auto writer = stub->ImportBars(&context, &response);
  market::v1::ImportBarsRequest request;
  *request.mutable_settings() = options.settings;
  request.mutable_settings()->set_actor(options.actor);
  request.mutable_settings()->set_file_name(std::filesystem::path(file).filename().string());
  request.mutable_settings()->set_file_bytes(static_cast<std::int64_t>(std::filesystem::file_size(file, problem)));
  bool open = writer->Write(request);
  std::string chunk(kChunkBytes, '\0');
  while (open && in) {
    in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    if (in.gcount() == 0) break;
    request.set_chunk(chunk.data(), static_cast<std::size_t>(in.gcount()));
    open = writer->Write(request);
  }
  writer->WritesDone();
  grpc::Status status = writer->Finish();
  if (!status.ok()) return Fail(options, status);
  return Tell(file, response, false);
}

int Import(const Options& options, bool dry_run) {
  int code = 0;
  for (const std::string& file : options.files)
    code = std::max(code, dry_run ? DryRun(options, file) : Upload(options, file));
  return code;
}

int List(const Options& options) {
  auto stub = Stub(options);
  market::v1::ListDataSetsRequest request;
  std::uint32_t version = 0;
  std::string name;
  SplitName(options.data_set, &name, &version);
  request.set_name(name);
  std::size_t count = 0;
  do {
    grpc::ClientContext context;
    market::v1::ListDataSetsResponse response;
    grpc::Status status = stub->ListDataSets(&context, request, &response);
    if (!status.ok()) return Fail(options, status);
    for (const market::v1::DataSet& set : response.data_sets()) {
      ++count;
      std::cout << set.name() << "@" << set.version() << "  " << Described(set) << "  gaps " << set.gaps() << " ("
                << set.missing_bars() << " bars)" << (set.has_quotes() ? "  with bid and ask" : "")
                << (set.in_use() ? "  in use" : "") << "\n    " << set.file_name() << "  sha256 "
                << set.source_sha256().substr(0, 16) << "…  imported " << Day(set.import_time()) << " by "
                << set.actor() << "\n    " << set.instrument() << "\n";
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  if (count == 0) std::cout << "there are no data sets; scripts/data import FILE makes one\n";
  return 0;
}

int Gaps(const Options& options) {
  market::v1::ListGapsRequest request;
  std::uint32_t version = 0;
  if (!SplitName(options.data_set, request.mutable_name(), &version)) return Fail("NAME or NAME@VERSION is expected");
  request.set_version(version);
  request.set_limit(options.limit);
  grpc::ClientContext context;
  market::v1::ListGapsResponse response;
  grpc::Status status = Stub(options)->ListGaps(&context, request, &response);
  if (!status.ok()) return Fail(options, status);
  for (const market::v1::DataGap& gap : response.gaps())
    std::cout << Day(gap.first_missing()) << " to " << Day(gap.last_missing()) << "  " << gap.missing_bars() << "\n";
  std::cout << response.gap_count() << " gaps\n";
  return 0;
}

bool ReadBound(const std::string& text, google::protobuf::Timestamp* out) {
  auto time = market::ReadCellTime(text, "", absl::UTCTimeZone());
  if (time.ok()) wire::ToProto(time->time, out);
  return time.ok();
}

int Export(const Options& options) {
  market::v1::ExportBarsRequest request;
  std::uint32_t version = 0;
  if (!SplitName(options.data_set, request.mutable_name(), &version)) return Fail("NAME or NAME@VERSION is expected");
  request.set_version(version);
  if (!options.from.empty() && !ReadBound(options.from, request.mutable_start_time()))
    return Fail("--from: a time is expected");
  if (!options.before.empty() && !ReadBound(options.before, request.mutable_end_time()))
    return Fail("--to: a time is expected");
  auto stub = Stub(options);
  grpc::ClientContext context;
  auto reader = stub->ExportBars(&context, request);
  std::FILE* file = options.out.empty() ? stdout : std::fopen(options.out.c_str(), "wb");
  if (file == nullptr) return Fail(options.out + " cannot be written");
  market::v1::ExportBarsResponse response;
  bool written = true;
  while (written && reader->Read(&response))
    written = std::fwrite(response.chunk().data(), 1, response.chunk().size(), file) == response.chunk().size();
  if (!written) context.TryCancel();
  grpc::Status status = reader->Finish();
  written = (file == stdout ? std::fflush(file) : std::fclose(file)) == 0 && written;
  if (!written) return Fail((options.out.empty() ? "standard output" : options.out) + " cannot be written");
  // Half a file looks like a whole one.
  if (!status.ok() && !options.out.empty()) std::remove(options.out.c_str());
  return status.ok() ? 0 : Fail(options, status);
}

// What ballast-backtest is told beside the exported file, one word a line.
int Arguments(const Options& options) {
  market::v1::ExportBarsRequest request;
  std::uint32_t version = 0;
  if (!SplitName(options.data_set, request.mutable_name(), &version)) return Fail("NAME or NAME@VERSION is expected");
  request.set_version(version);
  auto stub = Stub(options);
  grpc::ClientContext context;
  auto reader = stub->ExportBars(&context, request);
  market::v1::ExportBarsResponse response;
  bool told = reader->Read(&response);
  context.TryCancel();
  grpc::Status status = reader->Finish();
  if (!told) return Fail(options, status);
  const market::v1::DataSet& set = response.data_set();
  std::cout << "--instrument\n" << set.instrument() << "\n--timeframe\n" << set.timeframe() << "\n";
  return 0;
}

int Delete(const Options& options) {
  market::v1::DeleteDataSetRequest request;
  std::uint32_t version = 0;
  if (!SplitName(options.data_set, request.mutable_name(), &version) || version == 0)
    return Fail("NAME@VERSION is expected: a version is deleted by its number");
  request.set_version(version);
  request.set_actor(options.actor);
  grpc::ClientContext context;
  market::v1::DeleteDataSetResponse response;
  grpc::Status status = Stub(options)->DeleteDataSet(&context, request, &response);
  if (!status.ok()) return Fail(options, status);
  std::cout << options.data_set << " is deleted\n";
  return 0;
}

int Main(int argc, char** argv) {
  CLI::App app("Your own bars: import, list, gaps, export, delete.", "ballast-data");
  app.require_subcommand(1);
  Options options;
  bool dry_run = false, repair = false, allow_gaps = false, guess_tick = false;
  std::string symbol, timeframe, instrument, timezone, name;
  app.add_option("--address", options.address, "the broker gateway's")
      ->envname("BALLAST_DATA_ADDRESS")
      ->default_str("127.0.0.1:50054");
  app.add_option("--actor", options.actor, "who does it, for the record")->envname("USER");
  CLI::App* import = app.add_subcommand("import", "judges files of bars and stores them");
  import->add_option("FILE", options.files, "CSV of any usual shape, plain or gzipped")->required();
  import->add_option("--symbol", symbol, "where the file does not say it");
  import->add_option("--name", name, "of the data set; otherwise SYMBOL-TIMEFRAME");
  import->add_option("--timeframe", timeframe, "1m, 15m, 4h, 1d …; otherwise as the rows stand apart");
  import->add_option("--instrument", instrument, "SYMBOL,asset_class=EQUITY,tick_size=0.01,lot_size=1");
  import->add_option("--timezone", timezone, "of times that say none: UTC, +01:00, America/New_York");
  import->add_flag("--repair", repair, "leaves out what is wrong, sorts, and says so; never makes a price");
  import->add_flag("--allow-gaps", allow_gaps, "missing bars are listed and not refused");
  import->add_flag("--guess-tick", guess_tick, "the tick as the prices are written, where the instrument has none");
  import->add_flag("--dry-run", dry_run, "judges and stores nothing; needs no suite");
  CLI::App* list = app.add_subcommand("list", "what is there");
  list->add_option("NAME", options.data_set, "");
  CLI::App* gaps = app.add_subcommand("gaps", "where bars are missing");
  gaps->add_option("NAME", options.data_set, "or NAME@VERSION")->required();
  gaps->add_option("--limit", options.limit, "")->check(CLI::Range(1, 1000))->capture_default_str();
  CLI::App* out = app.add_subcommand("export", "a data set as CSV");
  out->add_option("NAME", options.data_set, "or NAME@VERSION")->required();
  out->add_option("--out", options.out, "a file; otherwise standard output");
  out->add_option("--from", options.from, "a day or a time");
  out->add_option("--to", options.before, "nothing from then on");
  CLI::App* remove = app.add_subcommand("delete", "one version");
  remove->add_option("NAME", options.data_set, "NAME@VERSION")->required();
  CLI::App* arguments = app.add_subcommand("arguments", "what a backtest is told beside the exported file");
  arguments->add_option("NAME", options.data_set, "or NAME@VERSION")->required();
  CLI11_PARSE(app, argc, argv);
  if (options.address.empty()) options.address = "127.0.0.1:50054";
  options.settings.set_symbol(symbol);
  options.settings.set_name(name);
  options.settings.set_timeframe(timeframe);
  options.settings.set_instrument(instrument);
  options.settings.set_timezone(timezone);
  options.settings.set_repair(repair);
  options.settings.set_allow_gaps(allow_gaps);
  options.settings.set_guess_tick(guess_tick);
  if (*import) return Import(options, dry_run);
  if (*list) return List(options);
  if (*gaps) return Gaps(options);
  if (*out) return Export(options);
  if (*arguments) return Arguments(options);
  return Delete(options);
}

}  // namespace
}  // namespace ballast::data

int main(int argc, char** argv) { return ballast::data::Main(argc, argv); }
