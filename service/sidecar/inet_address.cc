#include "service/sidecar/inet_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace service {
namespace {

// What IPv6 puts before an IPv4 address.
constexpr std::array<uint8_t, InetAddress::kIpSize - InetAddress::kV4Size>
    kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

constexpr std::array<uint8_t, InetAddress::kIpSize> kLoopbackV6 = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

// The bytes of an address of the kernel.
template <class Address>
absl::Span<const uint8_t> BytesOf(const Address& address) {
  return {reinterpret_cast<const uint8_t*>(&address), sizeof(address)};
}

}  // namespace

InetAddress InetAddress::OfIp(absl::Span<const uint8_t> ip, uint16_t port) {
  InetAddress address;
  address.port = port;
  uint8_t* to = address.ip.data();
  if (ip.size() == kV4Size) {
    to = std::copy(kMapped.begin(), kMapped.end(), to);
  }
  std::copy(ip.begin(), ip.end(), to);
  return address;
}

absl::optional<InetAddress> InetAddress::Of(const SocketAddress& address) {
  switch (address.family()) {
    case AF_INET: {
      const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address.storage);
      return OfIp(BytesOf(v4->sin_addr), ntohs(v4->sin_port));
    }
    case AF_INET6: {
      const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address.storage);
      return OfIp(BytesOf(v6->sin6_addr), ntohs(v6->sin6_port));
    }
    default:
      return absl::nullopt;
  }
}

bool InetAddress::IsV4() const {
  return std::equal(kMapped.begin(), kMapped.end(), ip.begin());
}

bool InetAddress::IsLoopback() const {
  return IsV4() ? v4().front() == 127 : ip == kLoopbackV6;
}

std::string InetAddress::ToString() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (IsV4()) {
    inet_ntop(AF_INET, v4().data(), text, sizeof(text));
    return absl::StrCat(text, ":", port);
  }
  inet_ntop(AF_INET6, ip.data(), text, sizeof(text));
  return absl::StrCat("[", text, "]:", port);
}

}  // namespace service
