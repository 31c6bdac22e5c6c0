#include "service/sidecar/source_count.h"

#include <algorithm>

namespace service {
namespace {

// The half of an IPv6 address that names a network: RFC 4291, 2.5.4.
constexpr size_t kNetworkSize = 8;

}  // namespace

Source Source::Of(const absl::optional<InetAddress>& address) {
  Source source;
  if (!address) return source;
  if (address->IsLoopback()) {
    source.kind_ = Kind::kLoopback;
  } else if (address->IsV4()) {
    source.kind_ = Kind::kIpv4;
    source.prefix_ = address->ip;
  } else {
    source.kind_ = Kind::kIpv6;
    std::copy_n(address->ip.begin(), kNetworkSize, source.prefix_.begin());
  }
  return source;
}

bool SourceCount::TryAdd(const Source& source) {
  if (limit_ == 0) return true;
  MutexLock lock(&mutex_);
  size_t& open = open_[source];
  if (open >= limit_) return false;
  ++open;
  return true;
}

void SourceCount::Remove(const Source& source) {
  if (limit_ == 0) return;
  MutexLock lock(&mutex_);
  const auto entry = open_.find(source);
  if (--entry->second == 0) open_.erase(entry);
}

}  // namespace service
