#include "libs/platform/log/trade_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "libs/base/absl_std.h"

namespace ballast {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kTradeFilesMax = 30;
constexpr std::size_t kTailBytes = 65'536;
constexpr std::string_view kSuffix = ".csv";
constexpr std::size_t kDayLength = 10;  // 2013-10-07

absl::Status Failed(const std::string& what, const std::string& path) {
  return absl::UnavailableError(ToAbsl(what + " " + path + ": " + std::strerror(errno)));
}

std::string DayText(std::int64_t day) {
  constexpr std::int64_t kNanosPerDay = 86'400'000'000'000;
  return UtcTime{day * kNanosPerDay}.ToString().substr(0, kDayLength);
}

std::string Prefix(const std::string& account) { return "trades-" + account + "-"; }

// The number a line begins with.
std::optional<std::uint64_t> SequenceOf(std::string_view line) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error != std::errc() || end == line.data() + line.size() || *end != ',') return std::nullopt;
  return value;
}

bool WriteAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

struct Tail {
  // Of the last line that is whole, 0 without one.
  std::uint64_t sequence = 0;
  // Where it ends, -1 without one.
  std::int64_t end = -1;
};

// Looks from the end, further and further back while there is nothing but garbage.
absl::StatusOr<Tail> FindTail(int descriptor, std::int64_t size, const std::string& path) {
  for (std::int64_t length = std::min<std::int64_t>(size, kTailBytes);; length = std::min(size, length * 2)) {
    std::string text(static_cast<std::size_t>(length), '\0');
    std::size_t have = 0;
    while (have < text.size()) {
      ssize_t got =
          ::pread(descriptor, text.data() + have, text.size() - have, size - length + static_cast<std::int64_t>(have));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return Failed("cannot read", path);
      have += static_cast<std::size_t>(got);
    }
    for (std::size_t end = text.rfind('\n'); end != std::string::npos && end > 0; end = text.rfind('\n', end - 1)) {
      std::size_t before = text.rfind('\n', end - 1);
      // The first line of a part may have begun before it.
      if (before == std::string::npos && length < size) break;
      std::size_t start = before == std::string::npos ? 0 : before + 1;
      if (auto sequence = SequenceOf(std::string_view(text).substr(start, end - start)))
        return Tail{.sequence = *sequence, .end = size - length + static_cast<std::int64_t>(end) + 1};
      if (before == std::string::npos) break;
    }
    if (length == size) return Tail{};
  }
}

}  // namespace

TradeLog::TradeLog(std::string directory, std::vector<std::string> header)
    : directory_(std::move(directory)), header_(std::move(header)) {}

TradeLog::~TradeLog() {
  while (!files_.empty()) Close(std::string(files_.begin()->first));
  if (lock_ >= 0) ::close(lock_);
}

absl::Status TradeLog::Lock() {
  if (lock_ >= 0) return absl::OkStatus();
  std::error_code problem;
  fs::create_directories(directory_, problem);
  int descriptor = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return Failed("cannot open the folder", directory_);
  // A predecessor that is not quite dead may still write what it has committed.
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    absl::Status status = Failed("another process writes to", directory_);
    ::close(descriptor);
    return status;
  }
  lock_ = descriptor;
  return absl::OkStatus();
}

