#include "services/api_gateway/static_files.h"

#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "libs/base/absl_std.h"
#include "libs/platform/crypto/crypto.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBytesMax = 64 << 20;
constexpr std::size_t kCompressedMin = 256;
constexpr char kIndex[] = "index.html";
constexpr char kNotBuilt[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Ballast</title></head><body>\n"
    "<h1>Ballast</h1>\n<p>The gateway runs. Its dashboard is not built: run <code>npm ci &amp;&amp; npm run "
    "build</code> in "
    "<code>services/api_gateway/web</code> and set <code>api_gateway.web_root</code> to its <code>dist</code> "
    "folder.</p>\n"
    "<p>The REST interface is under <code>/api</code>.</p>\n</body></html>\n";

const char* TypeOf(const std::string& name) {
  static const std::map<std::string, const char*> kTypes = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".json", "application/json"},
      {".txt", "text/plain; charset=utf-8"},
      {".woff2", "font/woff2"},
      {".webmanifest", "application/manifest+json"},
      {".map", "application/json"},
  };
  auto found = kTypes.find(fs::path(name).extension().string());
  return found == kTypes.end() ? "application/octet-stream" : found->second;
}

bool IsText(const std::string& type) {
  return type.starts_with("text/") || type == "image/svg+xml" || type.starts_with("application/json") ||
         type.starts_with("application/manifest+json");
}

std::string Gzip(const std::string& body) {
  constexpr int kGzipWindow = 15 + 16;
  constexpr int kMemory = 9;
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY) != Z_OK)
    return "";
  std::string out(deflateBound(&stream, static_cast<uLong>(body.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(whole ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

// The next item of a comma-separated list, without blanks around it; taken from the front of `rest`.
std::string_view NextItem(std::string_view& rest, char separator) {
  std::size_t end = std::min(rest.find(separator), rest.size());
  std::string_view item = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
  while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
  return item;
}

// gzip or *, and not with weight 0.
bool AcceptsGzip(std::string_view header) {
  bool any = false;
  while (!header.empty()) {
    std::string_view item = NextItem(header, ',');
    std::string name(NextItem(item, ';'));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    std::string_view weight = NextItem(item, ';');
    bool refused = (weight.starts_with("q=0") || weight.starts_with("Q=0")) &&
                   weight.find_first_of("123456789") == std::string_view::npos;
    if (name == "gzip" || name == "x-gzip") return !refused;
    if (name == "*") any = !refused;
  }
  return any;
}

// If-None-Match has the tag, or is *.
bool Names(std::string_view header, const std::string& etag) {
  while (!header.empty()) {
    std::string_view item = NextItem(header, ',');
    if (item.starts_with("W/")) item.remove_prefix(2);
    if (item == etag || item == "*") return true;
  }
  return false;
}

}  // namespace

absl::Status StaticFiles::Load(const std::string& root) {
  files_.clear();
  absl::Status read = root.empty() ? absl::OkStatus() : ReadFolder(root);
  if (!read.ok()) files_.clear();
  has_dashboard_ = files_.contains(kIndex);
  if (!has_dashboard_) Add(kIndex, kNotBuilt);
  return read;
}

absl::Status StaticFiles::ReadFolder(const std::string& root) {
  std::error_code error;
  if (!fs::is_directory(root, error))
    return absl::NotFoundError(ToAbsl("api_gateway.web_root is not a folder: " + root));
  std::size_t total = 0;
  for (fs::recursive_directory_iterator it(root, error), end; !error && it != end; it.increment(error)) {
    std::string leaf = it->path().filename().string();
    if (leaf.starts_with('.')) {
      if (it->is_directory(error)) it.disable_recursion_pending();
      continue;
    }
    // Links may lead out of the folder.
    if (it->is_symlink(error) || !it->is_regular_file(error)) continue;
    std::ifstream file(it->path(), std::ios::binary);
    std::string body((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    total += body.size();
    if (total > kBytesMax) return absl::ResourceExhaustedError(ToAbsl("more than 64 MiB in " + root));
    Add(fs::relative(it->path(), root, error).generic_string(), std::move(body));
  }
  if (error) return absl::UnavailableError(ToAbsl("cannot read " + root + ": " + error.message()));
  return absl::OkStatus();
}

void StaticFiles::Add(const std::string& name, std::string body) {
  // The build puts a digest into the name of everything below assets/.
  File file{.body = std::move(body), .type = TypeOf(name), .etag = "", .immutable = name.starts_with("assets/")};
  std::string digest = Sha256Hex(file.body).substr(0, 20);
  file.etag = "\"" + digest + "\"";
  file.gzip_etag = "\"" + digest + "-gzip\"";
  if (file.body.size() >= kCompressedMin && IsText(file.type)) {
    file.gzip = Gzip(file.body);
    if (file.gzip.size() >= file.body.size()) file.gzip.clear();
  }
  files_[name] = std::move(file);
}

HttpResponse StaticFiles::Serve(const HttpRequest& request) const {
  std::string name;
  for (const std::string& segment : request.segments) {
    // Nothing served is called so: who asks wants out of the folder, and gets no page of ours for it.
    bool empty_inside = segment.empty() && &segment != &request.segments.back();
    if (empty_inside || segment.starts_with('.') || segment.find_first_of("/\\") != std::string::npos) {
      return {.status = 404};
    }
    name += (name.empty() ? "" : "/") + segment;
  }
  if (name.empty()) name = kIndex;
  auto found = files_.find(name);
  if (found == files_.end()) {
    const std::string& leaf = request.segments.back();
    if (leaf.find('.') != std::string::npos) return {.status = 404};
    found = files_.find(kIndex);
  }
  const File& file = found->second;
  bool compressed = !file.gzip.empty() && AcceptsGzip(request.Header("accept-encoding"));
  const std::string& etag = compressed ? file.gzip_etag : file.etag;
  HttpResponse response;
  response.headers = {{"Content-Type", file.type},
                      {"ETag", etag},
                      {"Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (!file.gzip.empty()) response.headers.emplace_back("Vary", "Accept-Encoding");
  if (Names(request.Header("if-none-match"), etag)) {
    response.status = 304;
    return response;
  }
  if (compressed) response.headers.emplace_back("Content-Encoding", "gzip");
  response.body = compressed ? file.gzip : file.body;
  return response;
}

}  // namespace ballast
