#include "services/api_gateway/routes_data.h"

#include <algorithm>
#include <array>
#include <optional>

#include "ballast/market/v1/bar_data_service.grpc.pb.h"
#include "libs/platform/grpc/fields.h"

namespace ballast {
namespace {

using BarDataPeer = Peer<market::v1::BarDataService>;
using BarDataAsync = market::v1::BarDataService::StubInterface::async_interface;

// Of a file that comes in a body; a longer one goes by the command or by gRPC, which stream.
constexpr std::size_t kPieceBytes = 512 << 10;
constexpr std::int64_t kImportDeadlineMs = 60'000;
// Of an answer that is held whole.
constexpr std::size_t kCsvBytesMax = 32 << 20;

// A stub is cheap beside a call, and the broker gateway's channel is there.
std::shared_ptr<BarDataPeer> BarData(const Gateway& gateway) {
  const auto& broker = gateway.peers.broker;
  return std::make_shared<BarDataPeer>(broker.name, broker.address, broker.channel);
}

std::optional<std::string> DecodeBase64(const std::string& text) {
  static const std::array<int, 256> kValues = [] {
    std::array<int, 256> values{};
    values.fill(-1);
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < kAlphabet.size(); ++i)
      values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<int>(i);
    return values;
  }();
  std::size_t end = text.size();
  while (end > 0 && text.size() - end < 2 && text[end - 1] == '=') --end;
  if (text.size() % 4 != 0) return std::nullopt;
  std::string bytes;
  unsigned bits = 0;
  int held = 0;
  for (std::size_t i = 0; i < end; ++i) {
    int value = kValues[static_cast<unsigned char>(text[i])];
    if (value < 0) return std::nullopt;
    bits = (bits << 6 | static_cast<unsigned>(value)) & 0xFFFFU;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> held & 0xFFU);
  }
  return bytes;
}

bool ReadVersion(const CallPtr& call, const std::string& text, std::uint32_t* version) {
  bool digits = !text.empty() && text.size() <= 9 && text.find_first_not_of("0123456789") == std::string::npos;
  if (text.empty() || digits) {
    *version = digits ? static_cast<std::uint32_t>(std::stoul(text)) : 0;
    return true;
  }
  call->Fail(
      BadFields({{.field = "version", .reason = RejectReason::kMalformed, .message = "a whole number is expected"}}));
  return false;
}

void ListDataSets(const CallPtr& call) {
  market::v1::ListDataSetsRequest request;
  int size = 0;
  if (!call->ReadNumber("page_size", &size)) return;
  request.set_name(call->Query("name"));
  request.set_page_size(size);
  request.set_page_token(call->Query("page_token"));
  auto peer = BarData(call->gateway);
  call->Forward(*peer, &BarDataAsync::ListDataSets, request,
                [call, peer](market::v1::ListDataSetsResponse& response) { call->Answer(200, response); });
}

void ListDataGaps(const CallPtr& call) {
  market::v1::ListGapsRequest request;
  std::uint32_t version = 0;
  int limit = 0;
  if (!ReadVersion(call, call->Query("version"), &version) || !call->ReadNumber("limit", &limit)) return;
  request.set_name(call->Param("name"));
  request.set_version(version);
  request.set_limit(limit);
  auto peer = BarData(call->gateway);
  call->Forward(*peer, &BarDataAsync::ListGaps, request,
                [call, peer](market::v1::ListGapsResponse& response) { call->Answer(200, response); });
}

void DeleteDataSet(const CallPtr& call) {
  market::v1::DeleteDataSetRequest request;
  std::uint32_t version = 0;
  if (!ReadVersion(call, call->Param("version"), &version)) return;
  request.set_name(call->Param("name"));
  request.set_version(version);
  request.set_actor(call->access.actor);
  std::string subject = "data_set:" + call->Param("name") + "@" + call->Param("version");
  auto peer = BarData(call->gateway);
  call->Forward(*peer, &BarDataAsync::DeleteDataSet, request,
                [call, peer, subject](market::v1::DeleteDataSetResponse& response) {
                  call->Audit("data_set.deleted", subject, Json::object());
                  call->Answer(200, response);
                });
}

// The file of a body on its way to the broker gateway, piece by piece.
class BodyUpload final : public grpc::ClientWriteReactor<market::v1::ImportBarsRequest> {
 public:
  static void Begin(const CallPtr& call, const market::v1::ImportSettings& settings, std::string file) {
    auto* upload = new BodyUpload(call, settings, std::move(file));
    upload->peer_->stub->async()->ImportBars(&upload->context_, &upload->response_, upload);
    upload->StartWrite(&upload->request_);
    upload->StartCall();
  }

  void OnWriteDone(bool ok) override {
    // A refusal comes by OnDone.
    if (!ok) return;
    if (at_ == file_.size()) {
      StartWritesDone();
      return;
    }
    std::size_t size = std::min(kPieceBytes, file_.size() - at_);
    request_.set_chunk(file_.substr(at_, size));
    at_ += size;
    StartWrite(&request_);
  }
  void OnDone(const grpc::Status& status) override {
    std::unique_ptr<BodyUpload> self(this);
    if (!status.ok()) {
      call_->Fail(ErrorOf(status, peer_->name));
      return;
    }
    if (response_.stored() && !response_.existed()) {
      const market::v1::DataSet& set = response_.data_set();
      call_->Audit("data_set.imported", "data_set:" + set.name() + "@" + std::to_string(set.version()),
                   Json{{"rows", std::to_string(set.rows())}, {"source_sha256", set.source_sha256()}});
    }
    call_->Answer(200, response_);
  }

