#include "libs/platform/venue_client/venue_client.h"

#include <map>
#include <thread>
#include <utility>

#include "libs/base/absl_std.h"
#include "libs/platform/venue_client/http_pool.h"
#include "libs/platform/venue_client/socket_link.h"

namespace ballast {

class VenueClient::Core {
 public:
  explicit Core(Options options)
      : options_(std::move(options)),
        tls_(internal::ssl::context::tls_client),
        box_(options_.queued_bytes_max, options_.wake),
        pool_(options_, io_, tls_, box_) {}
  ~Core() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Trust() {
    using Context = internal::ssl::context;
    tls_.set_options(Context::default_workarounds | Context::no_sslv2 | Context::no_sslv3 | Context::no_tlsv1 |
                     Context::no_tlsv1_1);
    tls_.set_verify_mode(internal::ssl::verify_peer);
    internal::ErrorCode error;
    if (options_.ca_file.empty())
      tls_.set_default_verify_paths(error);
    else
      tls_.load_verify_file(options_.ca_file, error);
    if (!error) return absl::OkStatus();
    return absl::InvalidArgumentError(
        ToAbsl("the authorities to trust cannot be read from '" + options_.ca_file + "': " + error.message()));
  }
  void Start() {
    thread_ = std::thread([this] { io_.run(); });
  }

  // The client's own thread does it, in the order of the calls.
  template <typename Work>
  void Post(Work work) {
    internal::asio::post(io_, std::move(work));
  }

  void Call(venue::HttpCall call) {
    Post([this, call = std::move(call)]() mutable { pool_.Call(std::move(call)); });
  }
  void Open(std::uint64_t socket, const std::string& url, venue::Headers headers) {
    Post([this, socket, url, headers = std::move(headers)]() mutable {
      if (links_.contains(socket)) return;
      absl::StatusOr<VenueAddress> address = ParseSocketAddress(url);
      if (!address.ok()) {
        box_.Put(venue::SocketClosed{.socket = socket, .why = std::string(address.status().message())});
        return;
      }
      auto link = internal::SocketLink::Make(socket, *std::move(address), options_, io_, tls_, box_,
                                             [this, socket] { links_.erase(socket); });
      links_.emplace(socket, link);
      link->Open(std::move(headers));
    });
  }
  void Send(std::uint64_t socket, std::string payload, bool binary) {
    Post([this, socket, payload = std::move(payload), binary]() mutable {
      if (std::shared_ptr<internal::SocketLink> link = Find(socket)) link->Send(std::move(payload), binary);
    });
  }
  void Close(std::uint64_t socket) {
    Post([this, socket] {
      if (std::shared_ptr<internal::SocketLink> link = Find(socket)) link->Close();
    });
  }
  std::vector<venue::TransportEvent> Take() { return box_.Take(); }

 private:
  std::shared_ptr<internal::SocketLink> Find(std::uint64_t socket) {
    auto found = links_.find(socket);
    return found == links_.end() ? nullptr : found->second;
  }

  const Options options_;
  internal::ssl::context tls_;
  internal::EventBox box_;
  // Before what has its sockets and timers.
  internal::asio::io_context io_{1};
  std::map<std::uint64_t, std::shared_ptr<internal::SocketLink>> links_;
  internal::HttpPool pool_;
  internal::asio::executor_work_guard<internal::asio::io_context::executor_type> work_{io_.get_executor()};
  std::thread thread_;
};

VenueClient::VenueClient(std::unique_ptr<Core> core) : core_(std::move(core)) {}
VenueClient::~VenueClient() = default;

absl::StatusOr<std::unique_ptr<VenueClient>> VenueClient::Make(Options options) {
  auto core = std::make_unique<Core>(std::move(options));
  if (absl::Status trusted = core->Trust(); !trusted.ok()) return trusted;
  core->Start();
  return std::unique_ptr<VenueClient>(new VenueClient(std::move(core)));
}

void VenueClient::Call(venue::HttpCall call) { core_->Call(std::move(call)); }
void VenueClient::Open(std::uint64_t socket, const std::string& url, venue::Headers headers) {
  core_->Open(socket, url, std::move(headers));
}
void VenueClient::Send(std::uint64_t socket, std::string payload, bool binary) {
  core_->Send(socket, std::move(payload), binary);
}
void VenueClient::Close(std::uint64_t socket) { core_->Close(socket); }
std::vector<venue::TransportEvent> VenueClient::Take() { return core_->Take(); }

}  // namespace ballast
