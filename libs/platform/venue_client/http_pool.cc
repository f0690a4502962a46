#include "libs/platform/venue_client/http_pool.h"

#include <algorithm>
#include <optional>

namespace ballast::internal {
namespace {

namespace http = beast::http;

constexpr std::uint32_t kHeadBytesMax = 64U << 10;

// What would end a line, and so begin another header or request.
bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}
bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

// Empty: the call can be written down.
std::string FaultOf(const venue::HttpCall& call) {
  if (!IsToken(call.method)) return "the call has no method";
  const bool path =
      call.target.starts_with('/') && !HasControl(call.target) && call.target.find_first_of(" #") == std::string::npos;
  if (!path) return "the call's target is no path";
  for (const auto& [name, value] : call.headers) {
    if (!IsToken(name) || HasControl(value)) return "a header of the call cannot be written";
  }
  return "";
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

template <typename Stream>
class Line : public HttpLine, public std::enable_shared_from_this<Line<Stream>> {
 public:
  Line(HttpPool& pool, asio::io_context& io, ssl::context& tls, std::string origin, VenueAddress address)
      : HttpLine(std::move(origin)),
        pool_(pool),
        address_(std::move(address)),
        stream_(MakeStream<Stream>(io, tls)),
        resolver_(io),
        idle_timer_(io) {}

  void Carry(std::shared_ptr<HttpJob> job) override {
    job_ = std::move(job);
    job_->line = this->shared_from_this();
    idle_timer_.cancel();
    if (connected_) {
      Write();
      return;
    }
    Dial(stream_, resolver_, address_, this->shared_from_this(), [this](std::string problem) {
      if (aborted_) return;
      if (!problem.empty()) {
        Break(std::move(problem));
        return;
      }
      connected_ = true;
      Read();
      Write();
    });
  }

  void Abort() override {
    if (aborted_) return;
    aborted_ = true;
    resolver_.cancel();
    idle_timer_.cancel();
    ErrorCode ignored;
    beast::get_lowest_layer(stream_).socket().close(ignored);
    pool_.Drop(this->shared_from_this());
  }

 private:
  // The call it carries is over, and so is the connection.
  void Break(std::string problem) {
    std::shared_ptr<HttpJob> job = std::exchange(job_, nullptr);
    Abort();
    if (job) pool_.Fail(*job, std::move(problem));
  }

  void Write() {
    const venue::HttpCall& call = job_->call;
    request_ = {};
    request_.method_string(call.method);
    request_.target(call.target);
    request_.version(11);
    request_.set(http::field::host, address_.HostHeader());
    request_.set(http::field::user_agent, "ballast");
    for (const auto& [name, value] : call.headers) request_.set(name, value);
    request_.body() = call.body;
    request_.prepare_payload();
    job_->written = true;
    writing_ = true;
    http::async_write(stream_, request_, [self = this->shared_from_this()](ErrorCode error, std::size_t) {
      self->writing_ = false;
      if (error && !self->aborted_) self->Break("the connection broke: " + error.message());
    });
  }

  // Always one read is under way: an idle connection that the server closes is noticed before a call is given to it.
  void Read() {
    parser_.emplace();
    parser_->header_limit(kHeadBytesMax);
    parser_->body_limit(pool_.options().message_bytes_max);
    http::async_read(stream_, buffer_, *parser_, [self = this->shared_from_this()](ErrorCode error, std::size_t) {
      if (!self->aborted_) self->OnRead(error);
    });
  }

  void OnRead(ErrorCode error) {
    if (!job_) {
      Abort();
      return;
    }
    if (error) {
      Break(error == http::error::body_limit ? "the answer is too long" : "no whole answer: " + error.message());
      return;
    }
    // Where only the end of the connection ends an answer, nobody knows whether it is whole.
    if (parser_->need_eof()) {
      Break("no whole answer: it does not say how long it is");
      return;
    }
    const http::response<http::string_body>& response = parser_->get();
    constexpr unsigned kInformational = 200;
    if (response.result_int() < kInformational) {
      Read();
      return;
    }
    venue::HttpAnswer answer{.id = job_->call.id,
                             .outcome = venue::Outcome::kAnswered,
                             .status = static_cast<int>(response.result_int()),
                             .headers = {},
                             .body = response.body(),
                             .problem = {}};
    for (const auto& field : response)
      answer.headers.emplace_back(Lower(field.name_string()), std::string(field.value()));
    const bool keep = response.keep_alive() && !writing_ && buffer_.size() == 0;
    std::shared_ptr<HttpJob> job = std::exchange(job_, nullptr);
    if (!keep) {
      Abort();
      pool_.Answer(*job, std::move(answer));
      return;
    }
    idle_timer_.expires_after(ToChrono(pool_.options().idle));
    idle_timer_.async_wait([self = this->shared_from_this()](ErrorCode cancelled) {
      if (!cancelled && !self->job_) self->Abort();
    });
    Read();
    pool_.Answer(*job, std::move(answer));
    pool_.Free(this->shared_from_this());
  }

  HttpPool& pool_;
  VenueAddress address_;
  Stream stream_;
  tcp::resolver resolver_;
  asio::steady_timer idle_timer_;
  beast::flat_buffer buffer_;
  std::optional<http::response_parser<http::string_body>> parser_;
  http::request<http::string_body> request_;
  std::shared_ptr<HttpJob> job_;
  bool connected_ = false;
  bool writing_ = false;
  bool aborted_ = false;
};

}  // namespace

void HttpPool::Call(venue::HttpCall call) {
  auto job = std::make_shared<HttpJob>(std::move(call), io_);
  ++open_calls_;
  if (open_calls_ > options_.calls_max) {
    Fail(*job, "too many calls have no answer yet");
    return;
  }
  if (std::string fault = FaultOf(job->call); !fault.empty()) {
    Fail(*job, std::move(fault));
    return;
  }
  const std::string name = job->call.origin;
  auto found = origins_.find(name);
  if (found == origins_.end()) {
    absl::StatusOr<VenueAddress> address = ParseHttpAddress(name);
    if (!address.ok() || address->target != "/") {
      Fail(*job, address.ok() ? "the origin has a path" : std::string(address.status().message()));
      return;
    }
    found =
        origins_.emplace(name, Origin{.address = *std::move(address), .waiting = {}, .lines = {}, .idle = {}}).first;
  }
  job->timer.expires_after(ToChrono(job->call.timeout));
  job->timer.async_wait([this, job](ErrorCode cancelled) {
    if (!cancelled) TimeOut(job);
  });
  found->second.waiting.push_back(std::move(job));
  Place(name);
}

void HttpPool::Place(const std::string& name) {
  Origin& origin = origins_.at(name);
  while (!origin.waiting.empty()) {
    std::shared_ptr<HttpLine> line;
    if (!origin.idle.empty()) {
      line = origin.idle.front();
      origin.idle.pop_front();
    } else if (origin.lines.size() < options_.connections_max) {
      if (origin.address.tls)
        line = std::make_shared<Line<SecureStream>>(*this, io_, tls_, name, origin.address);
      else
        line = std::make_shared<Line<PlainStream>>(*this, io_, tls_, name, origin.address);
      origin.lines.insert(line);
    } else {
      return;
    }
    std::shared_ptr<HttpJob> job = std::move(origin.waiting.front());
    origin.waiting.pop_front();
    line->Carry(std::move(job));
  }
}

void HttpPool::TimeOut(const std::shared_ptr<HttpJob>& job) {
  if (job->done) return;
  Origin& origin = origins_.at(job->call.origin);
  std::erase(origin.waiting, job);
  Fail(*job, job->written ? "no answer in time" : "no connection in time");
  if (std::shared_ptr<HttpLine> line = job->line.lock()) line->Abort();
}

void HttpPool::Answer(HttpJob& job, venue::HttpAnswer answer) {
  if (job.done) return;
  job.done = true;
  job.timer.cancel();
  --open_calls_;
  box_.Put(std::move(answer));
}

void HttpPool::Fail(HttpJob& job, std::string problem) {
  Answer(job, {.id = job.call.id,
               .outcome = job.written ? venue::Outcome::kUnknown : venue::Outcome::kNotSent,
               .status = 0,
               .headers = {},
               .body = {},
               .problem = std::move(problem)});
}

void HttpPool::Free(const std::shared_ptr<HttpLine>& line) {
  origins_.at(line->origin()).idle.push_front(line);
  Place(line->origin());
}

void HttpPool::Drop(const std::shared_ptr<HttpLine>& line) {
  Origin& origin = origins_.at(line->origin());
  std::erase(origin.idle, line);
  origin.lines.erase(line);
  // From the loop: whoever drops it is in the middle of something.
  asio::post(io_, [this, name = line->origin()] { Place(name); });
}

}  // namespace ballast::internal
