#include <cstdint>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/config/endpoint.h"
#include "service/sidecar/fake_lane_answerer.h"
#include "service/sidecar/inet_address.h"
#include "service/sidecar/proxy_header.h"
#include "service/sidecar/raw_tls_peer.h"
#include "service/sidecar/sidecar.h"
#include "service/sidecar/socket_address.h"
#include "service/sidecar/tunnel_fixture.h"
#include "skex/base/bytes.h"
#include "skex/ratchet/messages.h"

// Tunnels that take PROXY headers, and that send them.

namespace service {
namespace {

using testing::HasSubstr;

InetAddress At(absl::string_view endpoint) {
  return InetAddress::Of(
             SocketAddress::Of(Endpoint::Parse(endpoint).value()).value())
      .value();
}

InetAddress At(const Endpoint& endpoint) { return At(endpoint.ToString()); }

// The address of this end of a stream.
InetAddress Near(const TestStream& stream) {
  return InetAddress::Of(SocketAddress::OfSocket(stream.fd())).value();
}

// As a load balancer tells of a client.
ProxyAddresses FromClient(absl::string_view client = "192.0.2.7:4660") {
  return {At(client), At("198.51.100.1:443")};
}

std::string HeaderOf(const ProxyAddresses& addresses) {
  return EncodeProxyHeader(addresses, nullptr);
}

class ProxyTest : public TunnelFixture {
 protected:
  // What a header to Bob's backend says of Alice.
  static std::string HeaderWithAlice(const ProxyAddresses& addresses) {
    const std::string name = Alice().text();
    const ProxyTls shown = {"TLSv1.3", name, "TLS_AES_256_GCM_SHA384"};
    return EncodeProxyHeader(addresses, &shown);
  }

  OutboundOptions& outbound() { return alice_.options.outbound.front(); }
  InboundOptions& inbound() { return bob_.options.inbound.front(); }

  // A connection of Alice to Bob, behind what a load balancer sends first.
  RawTlsPeer Dial(absl::string_view before) {
    TestStream stream = TestStream::Connect(bob_.endpoint());
    EXPECT_TRUE(stream.Send(before));
    return RawTlsPeer(std::move(stream), TestPsk(1, 0));
  }

