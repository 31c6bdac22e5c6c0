#ifndef SERVICE_SIDECAR_PROXY_HEADER_H_
#define SERVICE_SIDECAR_PROXY_HEADER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "service/sidecar/inet_address.h"

namespace service {

// The header of the PROXY protocol, version 2, with which a proxy tells the
// next one for whom it has opened a connection: "The PROXY protocol", section
// 2.2, by Willy Tarreau, in the documentation of HAProxy.

// Longest header that is taken. The protocol wants one to fit into the first
// segment of a connection, whatever the network: 536 bytes (RFC 9293, 3.7.1).
inline constexpr size_t kMaxProxyHeaderSize = 536;

// Whom a connection is from, and where it was opened to.
struct ProxyAddresses {
  InetAddress source;
  InetAddress destination;

  friend bool operator==(const ProxyAddresses&,
                         const ProxyAddresses&) = default;
};

// What TLS has shown of the source.
struct ProxyTls {
  absl::string_view version;  // "TLSv1.3"
  absl::string_view name;     // authenticated
  absl::string_view cipher;   // "TLS_AES_256_GCM_SHA384"
};

// The header for a connection between IP addresses; IPv6 if one of them is.
// `tls` may be null. Its fields have at most 128 bytes each.
std::string EncodeProxyHeader(const ProxyAddresses& addresses,
                              const ProxyTls* tls);

// The header that gives no address: the receiver shall take those of its
// socket. It has room for nothing else.
std::string EncodeLocalProxyHeader();

// ProxyHeaderReader takes the header off the beginning of a connection, in
// pieces of any size, and asks for no byte behind it: what follows stays with
// the socket. It verifies the form alone; who may claim an address is for its
// user to know.
//
// Of what the header may carry beside addresses nothing is interpreted.
class ProxyHeaderReader {
 public:
  ProxyHeaderReader();

  // How many bytes it wants next: at least one until the header is whole, none
  // from then on.
  size_t wanted() const { return wanted_ - bytes_.size(); }

  // Takes the next bytes, at most wanted(). Returns INVALID_ARGUMENT, with what
  // is wrong in one sentence, as soon as they can be of no header: another
  // signature, version, command, family or protocol; longer than
  // kMaxProxyHeaderSize; addresses or fields that do not fit into its length.
  // Nothing is taken after that.
  absl::Status Take(absl::Span<const uint8_t> bytes);

  // Once it is whole: the addresses of a connection over TCP. Nothing if it
  // says that the proxy has opened the connection for itself, or speaks of any
  // other kind of connection.
  const absl::optional<ProxyAddresses>& addresses() const { return addresses_; }

 private:
  absl::Status CheckSignature() const;
  absl::Status ReadPreamble();
  absl::Status ReadAddresses();

  std::string bytes_;
  size_t wanted_;  // in all
  absl::optional<ProxyAddresses> addresses_;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_PROXY_HEADER_H_