 private:
  BodyUpload(const CallPtr& call, const market::v1::ImportSettings& settings, std::string file)
      : call_(call), peer_(BarData(call->gateway)), file_(std::move(file)) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(kImportDeadlineMs));
    *request_.mutable_settings() = settings;
  }

  const CallPtr call_;
  const std::shared_ptr<BarDataPeer> peer_;
  const std::string file_;
  std::size_t at_ = 0;
  grpc::ClientContext context_;
  market::v1::ImportBarsRequest request_;
  market::v1::ImportBarsResponse response_;
};

// What is refused by its rows is an answer: `stored` is false and `problems` say why.
void ImportDataSet(const CallPtr& call) {
  std::string name, symbol, timeframe, instrument, timezone, file_name, content, packed;
  bool repair = false, allow_gaps = false, guess_tick = false, dry_run = false;
  if (!call->ReadFields(
          {{"name", &name},
           {"symbol", &symbol},
           {"timeframe", &timeframe},
           {"instrument", &instrument},
           {"timezone", &timezone},
           {"file_name", &file_name},
           {"content", &content},
           {"content_base64", &packed}},
          {{"repair", &repair}, {"allow_gaps", &allow_gaps}, {"guess_tick", &guess_tick}, {"dry_run", &dry_run}}))
    return;
  FieldCheck check;
  std::optional<std::string> unpacked = DecodeBase64(packed);
  if (content.empty() == packed.empty())
    check.Refuse("content", RejectReason::kMissingField, "content or content_base64 is expected");
  else if (!unpacked)
    check.Refuse("content_base64", RejectReason::kMalformed, "this is no base64");
  if (!check.ok()) return call->Fail(BadFields(check.errors()));
  market::v1::ImportSettings settings;
  settings.set_name(name);
  settings.set_symbol(symbol);
  settings.set_timeframe(timeframe);
  settings.set_instrument(instrument);
  settings.set_timezone(timezone);
  settings.set_file_name(file_name);
  settings.set_repair(repair);
  settings.set_allow_gaps(allow_gaps);
  settings.set_guess_tick(guess_tick);
  settings.set_dry_run(dry_run);
  settings.set_actor(call->access.actor);
  std::string file = packed.empty() ? std::move(content) : *std::move(unpacked);
  settings.set_file_bytes(static_cast<std::int64_t>(file.size()));
  BodyUpload::Begin(call, settings, std::move(file));
}

// A data set as one CSV file.
class CsvDownload final : public grpc::ClientReadReactor<market::v1::ExportBarsResponse> {
 public:
  static void Begin(const CallPtr& call, const market::v1::ExportBarsRequest& request) {
    auto* download = new CsvDownload(call, request);
    download->peer_->stub->async()->ExportBars(&download->context_, &download->request_, download);
    download->StartRead(&download->response_);
    download->StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (response_.has_data_set())
      name_ = response_.data_set().name() + "-" + std::to_string(response_.data_set().version());
    csv_ += response_.chunk();
    too_large_ = csv_.size() > kCsvBytesMax;
    if (too_large_) context_.TryCancel();
    StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override {
    std::unique_ptr<CsvDownload> self(this);
    if (too_large_) {
      call_->Fail(MakeError(413, "the data set has more than 32 MiB as CSV: scripts/data export streams it",
                            RejectReason::kOutOfRange));
      return;
    }
    if (!status.ok()) {
      call_->Fail(ErrorOf(status, peer_->name));
      return;
    }
    call_->AnswerFile({.status = 200,
                       .headers = {{"Content-Type", "text/csv; charset=utf-8"},
                                   {"Content-Disposition", "attachment; filename=\"" + name_ + ".csv\""}},
                       .body = std::move(csv_)});
  }

 private:
  CsvDownload(const CallPtr& call, market::v1::ExportBarsRequest request)
      : call_(call), peer_(BarData(call->gateway)), request_(std::move(request)) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(kImportDeadlineMs));
  }

  const CallPtr call_;
  const std::shared_ptr<BarDataPeer> peer_;
  const market::v1::ExportBarsRequest request_;
  grpc::ClientContext context_;
  market::v1::ExportBarsResponse response_;
  std::string name_;
  std::string csv_;
  bool too_large_ = false;
};

void DownloadDataSet(const CallPtr& call) {
  market::v1::ExportBarsRequest request;
  std::uint32_t version = 0;
  if (!ReadVersion(call, call->Query("version"), &version)) return;
  request.set_name(call->Param("name"));
  request.set_version(version);
  CsvDownload::Begin(call, request);
}

}  // namespace

std::vector<Route> DataRoutes() {
  return {
      {"GET", "/api/live/data-sets", ListDataSets},
      {"POST", "/api/live/data-sets", ImportDataSet},
      {"GET", "/api/live/data-sets/{name}/gaps", ListDataGaps},
      {"GET", "/api/live/data-sets/{name}/csv", DownloadDataSet},
      {"DELETE", "/api/live/data-sets/{name}/{version}", DeleteDataSet},
  };
}

}  // namespace ballast
