#include "service/sidecar/proxy_header.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"

namespace service {
namespace {

constexpr absl::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

// Signature, version and command, family and protocol, length of the rest.
constexpr size_t kPreambleSize = 16;

// Of the byte behind the signature: the version above, the command below.
constexpr uint8_t kVersion = 2;
constexpr uint8_t kLocal = 0;
constexpr uint8_t kProxy = 1;

// Of the byte behind that: the family above, the protocol below.
constexpr uint8_t kUnspecified = 0x00;
constexpr uint8_t kTcpOverIpv4 = 0x11;
constexpr uint8_t kTcpOverIpv6 = 0x21;
constexpr uint8_t kLastFamily = 3;    // Unix sockets
constexpr uint8_t kLastProtocol = 2;  // datagrams

// Types of fields, and of the fields in that of TLS.
constexpr uint8_t kTlsField = 0x20;
constexpr uint8_t kTlsVersionField = 0x21;
constexpr uint8_t kTlsNameField = 0x22;
constexpr uint8_t kTlsCipherField = 0x23;

// Of the field of TLS: the source has spoken TLS, and what it has shown
// verified.
constexpr uint8_t kSpokeTls = 0x01;
constexpr uint32_t kVerified = 0;

std::string Encode(uint8_t command, uint8_t family, absl::string_view rest) {
  skex::ByteWriter writer;
  writer.Raw(kSignature)
      .U8(static_cast<uint8_t>(kVersion << 4 | command))
      .U8(family)
      .Prefixed(rest);
  return std::move(writer).Take();
}

void AppendTls(const ProxyTls& tls, skex::ByteWriter& out) {
  skex::ByteWriter field;
  field.U8(kSpokeTls).U32(kVerified);
  field.U8(kTlsVersionField).Prefixed(tls.version);
  field.U8(kTlsNameField).Prefixed(tls.name);
  field.U8(kTlsCipherField).Prefixed(tls.cipher);
  out.U8(kTlsField).Prefixed(field.bytes());
}

absl::Status Malformed(absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("no PROXY header, version 2: ", why));
}

}  // namespace

std::string EncodeProxyHeader(const ProxyAddresses& addresses,
                              const ProxyTls* tls) {
  const InetAddress& source = addresses.source;
  const InetAddress& destination = addresses.destination;
  const bool v4 = source.IsV4() && destination.IsV4();
  skex::ByteWriter rest;
  rest.Raw(v4 ? source.v4() : absl::MakeConstSpan(source.ip));
  rest.Raw(v4 ? destination.v4() : absl::MakeConstSpan(destination.ip));
  rest.U16(source.port).U16(destination.port);
  if (tls != nullptr) AppendTls(*tls, rest);
  return Encode(kProxy, v4 ? kTcpOverIpv4 : kTcpOverIpv6, rest.bytes());
}

std::string EncodeLocalProxyHeader() {
  return Encode(kLocal, kUnspecified, "");
}

ProxyHeaderReader::ProxyHeaderReader() : wanted_(kPreambleSize) {}

absl::Status ProxyHeaderReader::Take(absl::Span<const uint8_t> bytes) {
  const bool had_preamble = bytes_.size() >= kPreambleSize;
  bytes_.append(bytes.begin(), bytes.end());
  if (!had_preamble) {
    if (absl::Status status = CheckSignature(); !status.ok()) return status;
    if (bytes_.size() < kPreambleSize) return absl::OkStatus();
    if (absl::Status status = ReadPreamble(); !status.ok()) return status;
  }
  return wanted() > 0 ? absl::OkStatus() : ReadAddresses();
}

// As far as it is there: who sends something else need not be waited for.
absl::Status ProxyHeaderReader::CheckSignature() const {
  const size_t size = std::min(bytes_.size(), kSignature.size());
  return absl::string_view(bytes_).substr(0, size) == kSignature.substr(0, size)
             ? absl::OkStatus()
             : Malformed("the connection begins with other bytes");
}

absl::Status ProxyHeaderReader::ReadPreamble() {
  skex::ByteReader reader(skex::AsBytes(bytes_));
  reader.Raw(kSignature.size());
  const uint8_t command = reader.U8();
  const uint8_t family = reader.U8();
  if (command >> 4 != kVersion) return Malformed("it has another version");
  if ((command & 0xf) > kProxy) return Malformed("its command is unknown");
  if (family >> 4 > kLastFamily || (family & 0xf) > kLastProtocol) {
    return Malformed("its family or protocol is unknown");
  }
  wanted_ = kPreambleSize + reader.U16();
  if (wanted_ > kMaxProxyHeaderSize) {
    return Malformed(absl::StrCat("it has ", wanted_, " bytes, at most ",
                                  kMaxProxyHeaderSize, " are taken"));
  }
  return absl::OkStatus();
}

absl::Status ProxyHeaderReader::ReadAddresses() {
  skex::ByteReader reader(skex::AsBytes(bytes_));
  reader.Raw(kSignature.size());
  const uint8_t command = reader.U8() & 0xf;
  const uint8_t family = reader.U8();
  reader.U16();
  const bool v4 = family == kTcpOverIpv4;
  // The rest of a header without addresses for us means nothing.
  if (command == kLocal || (!v4 && family != kTcpOverIpv6)) {
    return absl::OkStatus();
  }
  const size_t size = v4 ? InetAddress::kV4Size : InetAddress::kIpSize;
  const absl::Span<const uint8_t> source = reader.Raw(size);
  const absl::Span<const uint8_t> destination = reader.Raw(size);
  const uint16_t source_port = reader.U16();
  const uint16_t destination_port = reader.U16();
  if (!reader.ok()) return Malformed("its addresses are cut off");
  while (reader.ok() && reader.remaining() > 0) {
    reader.U8();
    reader.Prefixed();
  }
  if (!reader.ok()) return Malformed("a field in it is cut off");
  addresses_ = ProxyAddresses{InetAddress::OfIp(source, source_port),
                              InetAddress::OfIp(destination, destination_port)};
  return absl::OkStatus();
}

}  // namespace service
