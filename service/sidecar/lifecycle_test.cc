#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/sidecar/owned_fd.h"
#include "service/sidecar/sidecar.h"
#include "service/sidecar/socket_address.h"
#include "service/sidecar/tunnel_fixture.h"

// Limits, time-outs, draining and stopping.

namespace service {
namespace {

using testing::HasSubstr;

class LifecycleTest : public TunnelFixture {};

TEST_F(LifecycleTest, ConnectionAboveTheLimitIsReset) {
  alice_.options.limits.connections = 2;
  Start();
  Ends first = Open();
  Ends second = Open();
  TestStream third = TestStream::Connect(alice_.endpoint());
  EXPECT_EQ(third.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(alice_.Tunnel().Count(ConnectionResult::kLimit), 1u);
  // The others go on.
  ASSERT_TRUE(first.app.Send("x"));
  EXPECT_EQ(first.backend.Read(1), "x");
}

TEST_F(LifecycleTest, EndedConnectionMakesRoomForAnother) {
  alice_.options.limits.connections = 1;
  Start();
  for (int round = 0; round < 3; ++round) {
    Ends ends = Open();
    ends.app.ShutdownWrite();
    ends.backend.Close();
    // The app sees its end just before the connection is counted out.
    EXPECT_EQ(ends.app.ReadToEnd().end, StreamEnd::kOrderly);
    while (alice_.Tunnel().open > 0) std::this_thread::yield();
  }
  EXPECT_EQ(alice_.Tunnel().Count(ConnectionResult::kLimit), 0u);
}

TEST_F(LifecycleTest, ConnectionAboveTheLimitOfItsSourceIsReset) {
  alice_.options.limits.connections_per_source = 2;
  // All tunnels count.
  alice_.options.outbound.push_back(alice_.options.outbound.front());
  alice_.options.outbound.back().name = "another";
  StartBob();
  alice_.options.outbound.back().connect = bob_.endpoint();
  StartAlice(bob_.endpoint());
  Ends first = Open();
  TestStream second =
      TestStream::Connect(alice_.sidecar->Tunnels().back().listen);
  TestStream second_served = backend_.Accept();
  TestStream third = TestStream::Connect(alice_.endpoint());
  EXPECT_EQ(third.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(alice_.Tunnel().Count(ConnectionResult::kSourceLimit), 1u);
  EXPECT_EQ(alice_.Tunnel().failed, 1u);
  EXPECT_EQ(alice_.Tunnel().open, 1u);
  // The others go on.
  ASSERT_TRUE(first.app.Send("x"));
  EXPECT_EQ(first.backend.Read(1), "x");
  ASSERT_TRUE(second.Send("y"));
  EXPECT_EQ(second_served.Read(1), "y");
  alice_.sidecar->Stop();
  EXPECT_THAT(alice_.logged(),
              HasSubstr("connection_refused tunnel=to-bob source=127.0.0.1:"));
}

TEST_F(LifecycleTest, EndedConnectionMakesRoomForAnotherOfItsSource) {
  alice_.options.limits.connections_per_source = 1;
  Start();
  for (int round = 0; round < 3; ++round) {
    Ends ends = Open();
    ends.app.ShutdownWrite();
    ends.backend.Close();
    EXPECT_EQ(ends.app.ReadToEnd().end, StreamEnd::kOrderly);
    while (alice_.Tunnel().open > 0) std::this_thread::yield();
  }
  EXPECT_EQ(alice_.Tunnel().Count(ConnectionResult::kSourceLimit), 0u);
}

TEST_F(LifecycleTest, TooManyHandshakesWaitForTheirTurn) {
  bob_.options.limits.handshakes = 1;
  Start();
  // Nobody ever hears of this one: it takes the only place.
  TestStream silent = TestStream::Connect(bob_.endpoint());
  while (bob_.Tunnel().handshaking < 1) std::this_thread::yield();
  TestStream app = TestStream::Connect(alice_.endpoint());
  ASSERT_TRUE(app.Send("patient"));
  app.ShutdownWrite();
  silent.Close();
  EXPECT_EQ(backend_.Accept().ReadToEnd().bytes, "patient");
}

TEST_F(LifecycleTest, IdleConnectionIsReset) {
  alice_.options.limits.idle_timeout = absl::Milliseconds(30);
  Start();
  Ends ends = Open();
  EXPECT_EQ(ends.app.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(ends.backend.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(alice_.Finish(), 0u);
  EXPECT_EQ(alice_.Tunnel().Count(ConnectionResult::kIdle), 1u);
  EXPECT_EQ(alice_.Tunnel().failed, 0u);
}

// ---- Old age

// What the server sees first is the end of the client's direction; when it
// answers that with its own end, so does the client.
void ExpectOrderlyEnd(TestStream& client, TestStream& server) {
  EXPECT_EQ(server.ReadToEnd().end, StreamEnd::kOrderly);
  server.Close();
  EXPECT_EQ(client.ReadToEnd().end, StreamEnd::kOrderly);
}

TEST_F(LifecycleTest, OldConnectionEndsInOrderWhereItComesIn) {
  alice_.options.limits.max_age = absl::Milliseconds(10);
  alice_.options.limits.max_age_patience = absl::Minutes(1);
  Start();
  Ends ends = Open();
  ExpectOrderlyEnd(ends.app, ends.backend);
  EXPECT_EQ(alice_.Finish(), 0u);
  EXPECT_EQ(alice_.Tunnel().Count(ConnectionResult::kMaxAge), 1u);
  EXPECT_EQ(alice_.Tunnel().failed, 0u);
  // To the other agent it is an end like any other.
  EXPECT_EQ(bob_.Finish(), 0u);
  EXPECT_EQ(bob_.Tunnel().Count(ConnectionResult::kClosed), 1u);
}

TEST_F(LifecycleTest, OldConnectionEndsInOrderWhereItIsServed) {
  bob_.options.limits.max_age = absl::Milliseconds(10);
  bob_.options.limits.max_age_patience = absl::Minutes(1);
  Start();
  Ends ends = Open();
  ExpectOrderlyEnd(ends.app, ends.backend);
  ends.app.Close();
  EXPECT_EQ(bob_.Finish(), 0u);
  EXPECT_EQ(bob_.Tunnel().Count(ConnectionResult::kMaxAge), 1u);
  EXPECT_EQ(alice_.Finish(), 0u);
  EXPECT_EQ(alice_.Tunnel().Count(ConnectionResult::kClosed), 1u);
}

TEST_F(LifecycleTest, AnswerThatComesAfterTheQuietMomentIsNotCut) {
  alice_.options.limits.max_age = absl::Milliseconds(10);
  alice_.options.limits.max_age_patience = absl::Minutes(1);
  Start();
  Ends ends = Open();
  ASSERT_TRUE(ends.app.Send("request"));
  EXPECT_EQ(ends.backend.ReadToEnd().bytes, "request");
  ASSERT_TRUE(ends.backend.Send("late answer"));
  ends.backend.Close();
  const StreamRest rest = ends.app.ReadToEnd();
  EXPECT_EQ(rest.bytes, "late answer");
  EXPECT_EQ(rest.end, StreamEnd::kOrderly);
}

TEST_F(LifecycleTest, ClientThatGoesOnAfterTheQuietMomentIsReset) {
  alice_.options.limits.max_age = absl::Milliseconds(10);
  alice_.options.limits.max_age_patience = absl::Minutes(1);
  Start();
  Ends ends = Open();
  EXPECT_EQ(ends.backend.ReadToEnd().end, StreamEnd::kOrderly);
  ASSERT_TRUE(ends.app.Send("one more request"));
  const StreamRest rest = ends.app.ReadToEnd();
  EXPECT_EQ(rest.bytes, "");
  EXPECT_EQ(rest.end, StreamEnd::kReset);
  EXPECT_EQ(alice_.Finish(), 0u);
  EXPECT_EQ(alice_.Tunnel().Count(ConnectionResult::kMaxAge), 1u);
}

TEST_F(LifecycleTest, PeerThatGoesOnAfterTheQuietMomentIsReset) {
  bob_.options.limits.max_age = absl::Milliseconds(10);
  bob_.options.limits.max_age_patience = absl::Minutes(1);
  Start();
  Ends ends = Open();
  EXPECT_EQ(ends.backend.ReadToEnd().end, StreamEnd::kOrderly);
  ASSERT_TRUE(ends.app.Send("one more request"));
  EXPECT_EQ(ends.app.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(bob_.Finish(), 0u);
  EXPECT_EQ(bob_.Tunnel().Count(ConnectionResult::kMaxAge), 1u);
}

TEST_F(LifecycleTest, HalfClosedConnectionIsNotQuiet) {
  alice_.options.limits.max_age = absl::Milliseconds(10);
  alice_.options.limits.max_age_patience = absl::Seconds(2);
  Start();
  Ends ends = Open();
  // The app waits for what the backend has to say, for as long as it may.
  ends.app.ShutdownWrite();
  EXPECT_EQ(ends.app.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(alice_.Finish(), 0u);
  EXPECT_EQ(alice_.Tunnel().Count(ConnectionResult::kMaxAge), 1u);
}

TEST_F(LifecycleTest, OldConnectionWithoutQuietMomentIsReset) {
  alice_.options.limits.max_age = absl::Milliseconds(10);
  alice_.options.limits.max_age_patience = absl::Milliseconds(20);
  Start();
  Ends ends = Open();
  EXPECT_EQ(ends.app.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(ends.backend.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(alice_.Finish(), 0u);
  EXPECT_EQ(alice_.Tunnel().Count(ConnectionResult::kMaxAge), 1u);
  EXPECT_EQ(alice_.Tunnel().failed, 0u);
}

// ---- Draining and stopping

TEST_F(LifecycleTest, DrainWithoutConnectionsReturnsAtOnce) {
  Start();
  EXPECT_EQ(alice_.sidecar->Drain(absl::InfiniteDuration()), 0u);
}

// Whether somebody accepts connections at `endpoint`. The one that it makes is
// reset: a mere end would be passed on to the backend, and waited for.
bool Answers(const Endpoint& endpoint) {
  const SocketAddress address = SocketAddress::Of(endpoint).value();
  const OwnedFd fd(::socket(address.family(), SOCK_STREAM, 0));
  const linger reset = {1, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  return ::connect(fd.get(), address.get(), address.size) == 0;
}

TEST_F(LifecycleTest, DrainLetsConnectionsEndAndTakesNoNewOnes) {
  Start();
  Ends ends = Open();
  ends.app.ShutdownWrite();
  EXPECT_EQ(ends.backend.ReadToEnd().end, StreamEnd::kOrderly);
  size_t cut = 1;
  const Endpoint endpoint = alice_.endpoint();
  std::thread drain(
      [&] { cut = alice_.sidecar->Drain(absl::InfiniteDuration()); });
  while (Answers(endpoint)) std::this_thread::yield();
  // Who has ended its direction waits for an answer.
  ASSERT_TRUE(ends.backend.Send("still served"));
  ends.backend.Close();
  const StreamRest rest = ends.app.ReadToEnd();
  EXPECT_EQ(rest.bytes, "still served");
  EXPECT_EQ(rest.end, StreamEnd::kOrderly);
  drain.join();
  EXPECT_EQ(cut, 0u);
  EXPECT_EQ(alice_.Tunnel().Count(ConnectionResult::kClosed), 1u);
}

TEST_F(LifecycleTest, DrainEndsQuietConnectionsInOrder) {
  Start();
  Ends ends = Open();
  size_t cut = 1;
  std::thread drain(
      [&] { cut = alice_.sidecar->Drain(absl::InfiniteDuration()); });
  ExpectOrderlyEnd(ends.app, ends.backend);
  drain.join();
  EXPECT_EQ(cut, 0u);
  EXPECT_EQ(alice_.Tunnel().Count(ConnectionResult::kClosed), 1u);
}

TEST_F(LifecycleTest, DrainLetsATransferFinish) {
  Start();
  Ends quiet = Open();
  Ends busy = Open();
  const size_t sent = busy.app.SendUntilStuck(512 << 20);
  size_t cut = 1;
  std::thread drain(
      [&] { cut = alice_.sidecar->Drain(absl::InfiniteDuration()); });
  // It stands still, half sent, until another one was quiet for long enough.
  ExpectOrderlyEnd(quiet.app, quiet.backend);
  busy.app.ShutdownWrite();
  const StreamRest rest = busy.backend.ReadToEnd();
  EXPECT_EQ(rest.bytes.size(), sent);
  EXPECT_EQ(rest.end, StreamEnd::kOrderly);
  busy.backend.Close();
  EXPECT_EQ(busy.app.ReadToEnd().end, StreamEnd::kOrderly);
  drain.join();
  EXPECT_EQ(cut, 0u);
}

TEST_F(LifecycleTest, DrainResetsWhatIsLeftAtItsDeadline) {
  Start();
  Ends ends = Open();
  EXPECT_EQ(alice_.sidecar->Drain(absl::Milliseconds(20)), 1u);
  EXPECT_EQ(ends.app.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(ends.backend.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(alice_.Tunnel().Count(ConnectionResult::kStopped), 1u);
  EXPECT_EQ(alice_.Tunnel().open, 0u);
}

TEST_F(LifecycleTest, StopEndsConnectionsInEveryStage) {
  // One that waits for a key, one that waits for an answer, one established.
  TestServer silent;
  alice_.options.outbound.push_back(alice_.options.outbound.front());
  alice_.options.outbound.back().name = "to-silence";
  alice_.options.outbound.back().connect = silent.endpoint();
  Start();
  Ends ends = Open();
  TestStream waiting =
      TestStream::Connect(alice_.sidecar->Tunnels().back().listen);
  TestStream unanswered = silent.Accept();
  EXPECT_NE(unanswered.ReadSome(), "");
  TestStream handshake = TestStream::Connect(bob_.endpoint());
  alice_.sidecar->Stop();
  bob_.sidecar->Stop();
  EXPECT_EQ(ends.app.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(waiting.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(handshake.ReadToEnd().end, StreamEnd::kReset);
}

TEST_F(LifecycleTest, StopEndsConnectionsThatWaitForAKey) {
  FakePskProvider no_keys;
  TestServer remote;
  alice_.options.outbound.front().connect = remote.endpoint();
  std::unique_ptr<Sidecar> sidecar =
      Sidecar::Create(alice_.options, no_keys, nullptr, alice_.log, nullptr,
                      nullptr)
          .value();
  sidecar->Start();
  TestStream app = TestStream::Connect(sidecar->Tunnels().front().listen);
  while (no_keys.takes() == 0) std::this_thread::yield();
  sidecar->Stop();
  EXPECT_EQ(app.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_EQ(sidecar->Tunnels().front().Count(ConnectionResult::kStopped), 1u);
}

TEST_F(LifecycleTest, StopsTwice) {
  Start();
  alice_.sidecar->Stop();
  alice_.sidecar->Stop();
}

TEST_F(LifecycleTest, StopsWhileConnectionsCome) {
  Start();
  const Endpoint endpoint = alice_.endpoint();
  std::thread callers([&endpoint] {
    while (Answers(endpoint)) {
    }
  });
  while (alice_.Tunnel().total < 100) std::this_thread::yield();
  alice_.sidecar->Stop();
  callers.join();
  const TunnelSnapshot tunnel = alice_.Tunnel();
  uint64_t ended = 0;
  for (uint64_t count : tunnel.results) ended += count;
  EXPECT_EQ(ended, tunnel.total);
  EXPECT_EQ(tunnel.open, 0u);
}

}  // namespace
}  // namespace service