  static uint64_t Count(TestAgent& agent, ConnectionResult result) {
    EXPECT_EQ(agent.Finish(), 0u);
    return agent.Tunnel().Count(result);
  }
};

// ---- Inbound

TEST_F(ProxyTest, BackendIsToldWhoCalls) {
  inbound().send_proxy = true;
  StartBob();
  RawTlsPeer peer = Dial("");
  ASSERT_TRUE(peer.Handshake().ok()) << peer.session().status();
  ASSERT_TRUE(peer.Send("request"));
  TestStream backend = backend_.Accept();
  const std::string expected =
      HeaderWithAlice({Near(peer.stream()), At(bob_.endpoint())});
  EXPECT_EQ(backend.Read(expected.size()), expected);
  EXPECT_EQ(backend.Read(7), "request");
  // The header is none of the bytes of the connection.
  backend.Close();
  peer.CloseWrite();
  EXPECT_EQ(Count(bob_, ConnectionResult::kClosed), 1u);
  EXPECT_EQ(bob_.Tunnel().received_bytes, 7u);
}

TEST_F(ProxyTest, BackendIsToldBeforeAnyByteComes) {
  inbound().send_proxy = true;
  StartBob();
  RawTlsPeer peer = Dial("");
  ASSERT_TRUE(peer.Handshake().ok()) << peer.session().status();
  TestStream backend = backend_.Accept();
  const std::string expected =
      HeaderWithAlice({Near(peer.stream()), At(bob_.endpoint())});
  EXPECT_EQ(backend.Read(expected.size()), expected);
  ASSERT_TRUE(backend.Send("220 ready"));
  EXPECT_EQ(peer.Read(9), "220 ready");
}

TEST_F(ProxyTest, BackendIsToldWhatALoadBalancerSaid) {
  inbound().accept_proxy = true;
  inbound().send_proxy = true;
  StartBob();
  RawTlsPeer peer = Dial(HeaderOf(FromClient()));
  ASSERT_TRUE(peer.Handshake().ok()) << peer.session().status();
  TestStream backend = backend_.Accept();
  const std::string expected = HeaderWithAlice(FromClient());
  EXPECT_EQ(backend.Read(expected.size()), expected);
  peer.CloseWrite();
  backend.Close();
  EXPECT_EQ(Count(bob_, ConnectionResult::kClosed), 1u);
  EXPECT_THAT(bob_.logged(), HasSubstr("source=192.0.2.7:4660"));
}

TEST_F(ProxyTest, LoadBalancersOwnConnectionKeepsItsAddresses) {
  inbound().accept_proxy = true;
  inbound().send_proxy = true;
  StartBob();
  RawTlsPeer peer = Dial(EncodeLocalProxyHeader());
  ASSERT_TRUE(peer.Handshake().ok()) << peer.session().status();
  const std::string expected =
      HeaderWithAlice({Near(peer.stream()), At(bob_.endpoint())});
  EXPECT_EQ(backend_.Accept().Read(expected.size()), expected);
}

TEST_F(ProxyTest, HeaderMayComeInAnyPieces) {
  inbound().accept_proxy = true;
  StartBob();
  const std::string header = HeaderOf(FromClient());
  // All in one segment with the beginning of the handshake.
  RawTlsPeer quick(TestStream::Connect(bob_.endpoint()), TestPsk(1, 0));
  const std::string hello(skex::AsText(quick.session().output()));
  quick.session().ConsumeOutput(hello.size());
  ASSERT_TRUE(quick.stream().Send(header + hello));
  EXPECT_TRUE(quick.Handshake().ok()) << quick.session().status();
  // Byte by byte.
  RawTlsPeer slow(TestStream::Connect(bob_.endpoint()), TestPsk(1, 1));
  for (char byte : header) {
    ASSERT_TRUE(slow.stream().Send(absl::string_view(&byte, 1)));
  }
  EXPECT_TRUE(slow.Handshake().ok()) << slow.session().status();
}

TEST_F(ProxyTest, ConnectionWithoutHeaderIsRefused) {
  inbound().accept_proxy = true;
  StartBob();
  // TLS, which would be welcome behind one.
  RawTlsPeer peer = Dial("");
  peer.Handshake().IgnoreError();
  EXPECT_EQ(peer.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(Count(bob_, ConnectionResult::kBadProxyHeader), 1u);
  EXPECT_TRUE(bob_.keys.accepted().empty());
  EXPECT_FALSE(backend_.HasCaller());
  EXPECT_THAT(bob_.logged(), HasSubstr("result=bad_proxy_header"));
  EXPECT_THAT(bob_.logged(), HasSubstr("begins with other bytes"));
}

TEST_F(ProxyTest, HeaderIsGarbageWhereNoneIsAccepted) {
  StartBob();
  RawTlsPeer peer = Dial(HeaderOf(FromClient()));
  EXPECT_FALSE(peer.Handshake().ok());
  EXPECT_EQ(Count(bob_, ConnectionResult::kHandshakeError), 1u);
}

TEST_F(ProxyTest, LoadBalancerThatOnlyLooksIsNoWarning) {
  inbound().accept_proxy = true;
  StartBob();
  TestStream stream = TestStream::Connect(bob_.endpoint());
  ASSERT_TRUE(stream.Send(HeaderOf(FromClient()).substr(0, 20)));
  stream.ShutdownWrite();
  EXPECT_EQ(stream.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(Count(bob_, ConnectionResult::kHandshakeError), 1u);
}

TEST_F(ProxyTest, SilentLoadBalancerIsGivenUp) {
  inbound().accept_proxy = true;
  bob_.options.limits.handshake_timeout = absl::Milliseconds(20);
  StartBob();
  TestStream stream = TestStream::Connect(bob_.endpoint());
  EXPECT_EQ(stream.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(Count(bob_, ConnectionResult::kHandshakeTimeout), 1u);
}

TEST_F(ProxyTest, WaitingForAHeaderIsPartOfTheOpening) {
  inbound().accept_proxy = true;
  bob_.options.limits.handshakes = 1;
  StartBob();
  TestStream silent = TestStream::Connect(bob_.endpoint());
  while (bob_.Tunnel().handshaking < 1) std::this_thread::yield();
  // Is not even accepted before the other one is gone.
  RawTlsPeer peer = Dial(HeaderOf(FromClient()));
  silent.Close();
  EXPECT_TRUE(peer.Handshake().ok()) << peer.session().status();
}

TEST_F(ProxyTest, StopEndsWhatWaitsForAHeader) {
  inbound().accept_proxy = true;
  StartBob();
  TestStream silent = TestStream::Connect(bob_.endpoint());
  while (bob_.Tunnel().open < 1) std::this_thread::yield();
  bob_.sidecar->Stop();
  EXPECT_EQ(silent.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(bob_.Tunnel().Count(ConnectionResult::kStopped), 1u);
}

TEST_F(ProxyTest, LaneMessagesMayComeBehindAHeader) {
  FakeLaneAnswerer lanes;
  lanes.AnswerWith([](const std::string& m1) -> LaneReply {
    return {absl::OkStatus(), Alice().text(), {FakeM2(m1.back())}};
  });
  bob_.lanes = &lanes;
  inbound().accept_proxy = true;
  StartBob();
  TestStream peer = TestStream::Connect(bob_.endpoint());
  ASSERT_TRUE(peer.Send(HeaderOf(FromClient()) + FakeM1('a')));
  EXPECT_EQ(peer.Read(skex::kM2Size), FakeM2('a'));
  // The answerer must outlive the sidecar.
  bob_.sidecar.reset();
}

// ---- Outbound

TEST_F(ProxyTest, HeaderOfALocalLoadBalancerIsTakenOff) {
  outbound().accept_proxy = true;
  Start();
  TestStream app = TestStream::Connect(alice_.endpoint());
  ASSERT_TRUE(app.Send(HeaderOf(FromClient()) + "request"));
  app.ShutdownWrite();
  TestStream backend = backend_.Accept();
  EXPECT_EQ(backend.ReadToEnd().bytes, "request");
  backend.Close();
  EXPECT_EQ(app.ReadToEnd().end, StreamEnd::kOrderly);
  EXPECT_EQ(Count(alice_, ConnectionResult::kClosed), 1u);
  EXPECT_EQ(alice_.Tunnel().sent_bytes, 7u);
  EXPECT_THAT(alice_.logged(), HasSubstr("source=192.0.2.7:4660"));
}

TEST_F(ProxyTest, AppWithoutHeaderCostsNoKey) {
  outbound().accept_proxy = true;
  TestServer remote;
  StartAlice(remote.endpoint());
  TestStream app = TestStream::Connect(alice_.endpoint());
  ASSERT_TRUE(app.Send("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_EQ(app.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(Count(alice_, ConnectionResult::kBadProxyHeader), 1u);
  EXPECT_EQ(alice_.keys.takes(), 0);
  EXPECT_FALSE(remote.HasCaller());
}

TEST_F(ProxyTest, AppThatGoesBeforeItsHeaderIsNoFailure) {
  outbound().accept_proxy = true;
  Start();
  TestStream app = TestStream::Connect(alice_.endpoint());
  app.ShutdownWrite();
  app.ReadToEnd();
  EXPECT_EQ(Count(alice_, ConnectionResult::kAppReset), 1u);
  EXPECT_EQ(alice_.Tunnel().failed, 0u);
}

TEST_F(ProxyTest, BackendBehindThePeerIsToldTheAppsAddress) {
  outbound().send_proxy = true;
  Start();
  Ends ends = Open();
  const std::string expected =
      HeaderOf({Near(ends.app), At(alice_.endpoint())});
  // Before the app says a word.
  EXPECT_EQ(ends.backend.Read(expected.size()), expected);
  ASSERT_TRUE(ends.app.Send("request"));
  EXPECT_EQ(ends.backend.Read(7), "request");
  ends.app.Close();
  ends.backend.Close();
  EXPECT_EQ(Count(alice_, ConnectionResult::kClosed), 1u);
  EXPECT_EQ(alice_.Tunnel().sent_bytes, 7u);
}

TEST_F(ProxyTest, BackendBehindThePeerIsToldWhatALoadBalancerSaid) {
  outbound().accept_proxy = true;
  outbound().send_proxy = true;
  Start();
  TestStream app = TestStream::Connect(alice_.endpoint());
  const std::string header = HeaderOf(FromClient("[2001:db8::7]:4660"));
  ASSERT_TRUE(app.Send(header + "request"));
  app.ShutdownWrite();
  EXPECT_EQ(backend_.Accept().ReadToEnd().bytes, header + "request");
}

TEST_F(ProxyTest, AppAtAUnixSocketHasNoAddress) {
  const SocketFolder folder;
  const Endpoint listen = folder.At("app");
  outbound().listen = listen;
  outbound().send_proxy = true;
  Start();
  TestStream app = TestStream::Connect(listen);
  ASSERT_TRUE(app.Send("request"));
  app.ShutdownWrite();
  TestStream backend = backend_.Accept();
  EXPECT_EQ(backend.ReadToEnd().bytes, EncodeLocalProxyHeader() + "request");
  backend.Close();
  app.Close();
  EXPECT_EQ(Count(alice_, ConnectionResult::kClosed), 1u);
  EXPECT_THAT(alice_.logged(), HasSubstr("source=unix"));
}

// ---- Limit for each source

TEST_F(ProxyTest, SourceThatALoadBalancerNamesIsLimited) {
  outbound().accept_proxy = true;
  alice_.options.limits.connections_per_source = 1;
  Start();
  const auto connect = [&](absl::string_view client) {
    TestStream app = TestStream::Connect(alice_.endpoint());
    EXPECT_TRUE(app.Send(HeaderOf(FromClient(client)) + "x"));
    return app;
  };
  TestStream first = connect("192.0.2.1:1");
  TestStream first_served = backend_.Accept();
  EXPECT_EQ(first_served.Read(1), "x");
  EXPECT_EQ(connect("192.0.2.1:2").ReadToEnd().end, StreamEnd::kReset);
  TestStream other = connect("192.0.2.2:1");
  TestStream other_served = backend_.Accept();
  EXPECT_EQ(other_served.Read(1), "x");
  // Its end makes room.
  first.ShutdownWrite();
  first_served.Close();
  first.ReadToEnd();
  while (alice_.Tunnel().open > 1) std::this_thread::yield();
  TestStream next = connect("192.0.2.1:3");
  EXPECT_EQ(backend_.Accept().Read(1), "x");
  EXPECT_EQ(alice_.Tunnel().Count(ConnectionResult::kSourceLimit), 1u);
}

}  // namespace
}  // namespace service
