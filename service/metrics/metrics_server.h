#ifndef SERVICE_METRICS_METRICS_SERVER_H_
#define SERVICE_METRICS_METRICS_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "prometheus/collectable.h"
#include "prometheus/exposer.h"
#include "service/base/mutex.h"

namespace service {

// Serves metrics to Prometheus over plain HTTP, at /metrics. There is nothing
// secret in them, and no access control: listen on loopback, or where only
// Prometheus reaches.
//
// What is added is collected in the server's own threads, at every scrape,
// until the server is destroyed. Thread-safe.
class MetricsServer {
 public:
  // Listens on `listen`: "127.0.0.1:9464", "[::1]:9464" or a host name and
  // port; port 0 lets the system choose. Returns INVALID_ARGUMENT if `listen`
  // is not such an address, UNAVAILABLE if it cannot be listened on.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(
      absl::string_view listen);

  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;
  // Takes up to two seconds: the HTTP server looks that often whether it must
  // end.
  ~MetricsServer();

  // Shows `metrics` from the next scrape on.
  void Add(std::shared_ptr<prometheus::Collectable> metrics);

  // Where it listens, with the port that the system chose.
  const std::string& address() const { return address_; }

 private:
  MetricsServer(std::unique_ptr<prometheus::Exposer> exposer,
                absl::string_view host);

  std::string address_;
  // The exposer only borrows what it collects. Declared before it, and thus
  // destroyed after it.
  Mutex mutex_;
  std::vector<std::shared_ptr<prometheus::Collectable>> collected_
      ABSL_GUARDED_BY(mutex_);
  const std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace service

#endif  // SERVICE_METRICS_METRICS_SERVER_H_
