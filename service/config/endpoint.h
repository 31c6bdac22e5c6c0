#ifndef SERVICE_CONFIG_ENDPOINT_H_
#define SERVICE_CONFIG_ENDPOINT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace service {

// Longest path of a Unix socket: what the kernel's sockaddr_un holds, without
// its final zero.
inline constexpr size_t kMaxUnixPathSize = 107;

// Endpoint is where a program listens or connects to: a TCP address, or a Unix
// socket. A plain value; one that came out of Parse() is valid.
struct Endpoint {
  enum class Kind { kTcp, kUnix };

  Kind kind = Kind::kTcp;
  std::string host;   // kTcp: IPv4, IPv6 without brackets, or a host name
  uint16_t port = 0;  // kTcp: 0 lets the system choose a port to listen on
  std::string path;   // kUnix

  // Reads "127.0.0.1:80", "[::1]:80", "host.example:80" or "unix:/path".
  // Returns INVALID_ARGUMENT with what is wrong and an example of what is
  // right. Port 0 is accepted: only its user knows whether it makes sense.
  static absl::StatusOr<Endpoint> Parse(absl::string_view text);

  // The text that Parse() reads back.
  std::string ToString() const;

  // Whether only this machine can reach it over TCP: 127.0.0.0/8, ::1 and
  // "localhost". False for a Unix socket. Asks no resolver.
  bool IsLoopback() const;

  // IsLoopback(), or a Unix socket: plain bytes do not leave the machine.
  bool IsLocal() const { return kind == Kind::kUnix || IsLoopback(); }

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

}  // namespace service

#endif  // SERVICE_CONFIG_ENDPOINT_H_
