#include "service/sidecar/proxy_header.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/config/endpoint.h"
#include "service/sidecar/socket_address.h"
#include "skex/base/bytes.h"

// The vectors are written down from the text of the protocol, by hand.

namespace service {
namespace {

using testing::HasSubstr;

constexpr char kSignature[] = "0d0a0d0a 000d0a51 5549540a";
// 192.0.2.1:4660 to 192.0.2.2:443.
constexpr char kV4Addresses[] = "c0000201 c0000202 1234 01bb";
// [2001:db8::1]:4660 to [2001:db8::2]:443.
constexpr char kV6Addresses[] =
    "20010db8 00000000 00000000 00000001"
    "20010db8 00000000 00000000 00000002 1234 01bb";

std::string Bytes(absl::string_view hex) {
  return absl::HexStringToBytes(absl::StrReplaceAll(hex, {{" ", ""}}));
}

// A header of a hexadecimal byte of version and command, one of family and
// protocol, a length and the rest.
std::string Header(absl::string_view command, absl::string_view family,
                   absl::string_view length, absl::string_view rest) {
  return Bytes(absl::StrCat(kSignature, command, family, length, rest));
}

InetAddress At(absl::string_view endpoint) {
  return InetAddress::Of(
             SocketAddress::Of(Endpoint::Parse(endpoint).value()).value())
      .value();
}

ProxyAddresses V4() { return {At("192.0.2.1:4660"), At("192.0.2.2:443")}; }

ProxyAddresses V6() {
  return {At("[2001:db8::1]:4660"), At("[2001:db8::2]:443")};
}

// Gives `bytes` to `reader` in pieces of at most `piece`, until it wants no
// more. Returns how many it took.
absl::StatusOr<size_t> Give(absl::string_view bytes, size_t piece,
                            ProxyHeaderReader& reader) {
  size_t taken = 0;
  while (reader.wanted() > 0 && taken < bytes.size()) {
    const absl::string_view next =
        bytes.substr(taken, std::min(piece, reader.wanted()));
    absl::Status status = reader.Take(skex::AsBytes(next));
    if (!status.ok()) return status;
    taken += next.size();
  }
  return taken;
}

// The addresses of a whole header, which must leave alone what follows it.
absl::optional<ProxyAddresses> Read(const std::string& header) {
  const std::string stream = header + "what follows";
  ProxyHeaderReader whole;
  EXPECT_EQ(Give(stream, stream.size(), whole).value(), header.size());
  EXPECT_EQ(whole.wanted(), 0u);
  for (size_t piece : {1, 7}) {
    ProxyHeaderReader reader;
    EXPECT_EQ(Give(stream, piece, reader).value(), header.size());
    EXPECT_EQ(reader.addresses(), whole.addresses());
  }
  return whole.addresses();
}

std::string Error(const std::string& bytes) {
  ProxyHeaderReader reader;
  const absl::Status status = Give(bytes, 65536, reader).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  ProxyHeaderReader slow;
  EXPECT_EQ(Give(bytes, 1, slow).status(), status);
  return std::string(status.message());
}

TEST(ProxyHeader, ReadsTcpOverIpv4) {
  EXPECT_EQ(Read(Header("21", "11", "000c", kV4Addresses)), V4());
}

TEST(ProxyHeader, ReadsTcpOverIpv6) {
  EXPECT_EQ(Read(Header("21", "21", "0024", kV6Addresses)), V6());
}

TEST(ProxyHeader, IgnoresFieldsThatItDoesNotKnow) {
  // No value; three bytes; padding.
  EXPECT_EQ(Read(Header("21", "11", "001a",
                        absl::StrCat(kV4Addresses,
                                     "ea0000 050003 616263 040002 0000"))),
            V4());
}

TEST(ProxyHeader, LocalHasNoAddresses) {
  EXPECT_FALSE(Read(Header("20", "00", "0000", "")).has_value());
  // Whatever it says beside.
  EXPECT_FALSE(Read(Header("20", "11", "000c", kV4Addresses)).has_value());
  EXPECT_FALSE(Read(Header("20", "11", "0003", "ffffff")).has_value());
}

TEST(ProxyHeader, OtherKindsOfConnectionsHaveNoAddresses) {
  EXPECT_FALSE(Read(Header("21", "00", "0000", "")).has_value());
  EXPECT_FALSE(Read(Header("21", "00", "0002", "abcd")).has_value());
  // Datagrams, and a Unix socket.
  EXPECT_FALSE(Read(Header("21", "12", "000c", kV4Addresses)).has_value());
  EXPECT_FALSE(Read(Header("21", "22", "0024", kV6Addresses)).has_value());
  EXPECT_FALSE(
      Read(Header("21", "31", "00d8", std::string(2 * 216, '1'))).has_value());
}

TEST(ProxyHeader, TakesTheLongestAndNoLonger) {
  // 536 and 537 bytes in all; what is behind the addresses is one field.
  const std::string longest =
      Header("21", "11", "0208",
             absl::StrCat(kV4Addresses, "ea01f9", std::string(2 * 505, '0')));
  ASSERT_EQ(longest.size(), kMaxProxyHeaderSize);
  EXPECT_EQ(Read(longest), V4());
  EXPECT_THAT(Error(Header("21", "11", "0209", "")),
              HasSubstr("has 537 bytes, at most 536"));
  EXPECT_THAT(Error(Header("20", "00", "ffff", "")), HasSubstr("65551 bytes"));
}

TEST(ProxyHeader, RefusesOtherBytesAtOnce) {
  // However few of them are there.
  EXPECT_THAT(Error("G"), HasSubstr("begins with other bytes"));
  EXPECT_THAT(Error("\x16\x03\x01"), HasSubstr("begins with other bytes"));
  EXPECT_THAT(Error("PROXY TCP4 192.0.2.1 192.0.2.2 4660 443\r\n"),
              HasSubstr("begins with other bytes"));
  const std::string header = Header("21", "11", "000c", kV4Addresses);
  for (size_t i = 0; i < 12; ++i) {
    std::string bent = header;
    bent[i] ^= 0x40;
    EXPECT_THAT(Error(bent.substr(0, i + 1)),
                HasSubstr("begins with other bytes"));
  }
}

TEST(ProxyHeader, RefusesOtherVersionsAndCommands) {
  EXPECT_THAT(Error(Header("11", "11", "000c", kV4Addresses)),
              HasSubstr("another version"));
  EXPECT_THAT(Error(Header("31", "11", "000c", kV4Addresses)),
              HasSubstr("another version"));
  EXPECT_THAT(Error(Header("22", "11", "000c", kV4Addresses)),
              HasSubstr("command is unknown"));
  EXPECT_THAT(Error(Header("2f", "11", "000c", kV4Addresses)),
              HasSubstr("command is unknown"));
}

TEST(ProxyHeader, RefusesUnknownFamiliesAndProtocols) {
  EXPECT_THAT(Error(Header("21", "41", "000c", kV4Addresses)),
              HasSubstr("family or protocol"));
  EXPECT_THAT(Error(Header("21", "13", "000c", kV4Addresses)),
              HasSubstr("family or protocol"));
}

TEST(ProxyHeader, RefusesAddressesThatAreCutOff) {
  EXPECT_THAT(Error(Header("21", "11", "0000", "")),
              HasSubstr("addresses are cut off"));
  EXPECT_THAT(Error(Header("21", "11", "000b", "c0000201 c0000202 1234 01")),
              HasSubstr("addresses are cut off"));
  EXPECT_THAT(Error(Header("21", "21", "000c", kV4Addresses)),
              HasSubstr("addresses are cut off"));
}

TEST(ProxyHeader, RefusesFieldsThatAreCutOff) {
  const std::string v4 = kV4Addresses;
  EXPECT_THAT(Error(Header("21", "11", "000d", v4 + "05")),
              HasSubstr("field in it is cut off"));
  EXPECT_THAT(Error(Header("21", "11", "000e", v4 + "0500")),
              HasSubstr("field in it is cut off"));
  EXPECT_THAT(Error(Header("21", "11", "0011", v4 + "050003 6162")),
              HasSubstr("field in it is cut off"));
}

TEST(ProxyHeader, WantsMoreUntilItIsWhole) {
  const std::string header = Header("21", "11", "000c", kV4Addresses);
  for (size_t size = 0; size < header.size(); ++size) {
    ProxyHeaderReader reader;
    EXPECT_EQ(Give(header.substr(0, size), 65536, reader).value(), size);
    EXPECT_GT(reader.wanted(), 0u);
    EXPECT_FALSE(reader.addresses().has_value());
  }
}

TEST(ProxyHeader, IsWrittenForIpv4) {
  EXPECT_EQ(EncodeProxyHeader(V4(), nullptr),
            Header("21", "11", "000c", kV4Addresses));
}

TEST(ProxyHeader, IsWrittenForIpv6) {
  EXPECT_EQ(EncodeProxyHeader(V6(), nullptr),
            Header("21", "21", "0024", kV6Addresses));
}

TEST(ProxyHeader, MapsIpv4WhereTheOtherEndIsOfIpv6) {
  EXPECT_EQ(EncodeProxyHeader({V6().source, V4().destination}, nullptr),
            Header("21", "21", "0024",
                   "20010db8 00000000 00000000 00000001"
                   "00000000 00000000 0000ffff c0000202 1234 01bb"));
}

TEST(ProxyHeader, NamesWhatTlsHasShown) {
  // 0x20: one byte of flags, four of the result, then "TLSv1.3" (0x21), the
  // name (0x22), the cipher (0x23), each with its length.
  const ProxyTls shown = {"TLSv1.3", "a@b.c", "TLS_X"};
  EXPECT_EQ(EncodeProxyHeader(V4(), &shown),
            Header("21", "11", "002e",
                   absl::StrCat(kV4Addresses, "20 001f 01 00000000",
                                "21 0007 544c5376312e33", "22 0005 6140622e63",
                                "23 0005 544c535f58")));
}

TEST(ProxyHeader, FitsWithTheLongestNames) {
  const std::string longest(128, 'x');
  const ProxyTls shown = {"TLSv1.3", longest, longest};
  const std::string header = EncodeProxyHeader(V6(), &shown);
  EXPECT_LE(header.size(), kMaxProxyHeaderSize);
  EXPECT_EQ(Read(header), V6());
}

TEST(ProxyHeader, IsWrittenWithoutAddresses) {
  EXPECT_EQ(EncodeLocalProxyHeader(), Header("20", "00", "0000", ""));
}

}  // namespace
}  // namespace service
