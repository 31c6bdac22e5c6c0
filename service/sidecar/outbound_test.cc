#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/sidecar/raw_tls_peer.h"
#include "service/sidecar/sidecar.h"
#include "service/sidecar/tunnel_fixture.h"
#include "skex/base/bytes.h"

// Outbound tunnels: what happens between an app's connection and an
// established session, and what a peer can do wrong.

namespace service {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kSecret[] = "the application's secret text";

class OutboundTest : public TunnelFixture {
 protected:
  // How the app's connection ends, when nobody serves it.
  StreamEnd EndOfApp() {
    TestStream app = TestStream::Connect(alice_.endpoint());
    app.Send(kSecret);
    return app.ReadToEnd().end;
  }

  // Stops Alice and returns how often a result came.
  uint64_t Count(ConnectionResult result) {
    EXPECT_EQ(alice_.Finish(), 0u);
    return alice_.Tunnel().Count(result);
  }

  TestServer remote_;
};

TEST_F(OutboundTest, NoKeyIsARefusalWithoutAByteOnTheWire) {
  FakePskProvider no_keys;
  alice_.options.outbound.front().connect = remote_.endpoint();
  alice_.options.limits.key_wait = absl::Milliseconds(20);
  std::unique_ptr<Sidecar> sidecar =
      Sidecar::Create(alice_.options, no_keys, TestTls(), alice_.log, nullptr,
                      nullptr)
          .value();
  sidecar->Start();
  TestStream app = TestStream::Connect(sidecar->Tunnels().front().listen);
  app.Send(kSecret);
  TestStream captured = remote_.Accept();
  EXPECT_EQ(app.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(captured.ReadToEnd().bytes, "");
  EXPECT_EQ(sidecar->Drain(absl::Minutes(1)), 0u);
  const TunnelSnapshot tunnel = sidecar->Tunnels().front();
  EXPECT_EQ(tunnel.Count(ConnectionResult::kNoKey), 1u);
  EXPECT_EQ(tunnel.failed, 1u);
  EXPECT_EQ(tunnel.sent_bytes, 0u);
  EXPECT_THAT(alice_.logged(), HasSubstr("result=no_key"));
  EXPECT_THAT(alice_.logged(), HasSubstr("no key in this test"));
}

TEST_F(OutboundTest, WaitsForAKeyThatComesInTime) {
  FakePskProvider late_keys;
  // The third look finds one.
  late_keys.OnTake([&late_keys](int call) {
    if (call == 3) late_keys.DialWith(1);
  });
  StartBob();
  alice_.options.outbound.front().connect = bob_.endpoint();
  std::unique_ptr<Sidecar> sidecar =
      Sidecar::Create(alice_.options, late_keys, TestTls(), alice_.log, nullptr,
                      nullptr)
          .value();
  sidecar->Start();
  TestStream app = TestStream::Connect(sidecar->Tunnels().front().listen);
  ASSERT_TRUE(app.Send(kSecret));
  app.ShutdownWrite();
  EXPECT_EQ(backend_.Accept().ReadToEnd().bytes, kSecret);
  EXPECT_EQ(late_keys.takes(), 3);
}

TEST_F(OutboundTest, NeverSendsPlainText) {
  StartAlice(remote_.endpoint());
  TestStream app = TestStream::Connect(alice_.endpoint());
  ASSERT_TRUE(app.Send(kSecret));
  TestStream captured = remote_.Accept();
  std::string wire = captured.ReadSome();
  // What is no TLS ends the connection; all of what came is looked at.
  ASSERT_TRUE(captured.Send("HTTP/1.1 400 Bad Request\r\n\r\n"));
  wire += captured.ReadToEnd().bytes;
  EXPECT_EQ(wire.front(), 0x16);  // a handshake record
  EXPECT_THAT(wire, Not(HasSubstr("secret")));
  EXPECT_EQ(app.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(Count(ConnectionResult::kHandshakeError), 1u);
}

TEST_F(OutboundTest, TriesAgainWithANewKeyAfterARefusal) {
  alice_.keys.DialWith(7);  // Bob does not know it
  alice_.keys.OnRefused([this] { alice_.keys.DialWith(1); });
  Start();
  TestStream app = TestStream::Connect(alice_.endpoint());
  ASSERT_TRUE(app.Send(kSecret));
  app.ShutdownWrite();
  TestStream served = backend_.Accept();
  EXPECT_EQ(served.ReadToEnd().bytes, kSecret);
  served.Close();
  EXPECT_EQ(app.ReadToEnd().end, StreamEnd::kOrderly);
  EXPECT_EQ(alice_.keys.refused().size(), 1u);
  EXPECT_EQ(alice_.keys.refused().front(), TestPsk(7, 0).identity);
  EXPECT_EQ(Count(ConnectionResult::kClosed), 1u);
  const TunnelSnapshot tunnel = alice_.Tunnel();
  EXPECT_EQ(tunnel.retries, 1u);
  EXPECT_EQ(tunnel.total, 1u);
  EXPECT_EQ(tunnel.Count(HandshakeResult::kRefused), 1u);
  EXPECT_EQ(tunnel.Count(HandshakeResult::kOk), 1u);
}

TEST_F(OutboundTest, WaitsForAnotherKeyAfterARefusal) {
  alice_.keys.DialWith(7);
  // The first look is the attempt that is refused; at the fourth there is
  // another key.
  alice_.keys.OnTake([this](int call) {
    if (call == 4) alice_.keys.DialWith(1);
  });
  Start();
  Ends ends = Open();
  ASSERT_TRUE(ends.app.Send(kSecret));
  ends.app.ShutdownWrite();
  EXPECT_EQ(ends.backend.ReadToEnd().bytes, kSecret);
  EXPECT_EQ(alice_.keys.takes(), 4);
  EXPECT_EQ(bob_.Tunnel().total, 2u);
}

TEST_F(OutboundTest, GivesUpWhenNoOtherKeyComes) {
  alice_.keys.DialWith(7);
  alice_.options.limits.key_wait = absl::Milliseconds(20);
  Start();
  EXPECT_EQ(EndOfApp(), StreamEnd::kReset);
  EXPECT_EQ(Count(ConnectionResult::kRefused), 1u);
  EXPECT_EQ(alice_.Tunnel().retries, 1u);
  bob_.Finish();
  EXPECT_EQ(bob_.Tunnel().total, 1u);
}

TEST_F(OutboundTest, GivesUpAfterSomeRefusals) {
  uint8_t next_key = 7;
  alice_.keys.DialWith(next_key);
  alice_.keys.OnRefused([&] { alice_.keys.DialWith(++next_key); });
  Start();
  EXPECT_EQ(EndOfApp(), StreamEnd::kReset);
  EXPECT_EQ(Count(ConnectionResult::kRefused), 1u);
  EXPECT_EQ(alice_.Tunnel().Count(HandshakeResult::kRefused), 3u);
  EXPECT_EQ(alice_.keys.refused().size(), 3u);
  EXPECT_FALSE(backend_.HasCaller());
}

TEST_F(OutboundTest, PeerWithAnotherKeyIsRefused) {
  alice_.options.limits.key_wait = absl::Milliseconds(20);
  StartAlice(remote_.endpoint());
  TestStream app = TestStream::Connect(alice_.endpoint());
  RawTlsPeer impostor = RawTlsPeer::Server(remote_.Accept(), TestPsk(2, 0));
  EXPECT_FALSE(impostor.Handshake().ok());
  EXPECT_EQ(app.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(Count(ConnectionResult::kRefused), 1u);
}

TEST_F(OutboundTest, RemoteAwayResetsTheAppAndTakesNoKey) {
  StartAlice(DeadEndpoint());
  EXPECT_EQ(EndOfApp(), StreamEnd::kReset);
  EXPECT_EQ(Count(ConnectionResult::kUnreachable), 1u);
  EXPECT_EQ(alice_.keys.takes(), 0);
  EXPECT_THAT(alice_.logged(), HasSubstr("result=unreachable"));
}

TEST_F(OutboundTest, SilentRemoteIsGivenUp) {
  alice_.options.limits.handshake_timeout = absl::Milliseconds(20);
  StartAlice(remote_.endpoint());
  EXPECT_EQ(EndOfApp(), StreamEnd::kReset);
  EXPECT_EQ(Count(ConnectionResult::kHandshakeTimeout), 1u);
  EXPECT_EQ(alice_.Tunnel().Count(HandshakeResult::kTimeout), 1u);
}

TEST_F(OutboundTest, RemoteThatClosesDuringTheHandshakeResetsTheApp) {
  StartAlice(remote_.endpoint());
  TestStream app = TestStream::Connect(alice_.endpoint());
  TestStream peer = remote_.Accept();
  EXPECT_NE(peer.ReadSome(), "");
  peer.Close();
  EXPECT_EQ(app.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(Count(ConnectionResult::kHandshakeError), 1u);
}

// Alice's peer, played by the test, with an established session.
class OutboundStreamTest : public OutboundTest {
 protected:
  OutboundStreamTest() {
    StartAlice(remote_.endpoint());
    app_.emplace(TestStream::Connect(alice_.endpoint()));
    peer_.emplace(RawTlsPeer::Server(remote_.Accept(), TestPsk(1, 0)));
    EXPECT_TRUE(peer_->Handshake().ok()) << peer_->session().status();
  }

  absl::optional<TestStream> app_;
  absl::optional<RawTlsPeer> peer_;
};

TEST_F(OutboundStreamTest, EndWithoutCloseNotifyIsAResetForTheApp) {
  ASSERT_TRUE(peer_->Send("half of the truth"));
  EXPECT_EQ(app_->Read(17), "half of the truth");
  peer_->stream().ShutdownWrite();
  EXPECT_EQ(app_->ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(Count(ConnectionResult::kTruncated), 1u);
  EXPECT_THAT(alice_.logged(), HasSubstr("result=truncated"));
}

TEST_F(OutboundStreamTest, EndInsideARecordIsAResetForTheApp) {
  ASSERT_TRUE(peer_->session().Write({'x'}).ok());
  const absl::Span<const uint8_t> record = peer_->session().output();
  ASSERT_TRUE(peer_->stream().Send(
      {reinterpret_cast<const char*>(record.data()), record.size() / 2}));
  peer_->stream().ShutdownWrite();
  const StreamRest rest = app_->ReadToEnd();
  EXPECT_EQ(rest.bytes, "");
  EXPECT_EQ(rest.end, StreamEnd::kReset);
  EXPECT_EQ(Count(ConnectionResult::kTruncated), 1u);
}

TEST_F(OutboundStreamTest, ResetOfThePeerIsAResetForTheApp) {
  ASSERT_TRUE(peer_->Send("x"));
  ASSERT_EQ(app_->Read(1), "x");
  peer_->stream().Reset();
  EXPECT_EQ(app_->ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(Count(ConnectionResult::kPeerReset), 1u);
}

TEST_F(OutboundStreamTest, ForgedRecordIsAResetForTheApp) {
  ASSERT_TRUE(peer_->stream().Send(std::string("\x17\x03\x03\x00\x20", 5) +
                                   std::string(32, 'f')));
  const StreamRest rest = app_->ReadToEnd();
  EXPECT_EQ(rest.bytes, "");
  EXPECT_EQ(rest.end, StreamEnd::kReset);
  EXPECT_EQ(Count(ConnectionResult::kTlsError), 1u);
}

TEST_F(OutboundStreamTest, AlertOfThePeerIsAResetForTheApp) {
  ASSERT_TRUE(peer_->Send("x"));
  ASSERT_EQ(app_->Read(1), "x");
  peer_->session().Abort();
  peer_->stream().Send(skex::AsText(peer_->session().output()));
  EXPECT_EQ(app_->ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(Count(ConnectionResult::kTlsError), 1u);
}

TEST_F(OutboundStreamTest, ResetOfTheAppIsNoOrderlyEndForThePeer) {
  ASSERT_TRUE(app_->Send("x"));
  ASSERT_EQ(peer_->Read(1), "x");
  app_->Reset();
  EXPECT_EQ(peer_->ReadToEnd().end, StreamEnd::kReset);
  EXPECT_FALSE(peer_->session().peer_closed());
}

TEST_F(OutboundStreamTest, EndOfTheAppIsAnAnnouncedEndForThePeer) {
  ASSERT_TRUE(app_->Send("all"));
  app_->ShutdownWrite();
  const StreamRest rest = peer_->ReadToEnd();
  EXPECT_EQ(rest.bytes, "all");
  EXPECT_EQ(rest.end, StreamEnd::kOrderly);
}

}  // namespace
}  // namespace service
