#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/sidecar/fake_lane_answerer.h"
#include "service/sidecar/lane_answerer.h"
#include "service/sidecar/raw_tls_peer.h"
#include "service/sidecar/sidecar.h"
#include "service/sidecar/tunnel_fixture.h"
#include "skex/ratchet/messages.h"

// Inbound tunnels that lane messages come to.

namespace service {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// An M2 with the last byte of the M1.
LaneReply Accept(const std::string& m1) {
  return {absl::OkStatus(), Alice().text(), {FakeM2(m1.back())}};
}

// A STALE, with the code that the last byte of the M1 is.
LaneReply Refuse(const std::string& m1) {
  const auto code = static_cast<absl::StatusCode>(m1.back());
  return {absl::Status(code, "refused by the test"), "", {FakeStale('x')}};
}

class LaneConnectionTest : public TunnelFixture {
 protected:
  LaneConnectionTest() { bob_.lanes = &lanes_; }
  // The answerer must outlive the sidecar.
  ~LaneConnectionTest() override { bob_.sidecar.reset(); }

  TestStream Connect() { return TestStream::Connect(bob_.endpoint()); }

  // Stops Bob and returns how often a result came.
  uint64_t Count(ConnectionResult result) {
    EXPECT_EQ(bob_.Finish(), 0u);
    return bob_.Tunnel().Count(result);
  }

