#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/base/monotonic_time.h"
#include "service/sidecar/raw_tls_peer.h"
#include "service/sidecar/sidecar.h"
#include "service/sidecar/tunnel_fixture.h"
#include "skex/base/bytes.h"

// Inbound tunnels: who gets in, and what who does not sees.

namespace service {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

skex::AgentId Mallory() {
  return skex::AgentId::Parse("mallory@east.example").value();
}

class InboundTest : public TunnelFixture {
 protected:
  RawTlsPeer Dial(skex::Psk psk) {
    return RawTlsPeer(TestStream::Connect(bob_.endpoint()), std::move(psk));
  }

  // All that the server sends to a client that offers `psk`.
  std::string AnswerTo(skex::Psk psk) {
    const auto client =
        tlsbridge::Session::Client(TestTls(), std::move(psk)).value();
    TestStream stream = TestStream::Connect(bob_.endpoint());
    EXPECT_TRUE(stream.Send(skex::AsText(client->output())));
    return stream.ReadToEnd().bytes;
  }

  uint64_t Count(ConnectionResult result) {
    EXPECT_EQ(bob_.Finish(), 0u);
    return bob_.Tunnel().Count(result);
  }
};

TEST_F(InboundTest, KnownPeerReachesTheBackend) {
  StartBob();
  RawTlsPeer peer = Dial(TestPsk(1, 5));
  ASSERT_TRUE(peer.Handshake().ok()) << peer.session().status();
  TestStream backend = backend_.Accept();
  ASSERT_TRUE(peer.Send("request"));
  EXPECT_EQ(backend.Read(7), "request");
  ASSERT_TRUE(backend.Send("answer"));
  backend.Close();
  const StreamRest rest = peer.ReadToEnd();
  EXPECT_EQ(rest.bytes, "answer");
  EXPECT_EQ(rest.end, StreamEnd::kOrderly);
  EXPECT_THAT(bob_.keys.accepted(), ElementsAre(TestPsk(1, 5).identity));
}

TEST_F(InboundTest, HelloRetryRequestUsesAnIdentityOnce) {
  tlsbridge::Policy policy;
  policy.groups = {tlsbridge::Group::kP384};
  bob_.tls = tlsbridge::Context::Create(policy).value();
  StartBob();
  RawTlsPeer peer = Dial(TestPsk(1, 0));
  ASSERT_TRUE(peer.Handshake().ok()) << peer.session().status();
  EXPECT_TRUE(peer.session().info().hello_retry);
  ASSERT_TRUE(peer.Send("x"));
  EXPECT_EQ(backend_.Accept().Read(1), "x");
  EXPECT_EQ(bob_.keys.accepted().size(), 1u);
}

TEST_F(InboundTest, UnknownIdentityIsRefused) {
  StartBob();
  EXPECT_TRUE(absl::IsUnauthenticated(Dial(TestPsk(9, 0)).Handshake()));
  EXPECT_EQ(Count(ConnectionResult::kUnknownIdentity), 1u);
  EXPECT_EQ(bob_.Tunnel().Count(HandshakeResult::kRefused), 1u);
  EXPECT_FALSE(backend_.HasCaller());
}

TEST_F(InboundTest, WrongKeyIsRefusedAndMarksNothingAsUsed) {
  StartBob();
  skex::Psk wrong = TestPsk(1, 0);
  wrong.secret.mutable_view()[0] ^= 1;
  EXPECT_TRUE(absl::IsUnauthenticated(Dial(std::move(wrong)).Handshake()));
  EXPECT_TRUE(bob_.keys.accepted().empty());
  EXPECT_TRUE(Dial(TestPsk(1, 0)).Handshake().ok());
  backend_.Accept();
  EXPECT_EQ(Count(ConnectionResult::kRefused), 1u);
}

TEST_F(InboundTest, WrongContextIsRefused) {
  StartBob();
  skex::Psk wrong = TestPsk(1, 0);
  wrong.context = "roles of another test";
  EXPECT_TRUE(absl::IsUnauthenticated(Dial(std::move(wrong)).Handshake()));
  EXPECT_EQ(Count(ConnectionResult::kRefused), 1u);
}

TEST_F(InboundTest, PeerOutsideTheAllowListIsRefused) {
  bob_.keys.AcceptFrom(Mallory(), 3);
  StartBob();
  EXPECT_TRUE(absl::IsUnauthenticated(Dial(TestPsk(3, 0)).Handshake()));
  EXPECT_EQ(Count(ConnectionResult::kNotAllowed), 1u);
  EXPECT_TRUE(bob_.keys.accepted().empty());
  EXPECT_FALSE(backend_.HasCaller());
  EXPECT_THAT(bob_.logged(), HasSubstr("peer=mallory@east.example"));
}

TEST_F(InboundTest, IdentityIsAcceptedOnce) {
  StartBob();
  ASSERT_TRUE(Dial(TestPsk(1, 0)).Handshake().ok());
  backend_.Accept();
  EXPECT_TRUE(absl::IsUnauthenticated(Dial(TestPsk(1, 0)).Handshake()));
  EXPECT_EQ(Count(ConnectionResult::kReplayed), 1u);
  EXPECT_FALSE(backend_.HasCaller());
}

TEST_F(InboundTest, KeyThatIsGoneWhenTheBinderVerifiesIsRefused) {
  bob_.keys.FailAccept(absl::NotFoundError("the key is gone"));
  StartBob();
  EXPECT_TRUE(absl::IsUnauthenticated(Dial(TestPsk(1, 0)).Handshake()));
  EXPECT_EQ(Count(ConnectionResult::kRefused), 1u);
  EXPECT_FALSE(backend_.HasCaller());
}

TEST_F(InboundTest, AllRefusalsLookAlike) {
  bob_.keys.AcceptFrom(Mallory(), 3);
  StartBob();
  ASSERT_TRUE(Dial(TestPsk(1, 0)).Handshake().ok());
  backend_.Accept();
  skex::Psk wrong_key = TestPsk(1, 1);
  wrong_key.secret.mutable_view()[0] ^= 1;
  const std::string unknown = AnswerTo(TestPsk(9, 0));
  EXPECT_NE(unknown, "");
  EXPECT_EQ(AnswerTo(std::move(wrong_key)), unknown);
  EXPECT_EQ(AnswerTo(TestPsk(3, 0)), unknown);
  EXPECT_EQ(AnswerTo(TestPsk(1, 0)), unknown);
}

TEST_F(InboundTest, BackendAwayIsAResetAndNoRefusal) {
  bob_.options.inbound.front().forward = DeadEndpoint();
  StartBob();
  RawTlsPeer peer = Dial(TestPsk(1, 0));
  // The server's answer may have been read before the reset, or not.
  const absl::Status handshake = peer.Handshake();
  EXPECT_FALSE(absl::IsUnauthenticated(handshake)) << handshake;
  EXPECT_EQ(peer.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(Count(ConnectionResult::kBackendDown), 1u);
  EXPECT_THAT(bob_.logged(), HasSubstr("result=backend_down"));
}

TEST_F(InboundTest, BackendAwayResetsTheAppAtTheOtherEnd) {
  bob_.options.inbound.front().forward = DeadEndpoint();
  Start();
  TestStream app = TestStream::Connect(alice_.endpoint());
  EXPECT_EQ(app.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_TRUE(alice_.keys.refused().empty());
}

TEST_F(InboundTest, PlainTextIsRefused) {
  StartBob();
  TestStream stream = TestStream::Connect(bob_.endpoint());
  ASSERT_TRUE(stream.Send("GET / HTTP/1.1\r\n\r\n"));
  stream.ReadToEnd();
  EXPECT_EQ(Count(ConnectionResult::kHandshakeError), 1u);
  EXPECT_FALSE(backend_.HasCaller());
}

TEST_F(InboundTest, ConnectionThatClosesAtOnceIsCounted) {
  StartBob();
  TestStream::Connect(bob_.endpoint()).ShutdownWrite();
  TestStream stream = TestStream::Connect(bob_.endpoint());
  stream.ShutdownWrite();
  stream.ReadToEnd();
  EXPECT_EQ(Count(ConnectionResult::kHandshakeError), 2u);
}

TEST_F(InboundTest, FloodOfStrangersIsCountedAndDoesNotFillTheLog) {
  constexpr int kStrangers = 200;
  StartBob();
  const absl::Duration start = MonotonicNow();
  for (int i = 0; i < kStrangers; ++i) {
    TestStream stream = TestStream::Connect(bob_.endpoint());
    ASSERT_TRUE(stream.Send("GET / HTTP/1.1\r\n\r\n"));
    stream.ReadToEnd();
  }
  RawTlsPeer peer = Dial(TestPsk(1, 5));
  ASSERT_TRUE(peer.Handshake().ok()) << peer.session().status();
  TestStream backend = backend_.Accept();
  peer.stream().ShutdownWrite();
  EXPECT_EQ(backend.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(Count(ConnectionResult::kHandshakeError), uint64_t{kStrangers});
  const std::string logged = bob_.logged();
  EXPECT_THAT(logged, HasSubstr("result=truncated"));
  // Ten a second.
  const std::vector<std::string> parts =
      absl::StrSplit(logged, "result=handshake_error");
  const int64_t seconds = (MonotonicNow() - start) / absl::Seconds(1);
  EXPECT_GE(parts.size(), 1u + 10);
  EXPECT_LE(parts.size(), 1u + 10 * (seconds + 1));
}

TEST_F(InboundTest, SilentPeerIsGivenUp) {
  bob_.options.limits.handshake_timeout = absl::Milliseconds(20);
  StartBob();
  TestStream stream = TestStream::Connect(bob_.endpoint());
  EXPECT_EQ(stream.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(Count(ConnectionResult::kHandshakeTimeout), 1u);
  EXPECT_EQ(bob_.Tunnel().Count(HandshakeResult::kTimeout), 1u);
}

TEST_F(InboundTest, HandshakeMayComeByteByByte) {
  StartBob();
  RawTlsPeer peer = Dial(TestPsk(1, 0));
  const std::string hello(skex::AsText(peer.session().output()));
  for (char byte : hello) {
    ASSERT_TRUE(peer.stream().Send(absl::string_view(&byte, 1)));
  }
  peer.session().ConsumeOutput(hello.size());
  EXPECT_TRUE(peer.Handshake().ok()) << peer.session().status();
  backend_.Accept();
}

TEST_F(InboundTest, EndWithoutCloseNotifyIsAResetForTheBackend) {
  StartBob();
  RawTlsPeer peer = Dial(TestPsk(1, 0));
  ASSERT_TRUE(peer.Handshake().ok());
  TestStream backend = backend_.Accept();
  ASSERT_TRUE(peer.Send("half"));
  EXPECT_EQ(backend.Read(4), "half");
  peer.stream().ShutdownWrite();
  EXPECT_EQ(backend.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(Count(ConnectionResult::kTruncated), 1u);
}

TEST_F(InboundTest, BytesBehindTheHandshakeAreNotLost) {
  StartBob();
  RawTlsPeer peer = Dial(TestPsk(1, 0));
  ASSERT_TRUE(peer.Handshake().ok());
  ASSERT_TRUE(peer.Send("first"));
  peer.CloseWrite();
  EXPECT_EQ(backend_.Accept().ReadToEnd().bytes, "first");
}

}  // namespace
}  // namespace service
