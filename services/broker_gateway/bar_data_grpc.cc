#include "services/broker_gateway/bar_data_grpc.h"

#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/platform/grpc/fields.h"
#include "libs/platform/grpc/status.h"
#include "libs/wire/wire.h"

namespace ballast {
namespace {

constexpr std::int64_t kFileBytesMax = std::int64_t{2} << 30;
constexpr std::size_t kChunkBytesMax = 1 << 20;
constexpr int kDataSetsMax = 500;
constexpr int kGapsMax = 1'000;
// Of the longest rows they stay below a chunk.
constexpr int kRowsOfChunk = 2'500;

grpc::Status DataBusy() { return {grpc::RESOURCE_EXHAUSTED, "too many requests are waiting; try again"}; }

FieldCheck CheckImport(const market::v1::ImportSettings& settings) {
  FieldCheck check;
  check.OptionalId("name", settings.name())
      .OptionalId("symbol", settings.symbol())
      .Text("timeframe", settings.timeframe(), 16)
      .Text("instrument", settings.instrument(), 500)
      .Text("timezone", settings.timezone(), 64)
      .Text("file_name", settings.file_name(), 255)
      .Text("actor", settings.actor(), 128)
      .Range("file_bytes", settings.file_bytes(), 1, kFileBytesMax);
  return check;
}

// Reads a piece when the importing thread has used up the one before. Lives until grpc is done with it.
class ImportCall final : public grpc::ServerReadReactor<market::v1::ImportBarsRequest> {
 public:
  ImportCall(BarDataDesk& desk, market::v1::ImportBarsResponse* response) : desk_(desk), response_(response) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!upload_) {
      Begin(ok);
    } else if (!ok) {
      upload_->Fail(absl::InvalidArgumentError("the file broke off before its file_bytes; nothing was stored"));
    } else if (!request_.has_chunk() || request_.chunk().empty() || request_.chunk().size() > kChunkBytesMax) {
      upload_->Fail(absl::InvalidArgumentError("a chunk of 1 to 1048576 bytes is expected; nothing was stored"));
    } else {
      upload_->Put(std::move(*request_.mutable_chunk()));
    }
  }
  void OnDone() override { delete this; }

 private:
  void Begin(bool ok) {
    if (!ok || !request_.has_settings()) {
      Finish({grpc::INVALID_ARGUMENT, "the first message has the settings"});
      return;
    }
    FieldCheck check = CheckImport(request_.settings());
    if (!check.ok()) {
      Finish(check.Refusal());
      return;
    }
    upload_ = std::make_shared<BarUpload>(request_.settings().file_bytes(), [this] { StartRead(&request_); });
    auto done = [this](const absl::Status& status, market::v1::ImportBarsResponse response) {
      *response_ = std::move(response);
      Finish(ToGrpc(status));
    };
    // From here on the importing thread may end the call at any time.
    market::v1::ImportSettings settings = request_.settings();
    if (!desk_.Import(settings, upload_, std::move(done)))
      Finish({grpc::RESOURCE_EXHAUSTED, "another import is under way; try again"});
  }

  BarDataDesk& desk_;
  market::v1::ImportBarsResponse* response_;
  market::v1::ImportBarsRequest request_;
  std::shared_ptr<BarUpload> upload_;
};

// Makes a chunk when the one before is written: a slow reader costs nothing but its own time.
class ExportCall final : public grpc::ServerWriteReactor<market::v1::ExportBarsResponse> {
 public:
  ExportCall(BarDataDesk& desk, market::v1::ExportBarsRequest request) : desk_(desk), request_(std::move(request)) {
    if (request_.has_start_time()) from_ = wire::FromProto(request_.start_time());
    if (request_.has_end_time()) before_ = wire::FromProto(request_.end_time());
    FieldCheck check;
    if (!check.Id("name", request_.name()).ok()) {
      Finish(check.Refusal());
      return;
    }
    Queue([this] { Open(); });
  }

  void OnWriteDone(bool ok) override {
    if (!ok)
      Finish({grpc::CANCELLED, "the reader is gone"});
    else
      Queue([this] { Next(); });
  }
  void OnDone() override {
    if (set_) desk_.Release(set_->id);
    delete this;
  }

 private:
  void Queue(std::function<void()> work) {
    if (!desk_.Run(std::move(work))) Finish(DataBusy());
  }
  void Open() {
    auto found = desk_.store().Find(request_.name(), request_.version());
    if (!found.ok()) {
      Finish(ToGrpc(found.status()));
      return;
    }
    if (!desk_.Use(found->id)) {
      Finish({grpc::FAILED_PRECONDITION, "the data set is being deleted"});
      return;
    }
    set_ = *std::move(found);
    *response_.mutable_data_set() = set_->data_set;
    StartWrite(&response_);
  }
  void Next() {
    std::string csv;
    if (first_) csv = BarCsvHeader(set_->data_set.has_quotes());
    UtcTime last;
    auto rows = desk_.store().AppendCsv(*set_, from_, before_, kRowsOfChunk, &last, csv);
    if (!rows.ok() || (*rows == 0 && !first_)) {
      Finish(ToGrpc(rows.status()));
      return;
    }
    first_ = false;
    from_ = UtcTime{last.nanos + 1};
    // An empty range: the header, and the next look finds the end.
    if (*rows == 0) from_ = before_;
    response_.Clear();
    response_.set_chunk(std::move(csv));
    StartWrite(&response_);
  }

