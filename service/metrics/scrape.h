#ifndef SERVICE_METRICS_SCRAPE_H_
#define SERVICE_METRICS_SCRAPE_H_

#include <map>
#include <string>

#include "prometheus/collectable.h"

// What Prometheus does, for tests.

namespace service {

// Samples of the Prometheus text format: "name{label="value",...}" to value.
using Samples = std::map<std::string, double>;

// The answer of the HTTP server at `address` ("127.0.0.1:PORT") to a GET of
// /metrics, with headers. Empty if it cannot be had.
std::string GetMetrics(const std::string& address);

// The samples of such an answer. Fails the running test if the answer is not
// of that format, or has a sample twice.
Samples ParseAnswer(const std::string& answer);

// The samples that a scrape of `metrics` would give; without a server.
Samples SamplesOf(const prometheus::Collectable& metrics);

}  // namespace service

#endif  // SERVICE_METRICS_SCRAPE_H_
