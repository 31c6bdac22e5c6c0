#ifndef SERVICE_SIDECAR_SOURCE_COUNT_H_
#define SERVICE_SIDECAR_SOURCE_COUNT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/types/optional.h"
#include "service/base/mutex.h"
#include "service/sidecar/inet_address.h"

namespace service {

// What counts as one source of connections: an IPv4 address; a /64 of IPv6,
// which is what one customer has at least; this machine's loopback addresses
// together; all Unix sockets together. A plain value.
class Source {
 public:
  // The source of what comes from `address`; a Unix socket without one.
  static Source Of(const absl::optional<InetAddress>& address);

  friend bool operator==(const Source&, const Source&) = default;

  template <typename H>
  friend H AbslHashValue(H hash, const Source& source) {
    return H::combine(std::move(hash), source.kind_, source.prefix_);
  }

 private:
  enum class Kind : uint8_t { kUnix, kLoopback, kIpv4, kIpv6 };

  Kind kind_ = Kind::kUnix;
  std::array<uint8_t, InetAddress::kIpSize> prefix_{};
};

// SourceCount counts the connections that are open from each source, up to a
// limit for each. It keeps the sources that have one. Thread-safe.
class SourceCount {
 public:
  // 0: no limit, nothing is counted, and no lock taken.
  explicit SourceCount(size_t limit) : limit_(limit) {}

  // Counts one more and returns true, unless the limit is reached.
  bool TryAdd(const Source& source);

  // One that was added has ended.
  void Remove(const Source& source);

 private:
  const size_t limit_;
  Mutex mutex_;
  absl::flat_hash_map<Source, size_t> open_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace service

#endif  // SERVICE_SIDECAR_SOURCE_COUNT_H_