std::vector<std::string> TradeLog::FilesOf(const std::string& account) const {
  std::string prefix = Prefix(account);
  std::vector<std::string> paths;
  std::error_code problem;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_, problem)) {
    std::string name = entry.path().filename().string();
    if (name.size() == prefix.size() + kDayLength + kSuffix.size() && name.starts_with(prefix) &&
        name.ends_with(kSuffix)) {
      paths.push_back(entry.path().string());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

absl::StatusOr<TradeLog::File*> TradeLog::Open(const std::string& account) {
  if (account.empty() || account.find('/') != std::string::npos)
    return absl::InvalidArgumentError(ToAbsl("'" + account + "' is no account"));
  RETURN_IF_ERROR(Lock());
  if (auto known = files_.find(account); known != files_.end()) return &known->second;
  File file;
  std::vector<std::string> paths = FilesOf(account);
  if (!paths.empty()) {
    const std::string& newest = paths.back();
    std::string day = newest.substr(newest.size() - kSuffix.size() - kDayLength, kDayLength);
    auto time = UtcTime::Parse(day + "T00:00:00Z");
    if (!time.ok()) return absl::UnavailableError(ToAbsl(newest + " has no day in its name"));
    RETURN_IF_ERROR(OpenDay(account, time->DayNumber(), file));
    // A new day's file may have nothing yet.
    for (auto path = paths.rbegin() + 1; file.last == 0 && path != paths.rend(); ++path) {
      File older;
      older.descriptor = ::open(path->c_str(), O_RDWR | O_CLOEXEC);
      absl::Status read = older.descriptor < 0 ? Failed("cannot open", *path) : Repair(*path, older);
      if (older.descriptor >= 0) ::close(older.descriptor);
      if (!read.ok()) {
        ::close(file.descriptor);
        return read;
      }
      file.last = older.last;
    }
  }
  return &(files_[account] = file);
}

absl::Status TradeLog::OpenDay(const std::string& account, std::int64_t day, File& file) {
  std::string path = directory_ + "/" + Prefix(account) + DayText(day) + std::string(kSuffix);
  int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0) return Failed("cannot open", path);
  File opened{.descriptor = descriptor, .day = day, .last = file.last};
  if (absl::Status repaired = Repair(path, opened); !repaired.ok()) {
    ::close(descriptor);
    return repaired;
  }
  if (file.descriptor >= 0) ::close(file.descriptor);
  file = opened;
  return absl::OkStatus();
}

// Leaves the header and whole lines.
absl::Status TradeLog::Repair(const std::string& path, File& file) {
  struct stat status {};
  if (::fstat(file.descriptor, &status) != 0) return Failed("cannot look at", path);
  ASSIGN_OR_RETURN(Tail tail, FindTail(file.descriptor, status.st_size, path));
  if (tail.end >= 0) {
    file.last = std::max(file.last, tail.sequence);
    if (tail.end < status.st_size && ::ftruncate(file.descriptor, tail.end) != 0) return Failed("cannot cut", path);
    return absl::OkStatus();
  }
  std::string header = Line(header_);
  std::string found(header.size(), '\0');
  if (::pread(file.descriptor, found.data(), found.size(), 0) == static_cast<ssize_t>(header.size()) &&
      found == header) {
    if (::ftruncate(file.descriptor, static_cast<off_t>(header.size())) != 0) return Failed("cannot cut", path);
    return absl::OkStatus();
  }
  if (::ftruncate(file.descriptor, 0) != 0 || !WriteAll(file.descriptor, header)) return Failed("cannot write", path);
  return absl::OkStatus();
}

absl::StatusOr<std::uint64_t> TradeLog::LastSequence(const std::string& account) {
  if (!enabled()) return 0;
  ASSIGN_OR_RETURN(File * file, Open(account));
  return file->last;
}

absl::Status TradeLog::Append(const std::string& account, const std::vector<Row>& rows) {
  if (!enabled()) return absl::OkStatus();
  ASSIGN_OR_RETURN(File * file, Open(account));
  std::string text;
  std::uint64_t last = file->last;
  auto write = [&]() -> absl::Status {
    if (text.empty()) return absl::OkStatus();
    if (!WriteAll(file->descriptor, text)) return Failed("cannot write the trades of", account);
    text.clear();
    file->last = last;
    return absl::OkStatus();
  };
  absl::Status done;
  for (const Row& row : rows) {
    if (row.sequence <= last) continue;
    // Never back: the newest file has the newest line.
    if (std::int64_t day = std::max(file->day, row.time.DayNumber()); day != file->day) {
      if (done = write(); !done.ok()) break;
      if (done = OpenDay(account, day, *file); !done.ok()) break;
      RemoveOld(account);
    }
    std::vector<std::string> fields = {std::to_string(row.sequence)};
    fields.insert(fields.end(), row.fields.begin(), row.fields.end());
    text += Line(fields);
    last = row.sequence;
  }
  if (done.ok()) done = write();
  // Half a line may be there; opening it again cuts it off.
  if (!done.ok()) Close(account);
  return done;
}

absl::Status TradeLog::SetAside(const std::string& account) {
  if (!enabled()) return absl::OkStatus();
  RETURN_IF_ERROR(Lock());
  Close(account);
  for (const std::string& path : FilesOf(account)) {
    std::string name = path + ".old";
    for (int number = 2; fs::exists(name); ++number) name = path + ".old" + std::to_string(number);
    if (::rename(path.c_str(), name.c_str()) != 0) return Failed("cannot rename", path);
  }
  return absl::OkStatus();
}

void TradeLog::Close(const std::string& account) {
  auto file = files_.find(account);
  if (file == files_.end()) return;
  if (file->second.descriptor >= 0) ::close(file->second.descriptor);
  files_.erase(file);
}

void TradeLog::RemoveOld(const std::string& account) const {
  std::vector<std::string> paths = FilesOf(account);
  for (std::size_t i = 0; i + kTradeFilesMax < paths.size(); ++i) (void)::unlink(paths[i].c_str());
}

std::string TradeLog::Line(const std::vector<std::string>& fields) const {
  std::string line;
  for (const std::string& field : fields) {
    if (!line.empty()) line += ',';
    bool quoted = field.find_first_of(",\"") != std::string::npos;
    if (quoted) line += '"';
    for (char c : field) {
      if (c == '"') line += '"';
      line += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    if (quoted) line += '"';
  }
  return line + '\n';
}

}  // namespace ballast
