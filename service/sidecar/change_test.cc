#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/sidecar/sidecar.h"
#include "service/sidecar/tunnel_fixture.h"

// Tunnels that come, go and change while the sidecar runs.

namespace service {
namespace {

using testing::HasSubstr;

class ChangeTest : public TunnelFixture {
 protected:
  // Makes the tunnels of `agent` those of its options.
  static TunnelChanges Change(TestAgent& agent) {
    absl::StatusOr<TunnelChange> change = agent.sidecar->Plan(agent.options);
    EXPECT_TRUE(change.ok()) << change.status();
    if (!change.ok()) return {};
    return agent.sidecar->Apply(*std::move(change));
  }

  OutboundOptions& outbound() { return alice_.options.outbound.front(); }

  // An app's bytes come out of the tunnel of alice that listens at `listen`.
  void ExpectCarried(const std::string& listen) {
    TestStream app = TestStream::Connect(listen);
    ASSERT_TRUE(app.Send("through"));
    TestStream backend = backend_.Accept();
    EXPECT_EQ(backend.Read(7), "through");
    ASSERT_TRUE(backend.Send("back"));
    EXPECT_EQ(app.Read(4), "back");
  }

  // Where nobody listened a moment ago.
  static Endpoint FreePort() { return TestServer().endpoint(); }
};

void ExpectOpen(TestStream& from, TestStream& to) {
  ASSERT_TRUE(from.Send("still"));
  EXPECT_EQ(to.Read(5), "still");
}

TEST_F(ChangeTest, AddedTunnelServesBesideTheOthers) {
  Start();
  alice_.options.outbound.push_back(outbound());
  alice_.options.outbound.back().name = "second";
  const TunnelChanges done = Change(alice_);
  EXPECT_EQ(done.added, 1u);
  EXPECT_EQ(done.changed + done.removed, 0u);
  for (const TunnelSnapshot& tunnel : alice_.sidecar->Tunnels()) {
    ExpectCarried(tunnel.listen);
  }
  alice_.Finish();
  EXPECT_THAT(alice_.logged(), HasSubstr("tunnel=second"));
}

TEST_F(ChangeTest, RemovedTunnelTakesNoMoreAndOpenConnectionsGoOn) {
  Start();
  Ends open = Open();
  const Endpoint listen = alice_.endpoint();
  alice_.options.outbound.clear();
  EXPECT_EQ(Change(alice_).removed, 1u);
  EXPECT_TRUE(alice_.sidecar->Tunnels().empty());
  TestServer taken(listen);  // the address is free
  ExpectOpen(open.app, open.backend);
  ExpectOpen(open.backend, open.app);
  open.app.ShutdownWrite();
  open.backend.Close();
  EXPECT_EQ(open.app.ReadToEnd().end, StreamEnd::kOrderly);
  EXPECT_EQ(alice_.Finish(), 0u);
}

TEST_F(ChangeTest, ChangedTargetIsThatOfNewConnectionsOnly) {
  TestServer other;
  Start();
  Ends old = Open();
  const std::string listen = alice_.Tunnel().listen;
  bob_.options.inbound.front().forward = other.endpoint();
  EXPECT_EQ(Change(bob_).changed, 1u);
  TestStream app = TestStream::Connect(listen);
  TestStream backend = other.Accept();
  ExpectOpen(app, backend);
  ExpectOpen(old.app, old.backend);
  EXPECT_EQ(bob_.Tunnel().open, 2u);
  EXPECT_EQ(bob_.Tunnel().total, 2u);
  EXPECT_EQ(bob_.Tunnel().target, other.endpoint().ToString());
}

TEST_F(ChangeTest, WithdrawnPermissionHoldsForNewConnections) {
  // She has no other key to try again with.
  alice_.options.limits.key_wait = absl::Milliseconds(10);
  Start();
  Ends old = Open();
  bob_.options.inbound.front().allow = {Bob()};
  EXPECT_EQ(Change(bob_).changed, 1u);
  TestStream app = TestStream::Connect(alice_.endpoint());
  EXPECT_EQ(app.ReadToEnd().end, StreamEnd::kReset);
  EXPECT_GE(bob_.Tunnel().Count(ConnectionResult::kNotAllowed), 1u);
  ExpectOpen(old.app, old.backend);
}

TEST_F(ChangeTest, SameOptionsChangeNothing) {
  Start();
  Ends open = Open();
  const TunnelChanges done = Change(alice_);
  EXPECT_EQ(done.added + done.changed + done.removed, 0u);
  EXPECT_EQ(alice_.Tunnel().open, 1u);
  ExpectOpen(open.app, open.backend);
}

TEST_F(ChangeTest, TakenAddressChangesNothing) {
  TestServer other;
  Start();
  const SidecarOptions before = alice_.options;
  alice_.options.outbound.front().name = "renamed";
  alice_.options.outbound.push_back(outbound());
  alice_.options.outbound.back().listen = other.endpoint();
  const absl::Status status = alice_.sidecar->Plan(alice_.options).status();
  EXPECT_TRUE(absl::IsAlreadyExists(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr(other.endpoint().ToString()));
  ASSERT_EQ(alice_.sidecar->Tunnels().size(), 1u);
  EXPECT_EQ(alice_.Tunnel().name, before.outbound.front().name);
  ExpectCarried(alice_.Tunnel().listen);
}

TEST_F(ChangeTest, AddressPassesFromOneTunnelToAnother) {
  const Endpoint fixed = FreePort();
  outbound().listen = fixed;
  Start();
  ExpectCarried(fixed.ToString());
  OutboundOptions second = outbound();
  second.name = "second";
  outbound().listen = AnyPort();
  alice_.options.outbound.push_back(second);
  EXPECT_EQ(Change(alice_).changed, 1u);
  ExpectCarried(fixed.ToString());
  const TunnelSnapshot first = alice_.sidecar->Tunnels().front();
  // It keeps its counters at its new address.
  EXPECT_EQ(first.total, 1u);
  EXPECT_NE(first.listen, fixed.ToString());
  ExpectCarried(first.listen);
  EXPECT_EQ(alice_.sidecar->Tunnels().back().total, 1u);
}

TEST_F(ChangeTest, RemovedUnixSocketLeavesNoFile) {
  SocketFolder folder;
  outbound().listen = folder.At("app");
  Start();
  ExpectCarried(outbound().listen.ToString());
  const Endpoint listen = outbound().listen;
  alice_.options.outbound.clear();
  EXPECT_EQ(Change(alice_).removed, 1u);
  EXPECT_NE(::access(listen.path.c_str(), F_OK), 0);
}

TEST_F(ChangeTest, StoppedSidecarStaysAsItIs) {
  Start();
  alice_.options.outbound.push_back(outbound());
  alice_.options.outbound.back().name = "late";
  absl::StatusOr<TunnelChange> change = alice_.sidecar->Plan(alice_.options);
  ASSERT_TRUE(change.ok());
  alice_.sidecar->Stop();
  EXPECT_EQ(alice_.sidecar->Apply(*std::move(change)).added, 0u);
  EXPECT_EQ(alice_.sidecar->Tunnels().size(), 1u);
}

TEST_F(ChangeTest, TunnelsChangeWhileConnectionsCome) {
  outbound().listen = FreePort();
  Start();
  const Endpoint& listen = outbound().listen;
  std::atomic<bool> stop = false;
  std::thread backend([&] {
    while (true) {
      TestStream stream = backend_.Accept();
      if (stream.Read(1) == "q") return;
      stream.Send("!");
    }
  });
  std::thread apps([&] {
    while (!stop) {
      TestStream app = TestStream::Connect(listen);
      EXPECT_TRUE(app.Send("?"));
      EXPECT_EQ(app.Read(1), "!");
    }
  });
  for (int round = 0; round < 100; ++round) {
    SidecarOptions options = alice_.options;
    // Another object for the tunnel that is in use, and one that comes and
    // goes.
    options.outbound.front().name = round % 2 == 0 ? "even" : "odd";
    if (round % 3 == 0) {
      options.outbound.push_back(options.outbound.front());
      options.outbound.back().name = "brief";
      options.outbound.back().listen = AnyPort();
    }
    absl::StatusOr<TunnelChange> change = alice_.sidecar->Plan(options);
    ASSERT_TRUE(change.ok()) << change.status();
    alice_.sidecar->Apply(*std::move(change));
  }
  stop = true;
  apps.join();
  TestStream last = TestStream::Connect(listen);
  ASSERT_TRUE(last.Send("q"));
  backend.join();
}

}  // namespace
}  // namespace service
