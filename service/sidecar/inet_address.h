#ifndef SERVICE_SIDECAR_INET_ADDRESS_H_
#define SERVICE_SIDECAR_INET_ADDRESS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "service/sidecar/socket_address.h"

namespace service {

// An IPv4 or IPv6 address with a port, small enough to be kept for each
// connection. A plain value.
//
// An IPv4 address is kept as IPv6 maps it (RFC 4291, 2.5.5.2), so that it is
// the same one whichever kind of socket saw it.
struct InetAddress {
  static constexpr size_t kIpSize = 16;
  static constexpr size_t kV4Size = 4;

  std::array<uint8_t, kIpSize> ip{};
  uint16_t port = 0;

  // From the kV4Size or kIpSize bytes of an IP address, as they travel.
  static InetAddress OfIp(absl::Span<const uint8_t> ip, uint16_t port);
  // Nothing for an address of another family: that of a Unix socket.
  static absl::optional<InetAddress> Of(const SocketAddress& address);

  bool IsV4() const;
  // The last kV4Size bytes: the address, if it is of IPv4.
  absl::Span<const uint8_t> v4() const {
    return absl::MakeConstSpan(ip).last(kV4Size);
  }
  // 127.0.0.0/8 or ::1.
  bool IsLoopback() const;

  // "192.0.2.1:80", "[2001:db8::1]:80".
  std::string ToString() const;

  friend bool operator==(const InetAddress&, const InetAddress&) = default;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_INET_ADDRESS_H_
