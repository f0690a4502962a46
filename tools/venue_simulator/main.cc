// ballast-venue-simulator: a venue to practise on (tools/venue_simulator/README.md).
#include <signal.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "libs/base/absl_std.h"
#include "tools/venue_simulator/credentials.h"
#include "tools/venue_simulator/server.h"

namespace ballast::venue_simulator {
namespace {

int Fail(const std::string& why) {
  std::cerr << "ballast-venue-simulator: " << why << "\n";
  return 1;
}

int Main(int argc, char** argv) {
  std::string venue = "binance";
  std::string host = "127.0.0.1";
  int port = 9200;
  std::uint64_t seed = 1;
  std::string credentials_file;
  std::vector<std::string> balances{"USDT=100000", "BTC=2", "ETH=20", "BNB=50", "LTC=100"};
  CLI::App app("A simulated venue that speaks the real one's protocol. It trades with nobody's money.");
  app.add_option("--venue", venue, "Whose protocol")->check(CLI::IsMember({"binance"}))->capture_default_str();
  app.add_option("--host", host, "Address to listen on")->capture_default_str();
  app.add_option("--port", port, "Port to listen on; 0: any free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app.add_option("--seed", seed, "Of the market's walk")->capture_default_str();
  app.add_option("--credentials-file", credentials_file, "Where the keys are, or are put when there are none yet")
      ->required();
  app.add_option("--balance", balances, "What the first account has, ASSET=AMOUNT; may be repeated");
  bool only_credentials = false;
  app.add_flag("--only-credentials", only_credentials, "Make the credentials file unless it is there, and end");
  bool tls = false;
  std::string certificate;
  std::string key;
  app.add_flag("--tls", tls, "Speak TLS, and nothing else; wants --certificate and --key");
  app.add_option("--certificate", certificate, "Certificate chain in PEM");
  app.add_option("--key", key, "Its private key in PEM");
  CLI11_PARSE(app, argc, argv);

  std::vector<std::pair<std::string, Decimal>> amounts;
  for (const std::string& text : balances) {
    std::size_t equals = text.find('=');
    auto amount = equals == std::string::npos ? absl::StatusOr<Decimal>(absl::InvalidArgumentError(""))
                                              : Decimal::Parse(text.substr(equals + 1));
    if (equals == 0 || !amount.ok() || amount->IsNegative()) return Fail("--balance is ASSET=AMOUNT, not " + text);
    amounts.emplace_back(text.substr(0, equals), *amount);
  }
  HttpServer::Options options;
  if (tls != !certificate.empty() || tls != !key.empty()) return Fail("--tls, --certificate and --key go together");
  options.certificate_file = certificate;
  options.key_file = key;
  options.listen = (host.find(':') != std::string::npos ? "[" + host + "]" : host) + ":" + std::to_string(port);
  auto credentials = ReadOrMake(credentials_file, options.listen);
  if (!credentials.ok()) return Fail(MessageOf(credentials.status()));

  if (only_credentials) return 0;

  // Before any other thread, so that all of them leave the signals to the one that waits.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  Server server(std::move(options), seed, Secret(credentials->control_token.Reveal()));
  auto bound = server.Start(*credentials, amounts);
  if (!bound.ok()) return Fail(MessageOf(bound.status()));
  std::cout << "listening on port " << *bound << std::endl;
  std::atomic<bool> stop{false};
  std::thread waiter([&] {
    int signal = 0;
    sigwait(&signals, &signal);
    stop = true;
  });
  server.Run(stop);
  waiter.join();
  server.Stop();
  return 0;
}

}  // namespace
}  // namespace ballast::venue_simulator

int main(int argc, char** argv) { return ballast::venue_simulator::Main(argc, argv); }