  FakeLaneAnswerer lanes_;
};

TEST_F(LaneConnectionTest, AnswersComeBack) {
  lanes_.AnswerWith(Accept);
  StartBob();
  TestStream peer = Connect();
  for (char fill : {'a', 'b'}) {
    ASSERT_TRUE(peer.Send(FakeM1(fill)));
    EXPECT_EQ(peer.Read(skex::kM2Size), FakeM2(fill));
  }
  peer.ShutdownWrite();
  const StreamRest rest = peer.ReadToEnd();
  EXPECT_EQ(rest.bytes, "");
  EXPECT_EQ(rest.end, StreamEnd::kOrderly);
  EXPECT_EQ(Count(ConnectionResult::kKeyExchange), 1u);
  EXPECT_EQ(bob_.Tunnel().failed, 0u);
  EXPECT_THAT(lanes_.messages(), ElementsAre(FakeM1('a'), FakeM1('b')));
  EXPECT_THAT(bob_.logged(), HasSubstr("peer=alice@north.example"));
  EXPECT_THAT(bob_.logged(), HasSubstr("result=key_exchange"));
  EXPECT_FALSE(backend_.HasCaller());
}

TEST_F(LaneConnectionTest, WithoutLanesTheFirstOneChangesThat) {
  lanes_.AnswerWith(Accept);
  lanes_.SetHasLanes(false);
  StartBob();
  {
    TestStream peer = Connect();
    ASSERT_TRUE(peer.Send(FakeM1('a')));
    EXPECT_NE(peer.Read(skex::kM2Size), FakeM2('a'));
  }
  EXPECT_TRUE(lanes_.messages().empty());
  lanes_.SetHasLanes(true);
  TestStream peer = Connect();
  ASSERT_TRUE(peer.Send(FakeM1('a')));
  EXPECT_EQ(peer.Read(skex::kM2Size), FakeM2('a'));
}

TEST_F(LaneConnectionTest, TakesSeveralMessagesInOneSegment) {
  lanes_.AnswerWith(Accept);
  StartBob();
  TestStream peer = Connect();
  ASSERT_TRUE(peer.Send(absl::StrCat(FakeM1('a'), FakeM1('b'), FakeM1('c'))));
  EXPECT_EQ(peer.Read(3 * skex::kM2Size),
            absl::StrCat(FakeM2('a'), FakeM2('b'), FakeM2('c')));
}

TEST_F(LaneConnectionTest, MessagesMayComeByteByByte) {
  lanes_.AnswerWith(Accept);
  StartBob();
  TestStream peer = Connect();
  const std::string bytes = FakeM1('a') + FakeM1('b');
  for (char byte : bytes) {
    ASSERT_TRUE(peer.Send(absl::string_view(&byte, 1)));
  }
  EXPECT_EQ(peer.Read(2 * skex::kM2Size), FakeM2('a') + FakeM2('b'));
}

TEST_F(LaneConnectionTest, HandsOverOneMessageAtATime) {
  StartBob();
  TestStream peer = Connect();
  ASSERT_TRUE(peer.Send(FakeM1('a') + FakeM1('b')));
  FakeLaneAnswerer::Held first = lanes_.Await();
  EXPECT_THAT(lanes_.messages(), ElementsAre(FakeM1('a')));
  first.done(Accept(first.message));
  EXPECT_EQ(peer.Read(skex::kM2Size), FakeM2('a'));
  EXPECT_EQ(lanes_.Await().message, FakeM1('b'));
}

TEST_F(LaneConnectionTest, AnswerMayBeNone) {
  lanes_.AnswerWith([](const std::string& message) -> LaneReply {
    if (message == FakeM1('a')) return {absl::OkStatus()};
    return Accept(message);
  });
  StartBob();
  TestStream peer = Connect();
  ASSERT_TRUE(peer.Send(FakeM1('a') + FakeM1('b')));
  EXPECT_EQ(peer.Read(skex::kM2Size), FakeM2('b'));
}

TEST_F(LaneConnectionTest, AnswersWaitForAPeerThatReadsSlowly) {
  constexpr size_t kMuch = 8 << 20;
  lanes_.AnswerWith([](const std::string& message) -> LaneReply {
    return {absl::OkStatus(), "", {std::string(kMuch, message.back())}};
  });
  StartBob();
  TestStream peer = Connect();
  ASSERT_TRUE(peer.Send(FakeM1('a') + FakeM1('b')));
  // Not EXPECT_EQ, which would print them.
  EXPECT_TRUE(peer.Read(2 * kMuch) ==
              std::string(kMuch, 'a') + std::string(kMuch, 'b'));
}

TEST_F(LaneConnectionTest, AllowListOfTheTunnelDoesNotMatter) {
  bob_.options.inbound.front().allow = {};
  lanes_.AnswerWith(Accept);
  StartBob();
  TestStream peer = Connect();
  ASSERT_TRUE(peer.Send(FakeM1('a')));
  EXPECT_EQ(peer.Read(skex::kM2Size), FakeM2('a'));
}

// ---- What is refused

TEST_F(LaneConnectionTest, NeitherTlsNorLaneMessageIsRefused) {
  StartBob();
  TestStream peer = Connect();
  ASSERT_TRUE(peer.Send("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_EQ(peer.ReadToEnd().bytes, "");
  EXPECT_EQ(Count(ConnectionResult::kHandshakeError), 1u);
  EXPECT_EQ(bob_.Tunnel().failed, 1u);
  EXPECT_THAT(lanes_.messages(), IsEmpty());
}

TEST_F(LaneConnectionTest, StrangersGetNotAByte) {
  lanes_.AnswerWith(Refuse);
  StartBob();
  for (absl::StatusCode code :
       {absl::StatusCode::kInvalidArgument, absl::StatusCode::kNotFound,
        absl::StatusCode::kDataLoss}) {
    TestStream peer = Connect();
    ASSERT_TRUE(peer.Send(FakeM1(static_cast<char>(code))));
    EXPECT_EQ(peer.ReadToEnd().bytes, "") << code;
  }
  EXPECT_EQ(Count(ConnectionResult::kKeyExchangeRefused), 3u);
  EXPECT_EQ(bob_.Tunnel().failed, 3u);
}

TEST_F(LaneConnectionTest, OtherRefusalsKeepTheConnection) {
  lanes_.AnswerWith(Refuse);
  StartBob();
  TestStream peer = Connect();
  for (absl::StatusCode code :
       {absl::StatusCode::kAlreadyExists, absl::StatusCode::kResourceExhausted,
        absl::StatusCode::kFailedPrecondition, absl::StatusCode::kInternal}) {
    ASSERT_TRUE(peer.Send(FakeM1(static_cast<char>(code))));
    EXPECT_EQ(peer.Read(skex::kStaleSize), FakeStale('x')) << code;
    // It still may be anybody who has recorded a message.
    EXPECT_EQ(bob_.Tunnel().handshaking, 1u);
  }
  ASSERT_TRUE(peer.Send(FakeM1(static_cast<char>(absl::StatusCode::kOk))));
  EXPECT_EQ(peer.Read(skex::kStaleSize), FakeStale('x'));
  EXPECT_EQ(bob_.Tunnel().handshaking, 0u);
  EXPECT_EQ(bob_.Tunnel().open, 1u);
}

TEST_F(LaneConnectionTest, OtherBytesBehindAMessageAreRefused) {
  StartBob();
  TestStream peer = Connect();
  ASSERT_TRUE(peer.Send(FakeM1('a')));
  FakeLaneAnswerer::Held held = lanes_.Await();
  held.done(Accept(held.message));
  EXPECT_EQ(peer.Read(skex::kM2Size), FakeM2('a'));
  ASSERT_TRUE(peer.Send("SKU1, but of another kind"));
  EXPECT_EQ(peer.ReadToEnd().bytes, "");
  EXPECT_EQ(Count(ConnectionResult::kKeyExchangeRefused), 1u);
}

TEST_F(LaneConnectionTest, EndWithinTheFirstMessageIsCounted) {
  StartBob();
  TestStream peer = Connect();
  ASSERT_TRUE(peer.Send(FakeM1('a').substr(1)));
  TestStream other = Connect();
  ASSERT_TRUE(other.Send(FakeM1('a').substr(0, 100)));
  other.ShutdownWrite();
  other.ReadToEnd();
  EXPECT_EQ(Count(ConnectionResult::kHandshakeError), 2u);
}

TEST_F(LaneConnectionTest, EndWithinALaterMessageIsCounted) {
  lanes_.AnswerWith(Accept);
  StartBob();
  TestStream peer = Connect();
  ASSERT_TRUE(peer.Send(FakeM1('a') + FakeM1('b').substr(0, 100)));
  EXPECT_EQ(peer.Read(skex::kM2Size), FakeM2('a'));
  peer.ShutdownWrite();
  peer.ReadToEnd();
  EXPECT_EQ(Count(ConnectionResult::kTruncated), 1u);
}

// ---- Time-outs

TEST_F(LaneConnectionTest, SlowStrangerIsGivenUp) {
  bob_.options.limits.handshake_timeout = absl::Milliseconds(20);
  StartBob();
  TestStream peer = Connect();
  ASSERT_TRUE(peer.Send("S"));
  EXPECT_EQ(peer.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(Count(ConnectionResult::kHandshakeTimeout), 1u);
}

TEST_F(LaneConnectionTest, RepeaterIsGivenUp) {
  bob_.options.limits.handshake_timeout = absl::Milliseconds(50);
  lanes_.AnswerWith(Refuse);
  StartBob();
  TestStream peer = Connect();
  const std::string old =
      FakeM1(static_cast<char>(absl::StatusCode::kAlreadyExists));
  while (peer.Send(old) && !peer.ReadSome().empty()) {
  }
  EXPECT_EQ(Count(ConnectionResult::kHandshakeTimeout), 1u);
}

TEST_F(LaneConnectionTest, IdleConnectionIsReset) {
  bob_.options.limits.lane_idle_timeout = absl::Milliseconds(20);
  lanes_.AnswerWith(Accept);
  StartBob();
  TestStream peer = Connect();
  ASSERT_TRUE(peer.Send(FakeM1('a')));
  const StreamRest rest = peer.ReadToEnd();
  EXPECT_EQ(rest.bytes, FakeM2('a'));
  EXPECT_EQ(rest.end, StreamEnd::kReset);
  EXPECT_EQ(Count(ConnectionResult::kIdle), 1u);
  EXPECT_EQ(bob_.Tunnel().failed, 0u);
}

TEST_F(LaneConnectionTest, AnswerThatNeverComesEndsByTheTimeOut) {
  bob_.options.limits.handshake_timeout = absl::Milliseconds(20);
  StartBob();
  TestStream peer = Connect();
  ASSERT_TRUE(peer.Send(FakeM1('a')));
  // Dropped.
  lanes_.Await();
  EXPECT_EQ(peer.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(Count(ConnectionResult::kHandshakeTimeout), 1u);
}

// ---- Answers that come late

TEST_F(LaneConnectionTest, PeerThatHasEndedGetsItsAnswer) {
  StartBob();
  TestStream peer = Connect();
  ASSERT_TRUE(peer.Send(FakeM1('a')));
  peer.ShutdownWrite();
  FakeLaneAnswerer::Held held = lanes_.Await();
  held.done(Accept(held.message));
  EXPECT_EQ(peer.ReadToEnd().bytes, FakeM2('a'));
  EXPECT_EQ(Count(ConnectionResult::kKeyExchange), 1u);
}

TEST_F(LaneConnectionTest, AnswerForAPeerThatIsGoneHarmsNothing) {
  StartBob();
  TestStream peer = Connect();
  ASSERT_TRUE(peer.Send(FakeM1('a')));
  FakeLaneAnswerer::Held held = lanes_.Await();
  peer.Reset();
  held.done(Accept(held.message));
  EXPECT_EQ(Count(ConnectionResult::kPeerReset), 1u);
}

TEST_F(LaneConnectionTest, AnswerAfterTheTimeOutIsDropped) {
  bob_.options.limits.handshake_timeout = absl::Milliseconds(20);
  StartBob();
  TestStream peer = Connect();
  ASSERT_TRUE(peer.Send(FakeM1('a')));
  FakeLaneAnswerer::Held held = lanes_.Await();
  EXPECT_EQ(peer.ReadToEnd().end, StreamEnd::kReset);
  held.done(Accept(held.message));
  EXPECT_EQ(Count(ConnectionResult::kHandshakeTimeout), 1u);
}

TEST_F(LaneConnectionTest, AnswerAfterTheStopIsDropped) {
  StartBob();
  TestStream first = Connect();
  ASSERT_TRUE(first.Send(FakeM1('a')));
  FakeLaneAnswerer::Held held = lanes_.Await();
  TestStream second = Connect();
  ASSERT_TRUE(second.Send(FakeM1('b')));
  FakeLaneAnswerer::Held later = lanes_.Await();
  bob_.sidecar->Stop();
  EXPECT_EQ(first.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(bob_.Tunnel().Count(ConnectionResult::kStopped), 2u);
  held.done(Accept(held.message));
  bob_.sidecar.reset();
  later.done(Accept(later.message));
}

TEST_F(LaneConnectionTest, AnswersAndStopMayRace) {
  StartBob();
  std::vector<TestStream> peers;
  std::vector<FakeLaneAnswerer::Held> held;
  for (int i = 0; i < 20; ++i) {
    peers.push_back(Connect());
    ASSERT_TRUE(peers.back().Send(FakeM1('a')));
    held.push_back(lanes_.Await());
  }
  std::thread answers([&held] {
    for (FakeLaneAnswerer::Held& one : held) one.done(Accept(one.message));
  });
  bob_.sidecar.reset();
  answers.join();
}

// ---- Draining

TEST_F(LaneConnectionTest, DrainEndsConnectionsThatWaitForMore) {
  lanes_.AnswerWith(Accept);
  StartBob();
  TestStream peer = Connect();
  ASSERT_TRUE(peer.Send(FakeM1('a')));
  EXPECT_EQ(peer.Read(skex::kM2Size), FakeM2('a'));
  EXPECT_EQ(bob_.sidecar->Drain(absl::InfiniteDuration()), 0u);
  EXPECT_EQ(peer.ReadToEnd().end, StreamEnd::kOrderly);
  EXPECT_EQ(bob_.Tunnel().Count(ConnectionResult::kKeyExchange), 1u);
}

TEST_F(LaneConnectionTest, DrainWaitsForTheAnswer) {
  StartBob();
  TestStream peer = Connect();
  ASSERT_TRUE(peer.Send(FakeM1('a')));
  FakeLaneAnswerer::Held held = lanes_.Await();
  size_t cut = 1;
  std::thread drain(
      [&] { cut = bob_.sidecar->Drain(absl::InfiniteDuration()); });
  held.done(Accept(held.message));
  const StreamRest rest = peer.ReadToEnd();
  drain.join();
  EXPECT_EQ(rest.bytes, FakeM2('a'));
  EXPECT_EQ(rest.end, StreamEnd::kOrderly);
  EXPECT_EQ(cut, 0u);
}

// ---- TLS beside

TEST_F(LaneConnectionTest, TlsComesThroughTheSameDoor) {
  lanes_.AnswerWith(Accept);
  StartBob();
  TestStream lane = Connect();
  ASSERT_TRUE(lane.Send(FakeM1('a')));
  RawTlsPeer peer(Connect(), TestPsk(1, 0));
  ASSERT_TRUE(peer.Handshake().ok()) << peer.session().status();
  ASSERT_TRUE(peer.Send("request"));
  EXPECT_EQ(backend_.Accept().Read(7), "request");
  EXPECT_EQ(lane.Read(skex::kM2Size), FakeM2('a'));
  EXPECT_EQ(bob_.Tunnel().Count(HandshakeResult::kOk), 1u);
}

TEST_F(LaneConnectionTest, WithoutAnAnswererThereIsOnlyTls) {
  bob_.lanes = nullptr;
  StartBob();
  TestStream peer = Connect();
  ASSERT_TRUE(peer.Send(FakeM1('a')));
  peer.ReadToEnd();
  EXPECT_EQ(Count(ConnectionResult::kHandshakeError), 1u);
  EXPECT_EQ(bob_.Tunnel().Count(HandshakeResult::kError), 1u);
  EXPECT_THAT(lanes_.messages(), IsEmpty());
}

}  // namespace
}  // namespace service
