#include "service/metrics/metrics_server.h"

#include <netdb.h>
#include <sys/socket.h>

#include <cstdint>
#include <exception>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace service {
namespace {

// A scrape is rare; a second thread answers while the first is busy.
constexpr char kThreads[] = "2";
// So that a client that says nothing does not hold a thread for long.
constexpr char kRequestTimeoutMs[] = "5000";

struct Address {
  std::string host;  // a number, in brackets if it is IPv6
  uint32_t port;
};

absl::Status BadAddress(absl::string_view listen) {
  return absl::InvalidArgumentError(
      absl::StrCat("cannot listen on \"", listen,
                   "\" for metrics; give an address and a port, such as "
                   "127.0.0.1:9464"));
}

// The number for `host`, which may be a name.
absl::StatusOr<std::string> Resolve(absl::string_view host) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(std::string(host).c_str(), nullptr, &hints, &found);
  if (error != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot listen on host ", host, " for metrics: ", gai_strerror(error)));
  }
  char number[NI_MAXHOST];
  const int failed = getnameinfo(found->ai_addr, found->ai_addrlen, number,
                                 sizeof(number), nullptr, 0, NI_NUMERICHOST);
  const bool is_ipv6 = found->ai_family == AF_INET6;
  freeaddrinfo(found);
  if (failed != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot listen on host ", host,
                     " for metrics: ", gai_strerror(failed)));
  }
  return is_ipv6 ? absl::StrCat("[", number, "]") : std::string(number);
}

// Takes `listen` apart. The HTTP server has a grammar of its own, in which a
// letter behind the port switches TLS on: only a number gets there.
absl::StatusOr<Address> ParseAddress(absl::string_view listen) {
  const size_t colon = listen.rfind(':');
  if (colon == absl::string_view::npos) return BadAddress(listen);
  absl::string_view host = listen.substr(0, colon);
  absl::string_view port = listen.substr(colon + 1);
  Address address;
  if (port.empty() ||
      port.find_first_not_of("0123456789") != absl::string_view::npos ||
      !absl::SimpleAtoi(port, &address.port) || address.port > 65535) {
    return BadAddress(listen);
  }
  if (absl::StartsWith(host, "[") && absl::EndsWith(host, "]")) {
    host = host.substr(1, host.size() - 2);
  } else if (absl::StrContains(host, ":")) {
    return BadAddress(listen);
  }
  if (host.empty()) return BadAddress(listen);
  absl::StatusOr<std::string> number = Resolve(host);
  if (!number.ok()) return number.status();
  address.host = *std::move(number);
  return address;
}

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(
    absl::string_view listen) {
  absl::StatusOr<Address> address = ParseAddress(listen);
  if (!address.ok()) return address.status();
  std::unique_ptr<prometheus::Exposer> exposer;
  try {
    exposer = std::make_unique<prometheus::Exposer>(std::vector<std::string>{
        "listening_ports", absl::StrCat(address->host, ":", address->port),
        "num_threads", kThreads, "request_timeout_ms", kRequestTimeoutMs});
  } catch (const std::exception&) {
    // The exception's text names neither the address nor the reason.
    return absl::UnavailableError(absl::StrCat(
        "cannot listen on ", listen,
        " for metrics: the port is in use, or not for this user or machine; "
        "choose another address"));
  }
  return std::unique_ptr<MetricsServer>(
      new MetricsServer(std::move(exposer), address->host));
}

MetricsServer::MetricsServer(std::unique_ptr<prometheus::Exposer> exposer,
                             absl::string_view host)
    : exposer_(std::move(exposer)) {
  for (int port : exposer_->GetListeningPorts()) {
    address_ = absl::StrCat(host, ":", port);
  }
}

MetricsServer::~MetricsServer() = default;

void MetricsServer::Add(std::shared_ptr<prometheus::Collectable> metrics) {
  exposer_->RegisterCollectable(metrics);
  MutexLock lock(&mutex_);
  collected_.push_back(std::move(metrics));
}

}  // namespace service
