#include "services/broker_gateway/bar_data_desk.h"

#include <utility>

#include "libs/base/absl_std.h"
#include "libs/market/bar_time.h"
#include "libs/market/simulator.h"

namespace ballast {
namespace {

market::BarImportSettings ImportSettingsOf(const market::v1::ImportSettings& from) {
  market::BarImportSettings settings;
  settings.file_name = from.file_name();
  settings.symbol = from.symbol();
  settings.timeframe = from.timeframe();
  settings.instrument = from.instrument();
  settings.known = market::SimulatedInstruments();
  settings.repair = from.repair();
  settings.allow_gaps = from.allow_gaps();
  settings.guess_tick = from.guess_tick();
  return settings;
}

// What makes another version of the same file.
std::string WishesOf(const market::v1::ImportSettings& settings) {
  auto flag = [](bool value) { return value ? "1" : "0"; };
  return settings.symbol() + "|" + settings.timeframe() + "|" + settings.instrument() + "|" + settings.timezone() +
         "|" + flag(settings.repair()) + flag(settings.allow_gaps()) + flag(settings.guess_tick());
}

void FillImport(const market::BarImport& import, market::v1::ImportBarsResponse* response) {
  for (const market::DataProblem& problem : import.problems) {
    market::v1::DataProblem* out = response->add_problems();
    out->set_line(problem.line);
    out->set_kind(market::NameOf(problem.kind));
    out->set_detail(problem.detail);
    out->set_repair(problem.repair);
  }
  response->set_problem_count(import.problem_count);
  for (const std::string& note : import.notes) response->add_notes(note);
  response->set_acceptable(import.acceptable);
  FillDataSet(import, response->mutable_data_set());
}

}  // namespace

void BarDataDesk::Start() {
  reader_.Start();
  importer_.Start();
}

void BarDataDesk::Stop() {
  std::shared_ptr<BarUpload> upload;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    upload = upload_;
  }
  if (upload) upload->Fail(absl::UnavailableError("the service ends; nothing was stored"));
  importer_.Stop();
  reader_.Stop();
}

bool BarDataDesk::GoingOn() {
  MutexLock lock(mutex_);
  return !stopping_;
}

bool BarDataDesk::Import(const market::v1::ImportSettings& settings, std::shared_ptr<BarUpload> upload, Imported done) {
  {
    MutexLock lock(mutex_);
    if (upload_ || stopping_) return false;
    upload_ = upload;
  }
  auto work = [this, settings, upload = std::move(upload), done = std::move(done)] {
    market::v1::ImportBarsResponse response;
    absl::Status status = ReadAndStore(settings, *upload, response);
    {
      // Before the answer: who has it may send the next file.
      MutexLock lock(mutex_);
      upload_.reset();
    }
    done(status, std::move(response));
  };
  if (importer_.Run(std::move(work))) return true;
  MutexLock lock(mutex_);
  upload_.reset();
  return false;
}

absl::Status BarDataDesk::ReadAndStore(const market::v1::ImportSettings& settings, BarUpload& upload,
                                       market::v1::ImportBarsResponse& response) {
  market::BarImportSettings wanted = ImportSettingsOf(settings);
  ASSIGN_OR_RETURN(wanted.zone, market::ReadTimeZone(settings.timezone()));
  market::ByteReader bytes = [&upload](std::size_t size, std::string& out) { return upload.Read(size, out); };
  market::BarImport import = market::ImportBars(bytes, wanted);
  RETURN_IF_ERROR(upload.failure());
  FillImport(import, &response);
  response.mutable_data_set()->set_file_name(settings.file_name());
  if (!import.acceptable || settings.dry_run()) return absl::OkStatus();
  return Store(settings, upload, import, response);
}

absl::Status BarDataDesk::Store(const market::v1::ImportSettings& settings, BarUpload& upload,
                                const market::BarImport& import, market::v1::ImportBarsResponse& response) {
  if (!upload.whole()) return absl::InternalError("the file was judged before all of it was read");
  BarDataStore::Source source{.name = settings.name(),
                              .file_name = settings.file_name(),
                              .sha256 = upload.DigestHex(),
                              .settings = WishesOf(settings),
                              .actor = settings.actor(),
                              .now = clock_.Now()};
  if (source.name.empty()) source.name = import.instrument.symbol.value() + "-" + import.timeframe;
  ASSIGN_OR_RETURN(std::optional<BarDataStore::Found> former, store_.FindSource(source));
  if (former) {
    response.set_stored(true);
    response.set_existed(true);
    *response.mutable_data_set() = former->data_set;
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(BarDataStore::Found saved, store_.Save(source, import, [this] { return GoingOn(); }));
  response.set_stored(true);
  *response.mutable_data_set() = saved.data_set;
  log_.Info("bar_data.imported", {{"name", saved.data_set.name()},
                                  {"version", std::to_string(saved.data_set.version())},
                                  {"rows", std::to_string(import.rows.size())},
                                  {"sha256", source.sha256},
                                  {"actor", source.actor}});
  return absl::OkStatus();
}

bool BarDataDesk::Use(std::int64_t id) {
  MutexLock lock(mutex_);
  if (deleting_.contains(id)) return false;
  ++uses_[id];
  return true;
}

void BarDataDesk::Release(std::int64_t id) {
  MutexLock lock(mutex_);
  if (--uses_[id] == 0) uses_.erase(id);
}

bool BarDataDesk::InUse(std::int64_t id) {
  MutexLock lock(mutex_);
  return uses_.contains(id);
}

absl::Status BarDataDesk::Delete(const BarDataStore::Found& set, const std::string& actor) {
  {
    MutexLock lock(mutex_);
    if (uses_.contains(set.id))
      return absl::FailedPreconditionError(ToAbsl(set.data_set.name() + " version " +
                                                  std::to_string(set.data_set.version()) +
                                                  " is being read; it is not deleted"));
    deleting_.insert(set.id);
  }
  absl::Status deleted = store_.Delete(set.id, actor, clock_.Now());
  {
    MutexLock lock(mutex_);
    deleting_.erase(set.id);
  }
  if (deleted.ok())
    log_.Info("bar_data.deleted",
              {{"name", set.data_set.name()}, {"version", std::to_string(set.data_set.version())}, {"actor", actor}});
  return deleted;
}

}  // namespace ballast
