#include "service/config/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace service {
namespace {

constexpr absl::string_view kUnixPrefix = "unix:";
constexpr size_t kMaxHostSize = 253;  // RFC 1035, without the final dot
constexpr size_t kMaxLabelSize = 63;

absl::Status Malformed(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(
      "'", absl::CHexEscape(text.substr(0, 300)), "' is not an address: ", why,
      "; want ip:port, [ipv6]:port, host:port or unix:/path"));
}

bool IsIpv4(const std::string& host) {
  in_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1;
}

bool IsIpv6(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool IsLabel(absl::string_view label) {
  if (label.empty() || label.size() > kMaxLabelSize || label.front() == '-' ||
      label.back() == '-') {
    return false;
  }
  for (char c : label) {
    if (!absl::ascii_isalnum(c) && c != '-' && c != '_') return false;
  }
  return true;
}

// A host name. One that ends in digits only is a mistyped IPv4 address, which
// some resolvers would read as another address than the eye does.
bool IsHostName(absl::string_view host) {
  if (host.empty() || host.size() > kMaxHostSize) return false;
  absl::string_view last;
  for (absl::string_view label : absl::StrSplit(host, '.')) {
    if (!IsLabel(label)) return false;
    last = label;
  }
  for (char c : last) {
    if (!absl::ascii_isdigit(c)) return true;
  }
  return false;
}

absl::StatusOr<uint16_t> ParsePort(absl::string_view text,
                                   absl::string_view port) {
  uint32_t value = 0;
  for (char c : port) {
    if (!absl::ascii_isdigit(c)) return Malformed(text, "bad port");
  }
  if (port.size() > 5 || !absl::SimpleAtoi(port, &value) || value > 65535) {
    return Malformed(text, "the port is not a number from 0 to 65535");
  }
  return static_cast<uint16_t>(value);
}

absl::StatusOr<Endpoint> ParseUnix(absl::string_view text) {
  Endpoint endpoint;
  endpoint.kind = Endpoint::Kind::kUnix;
  endpoint.path = std::string(text.substr(kUnixPrefix.size()));
  if (endpoint.path.empty()) return Malformed(text, "the path is empty");
  if (endpoint.path.find('\0') != std::string::npos) {
    return Malformed(text, "the path contains a zero byte");
  }
  if (endpoint.path.size() > kMaxUnixPathSize) {
    return Malformed(text,
                     absl::StrCat("the path of a Unix socket has at most ",
                                  kMaxUnixPathSize, " bytes"));
  }
  return endpoint;
}

}  // namespace

absl::StatusOr<Endpoint> Endpoint::Parse(absl::string_view text) {
  if (absl::StartsWith(text, kUnixPrefix)) return ParseUnix(text);
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return Malformed(text, "no port");

  Endpoint endpoint;
  absl::StatusOr<uint16_t> port = ParsePort(text, text.substr(colon + 1));
  if (!port.ok()) return port.status();
  endpoint.port = *port;

  absl::string_view host = text.substr(0, colon);
  if (absl::StartsWith(host, "[") && absl::EndsWith(host, "]")) {
    endpoint.host = std::string(host.substr(1, host.size() - 2));
    if (!IsIpv6(endpoint.host)) return Malformed(text, "bad IPv6 address");
    return endpoint;
  }
  endpoint.host = std::string(host);
  if (IsIpv6(endpoint.host)) {
    return Malformed(text, "an IPv6 address needs brackets");
  }
  if (!IsIpv4(endpoint.host) && !IsHostName(endpoint.host)) {
    return Malformed(text, "bad host");
  }
  return endpoint;
}

std::string Endpoint::ToString() const {
  if (kind == Kind::kUnix) return absl::StrCat(kUnixPrefix, path);
  if (absl::StrContains(host, ':')) return absl::StrCat("[", host, "]:", port);
  return absl::StrCat(host, ":", port);
}

bool Endpoint::IsLoopback() const {
  if (kind != Kind::kTcp) return false;
  in_addr v4;
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    return ntohl(v4.s_addr) >> 24 == 127;
  }
  in6_addr v6;
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1) {
    return IN6_IS_ADDR_LOOPBACK(&v6);
  }
  return absl::EqualsIgnoreCase(host, "localhost");
}

}  // namespace service
