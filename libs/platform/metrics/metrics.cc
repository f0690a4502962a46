#include "libs/platform/metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <mutex>
#include <vector>

#include "libs/base/absl_std.h"
#include "libs/platform/http/http_server.h"

namespace ballast {
namespace {

class PrometheusCounter : public Counter {
 public:
  explicit PrometheusCounter(prometheus::Counter& counter) : counter_(counter) {}
  void Add(double amount) override { counter_.Increment(amount); }

 private:
  prometheus::Counter& counter_;
};

class PrometheusGauge : public Gauge {
 public:
  explicit PrometheusGauge(prometheus::Gauge& gauge) : gauge_(gauge) {}
  void Set(double value) override { gauge_.Set(value); }

 private:
  prometheus::Gauge& gauge_;
};

class PrometheusHistogram : public Histogram {
 public:
  explicit PrometheusHistogram(prometheus::Histogram& histogram) : histogram_(histogram) {}
  void Observe(double value) override { histogram_.Observe(value); }

 private:
  prometheus::Histogram& histogram_;
};

std::string KeyOf(const std::string& name, const MetricLabels& labels) {
  std::string key = name;
  for (const auto& [label, value] : labels) key += '\x1f' + label + '\x1e' + value;
  return key;
}

HttpResponse Plain(int status, std::string body) {
  return {.status = status, .headers = {{"content-type", "text/plain; charset=utf-8"}}, .body = std::move(body)};
}

}  // namespace

struct Metrics::State {
  std::shared_ptr<prometheus::Registry> registry = std::make_shared<prometheus::Registry>();
  std::mutex mutex;
  std::map<std::string, std::unique_ptr<Counter>> counters;
  std::map<std::string, std::unique_ptr<Gauge>> gauges;
  std::map<std::string, std::unique_ptr<Histogram>> histograms;
  // Last, so that it ends before what it reads.
  std::unique_ptr<HttpServer> server;
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::GetCounter(const std::string& name, const std::string& help, const MetricLabels& labels) {
  std::lock_guard<std::mutex> lock(state_->mutex);
  std::unique_ptr<Counter>& handle = state_->counters[KeyOf(name, labels)];
  if (!handle) {
    auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(*state_->registry);
    handle = std::make_unique<PrometheusCounter>(family.Add(labels));
  }
  return *handle;
}

Gauge& Metrics::GetGauge(const std::string& name, const std::string& help, const MetricLabels& labels) {
  std::lock_guard<std::mutex> lock(state_->mutex);
  std::unique_ptr<Gauge>& handle = state_->gauges[KeyOf(name, labels)];
  if (!handle) {
    auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(*state_->registry);
    handle = std::make_unique<PrometheusGauge>(family.Add(labels));
  }
  return *handle;
}

Histogram& Metrics::GetSeconds(const std::string& name, const std::string& help, const MetricLabels& labels) {
  std::lock_guard<std::mutex> lock(state_->mutex);
  std::unique_ptr<Histogram>& handle = state_->histograms[KeyOf(name, labels)];
  if (!handle) {
    auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(*state_->registry);
    handle = std::make_unique<PrometheusHistogram>(
        family.Add(labels, prometheus::Histogram::BucketBoundaries{5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2,
                                                                   5e-2, 0.1, 0.2, 0.5, 1, 2, 5, 10}));
  }
  return *handle;
}

std::string Metrics::Text() const { return prometheus::TextSerializer().Serialize(state_->registry->Collect()); }

absl::StatusOr<int> Metrics::Listen(const std::string& address) {
  state_->server = std::make_unique<HttpServer>(HttpServer::Options{
      .listen = address,
      .on_request =
          [this](const HttpRequest& request, const HttpResponder& responder) {
            if (request.RawPath() != "/metrics") return responder.Send(Plain(404, "only /metrics is here\n"));
            if (request.method != "GET" && request.method != "HEAD") {
              return responder.Send(Plain(405, "GET is expected\n"));
            }
            responder.Send({.headers = {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}}, .body = Text()});
          },
      .on_upgrade = [](const HttpRequest&) { return UpgradeAnswer{.refusal = Plain(404, "only /metrics is here\n")}; },
      .error_page = [](int status, const std::string& message) { return Plain(status, message + "\n"); }});
  absl::StatusOr<int> port = state_->server->Start();
  if (port.ok()) return port;
  return absl::Status(port.status().code(), ToAbsl("metrics_listen: " + MessageOf(port.status())));
}

void Metrics::Close() {
  if (state_->server) state_->server->Stop();
}

}  // namespace ballast