  BarDataDesk& desk_;
  const market::v1::ExportBarsRequest request_;
  UtcTime from_;
  UtcTime before_{std::numeric_limits<std::int64_t>::max()};
  std::optional<BarDataStore::Found> set_;
  bool first_ = true;
  market::v1::ExportBarsResponse response_;
};

// Answers on the thread for reads.
grpc::ServerUnaryReactor* ReadData(BarDataDesk& desk, grpc::CallbackServerContext* context, const FieldCheck& check,
                                   std::function<absl::Status()> answer) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (!check.ok()) {
    reactor->Finish(check.Refusal());
    return reactor;
  }
  if (!desk.Run([reactor, answer = std::move(answer)] { reactor->Finish(ToGrpc(answer())); }))
    reactor->Finish(DataBusy());
  return reactor;
}

// "name@version" of the last one of the page before.
bool ReadPlace(const std::string& token, std::string* name, std::uint32_t* version) {
  if (token.empty()) return true;
  std::size_t at = token.find('@');
  if (at == std::string::npos || !IsIdentifier(token.substr(0, at))) return false;
  *name = token.substr(0, at);
  auto [end, problem] = std::from_chars(token.data() + at + 1, token.data() + token.size(), *version);
  return problem == std::errc() && end == token.data() + token.size() && *version <= INT32_MAX;
}

}  // namespace

grpc::ServerReadReactor<market::v1::ImportBarsRequest>* BarDataGrpc::ImportBars(
    grpc::CallbackServerContext*, market::v1::ImportBarsResponse* response) {
  return new ImportCall(desk_, response);
}

grpc::ServerWriteReactor<market::v1::ExportBarsResponse>* BarDataGrpc::ExportBars(
    grpc::CallbackServerContext*, const market::v1::ExportBarsRequest* request) {
  return new ExportCall(desk_, *request);
}

grpc::ServerUnaryReactor* BarDataGrpc::ListDataSets(grpc::CallbackServerContext* context,
                                                    const market::v1::ListDataSetsRequest* request,
                                                    market::v1::ListDataSetsResponse* response) {
  FieldCheck check;
  check.OptionalId("name", request->name()).Range("page_size", request->page_size(), 0, kDataSetsMax);
  std::string after;
  std::uint32_t version = 0;
  if (!ReadPlace(request->page_token(), &after, &version))
    check.Refuse("page_token", RejectReason::kMalformed, "not a token of this call");
  return ReadData(desk_, context, check, [this, request = *request, response, after, version]() -> absl::Status {
    int limit = request.page_size() == 0 ? 100 : request.page_size();
    ASSIGN_OR_RETURN(auto found, desk_.store().List(request.name(), after, version, limit + 1));
    bool more = found.size() > static_cast<std::size_t>(limit);
    if (more) found.pop_back();
    for (BarDataStore::Found& each : found) {
      each.data_set.set_in_use(desk_.InUse(each.id));
      *response->add_data_sets() = std::move(each.data_set);
    }
    if (more) {
      const market::v1::DataSet& last = response->data_sets(limit - 1);
      response->set_next_page_token(last.name() + "@" + std::to_string(last.version()));
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* BarDataGrpc::ListGaps(grpc::CallbackServerContext* context,
                                                const market::v1::ListGapsRequest* request,
                                                market::v1::ListGapsResponse* response) {
  FieldCheck check;
  check.Id("name", request->name()).Range("limit", request->limit(), 0, kGapsMax);
  return ReadData(desk_, context, check, [this, request = *request, response]() -> absl::Status {
    ASSIGN_OR_RETURN(auto found, desk_.store().Find(request.name(), request.version()));
    ASSIGN_OR_RETURN(auto gaps, desk_.store().Gaps(found.id, request.limit() == 0 ? 100 : request.limit()));
    for (market::v1::DataGap& gap : gaps) *response->add_gaps() = std::move(gap);
    response->set_gap_count(found.data_set.gaps());
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* BarDataGrpc::DeleteDataSet(grpc::CallbackServerContext* context,
                                                     const market::v1::DeleteDataSetRequest* request,
                                                     market::v1::DeleteDataSetResponse*) {
  FieldCheck check;
  check.Id("name", request->name()).Range("version", request->version(), 1, INT32_MAX);
  check.Text("actor", request->actor(), 128);
  return ReadData(desk_, context, check, [this, request = *request]() -> absl::Status {
    ASSIGN_OR_RETURN(auto found, desk_.store().Find(request.name(), request.version()));
    return desk_.Delete(found, request.actor());
  });
}

}  // namespace ballast
