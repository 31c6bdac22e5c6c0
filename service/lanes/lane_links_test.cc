#include "service/lanes/lane_links.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "service/lanes/lane_links_testing.h"
#include "service/sidecar/fake_lane_answerer.h"
#include "service/sidecar/loopback.h"
#include "skex/base/ids.h"
#include "skex/ratchet/messages.h"

namespace service {
namespace {

skex::AgentId Bob() {
  return skex::AgentId::Parse("bob@south.example").value();
}

skex::AgentId Carol() {
  return skex::AgentId::Parse("carol@west.example").value();
}

// Alice's links to Bob, whom the test plays.
class LaneLinksTest : public testing::Test {
 protected:
  LaneLinksTest() {
    // A time-out that no test waits for must not end it on a busy machine.
    limits_.connect_timeout = absl::Minutes(1);
    limits_.idle_timeout = absl::Minutes(1);
  }

  // With Bob at his address.
  LaneLinks& Make() {
    links_.emplace(events_.Callbacks(), limits_);
    links_->AddPeer(Bob(), bob_.endpoint());
    return *links_;
  }
  LaneLinks& Start() {
    Make().Start();
    return *links_;
  }

  // Sends M1 and returns Bob's end of the connection that it comes over.
  TestStream Open() {
    Start().Send(Bob(), FakeM1('a'));
    TestStream stream = bob_.Accept();
    EXPECT_EQ(stream.Read(skex::kM1Size), FakeM1('a'));
    EXPECT_EQ(events_.Await(), "up bob@south.example");
    return stream;
  }

  TestServer bob_;
  LaneLinkLimits limits_;
  LaneLinkEvents events_;
  std::optional<LaneLinks> links_;
};

TEST_F(LaneLinksTest, CarriesMessagesAndAnswers) {
  TestStream stream = Open();
  ASSERT_TRUE(stream.Send(FakeM2('a')));
  EXPECT_EQ(events_.Await(), "from bob@south.example: " + FakeM2('a'));
  links_->Send(Bob(), FakeM1('b'));
  EXPECT_EQ(stream.Read(skex::kM1Size), FakeM1('b'));
  ASSERT_TRUE(stream.Send(FakeStale('b')));
  EXPECT_EQ(events_.Await(), "from bob@south.example: " + FakeStale('b'));
  EXPECT_FALSE(bob_.HasCaller());
}

TEST_F(LaneLinksTest, RemovedPeerIsReachedNoMore) {
  TestStream stream = Open();
  links_->RemovePeer(Bob());
  EXPECT_EQ(stream.ReadToEnd().bytes, "");
  links_->Send(Bob(), FakeM1('b'));
  links_->Open(Bob());
  links_->RemovePeer(Bob());
  links_->AddPeer(Bob(), bob_.endpoint());
  links_->Send(Bob(), FakeM1('c'));
  // The first that comes is of the new link.
  EXPECT_EQ(bob_.Accept().Read(skex::kM1Size), FakeM1('c'));
  EXPECT_EQ(events_.Await(), "up bob@south.example");
}

TEST_F(LaneLinksTest, PeersComeAndGoWhileMessagesMove) {
  Start();
  for (int round = 0; round < 200; ++round) {
    links_->Send(Bob(), FakeM1('a'));
    links_->RemovePeer(Bob());
    links_->AddPeer(Bob(), bob_.endpoint());
  }
  links_->Send(Bob(), FakeM1('z'));
  while (bob_.Accept().Read(skex::kM1Size) != FakeM1('z')) {
  }
}

TEST_F(LaneLinksTest, ConnectsOnlyWithSomethingToSend) {
  Start();
  EXPECT_FALSE(bob_.HasCaller());
}

TEST_F(LaneLinksTest, AnswersMayComeSplitOrTogether) {
  TestStream stream = Open();
  links_->Send(Bob(), FakeM1('b'));
  links_->Send(Bob(), FakeM1('c'));
  EXPECT_EQ(stream.Read(2 * skex::kM1Size), FakeM1('b') + FakeM1('c'));
  for (char byte : FakeM2('a')) {
    ASSERT_TRUE(stream.Send(absl::string_view(&byte, 1)));
  }
  ASSERT_TRUE(stream.Send(FakeStale('b') + FakeM2('c')));
  EXPECT_EQ(events_.Await(), "from bob@south.example: " + FakeM2('a'));
  EXPECT_EQ(events_.Await(), "from bob@south.example: " + FakeStale('b'));
  EXPECT_EQ(events_.Await(), "from bob@south.example: " + FakeM2('c'));
}

TEST_F(LaneLinksTest, ConnectsAgainAfterThePeerHasClosed) {
  TestStream stream = Open();
  ASSERT_TRUE(stream.Send(FakeM2('a')));
  stream.Close();
  EXPECT_EQ(events_.Await(), "from bob@south.example: " + FakeM2('a'));
  EXPECT_EQ(events_.Await(), "down bob@south.example: UNAVAILABLE");
  links_->Send(Bob(), FakeM1('b'));
  TestStream again = bob_.Accept();
  EXPECT_EQ(again.Read(skex::kM1Size), FakeM1('b'));
  EXPECT_EQ(events_.Await(), "up bob@south.example");
  ASSERT_TRUE(again.Send(FakeM2('b')));
  EXPECT_EQ(events_.Await(), "from bob@south.example: " + FakeM2('b'));
}

TEST_F(LaneLinksTest, ResetIsReported) {
  Open().Reset();
  EXPECT_EQ(events_.Await(), "down bob@south.example: UNAVAILABLE");
}

TEST_F(LaneLinksTest, HalfAnAnswerIsNone) {
  TestStream stream = Open();
  ASSERT_TRUE(stream.Send(FakeM2('a').substr(0, 50)));
  stream.Close();
  EXPECT_EQ(events_.Await(), "down bob@south.example: UNAVAILABLE");
}

TEST_F(LaneLinksTest, PeerThatSendsSomethingElseIsCutOff) {
  TestStream stream = Open();
  ASSERT_TRUE(stream.Send("HTTP/1.1 400 Bad Request\r\n\r\n"));
  EXPECT_EQ(events_.Await(), "down bob@south.example: INVALID_ARGUMENT");
  EXPECT_EQ(stream.ReadToEnd().bytes, "");
}

TEST_F(LaneLinksTest, PeerThatSendsM1IsCutOff) {
  TestStream stream = Open();
  ASSERT_TRUE(stream.Send(FakeM1('a')));
  EXPECT_EQ(events_.Await(), "down bob@south.example: INVALID_ARGUMENT");
}

TEST_F(LaneLinksTest, PeerThatAnswersMoreOftenThanAskedIsCutOff) {
  TestStream stream = Open();
  ASSERT_TRUE(stream.Send(FakeM2('a') + FakeM2('b')));
  EXPECT_EQ(events_.Await(), "from bob@south.example: " + FakeM2('a'));
  EXPECT_EQ(events_.Await(), "down bob@south.example: INVALID_ARGUMENT");
}

TEST_F(LaneLinksTest, PeerThatIsAwayIsTriedAtEachMessage) {
  Make();
  bob_.Close();
  links_->Start();
  for (int i = 0; i < 2; ++i) {
    links_->Send(Bob(), FakeM1('a'));
    EXPECT_EQ(events_.Await(), "down bob@south.example: UNAVAILABLE");
  }
}

TEST_F(LaneLinksTest, IdleConnectionIsClosedInOrder) {
  limits_.idle_timeout = absl::Milliseconds(20);
  Start().Send(Bob(), FakeM1('a'));
  TestStream stream = bob_.Accept();
  const StreamRest rest = stream.ReadToEnd();
  EXPECT_EQ(rest.bytes, FakeM1('a'));
  EXPECT_EQ(rest.end, StreamEnd::kOrderly);
  EXPECT_EQ(events_.Await(), "up bob@south.example");
  EXPECT_EQ(events_.Await(), "down bob@south.example: OK");
}

TEST_F(LaneLinksTest, WhatIsTooMuchToWaitIsDropped) {
  limits_.unsent = 2 * skex::kM1Size;
  limits_.idle_timeout = absl::Milliseconds(20);
  Make();
  // All of them come before the connection can be up.
  for (char fill : {'a', 'b', 'c', 'd'}) links_->Send(Bob(), FakeM1(fill));
  links_->Start();
  EXPECT_EQ(bob_.Accept().ReadToEnd().bytes, FakeM1('a') + FakeM1('b'));
}

TEST_F(LaneLinksTest, UnknownPeerGetsNothing) {
  Start();
  links_->Send(Carol(), FakeM1('a'));
  links_->Send(Bob(), FakeM1('b'));
  EXPECT_EQ(bob_.Accept().Read(skex::kM1Size), FakeM1('b'));
  EXPECT_EQ(events_.Await(), "up bob@south.example");
}

TEST_F(LaneLinksTest, EachPeerHasItsOwnConnection) {
  TestServer carol;
  Make().AddPeer(Carol(), carol.endpoint());
  links_->Start();
  links_->Send(Bob(), FakeM1('b'));
  links_->Send(Carol(), FakeM1('c'));
  EXPECT_EQ(bob_.Accept().Read(skex::kM1Size), FakeM1('b'));
  EXPECT_EQ(carol.Accept().Read(skex::kM1Size), FakeM1('c'));
}

TEST_F(LaneLinksTest, CallbackMaySend) {
  LaneLinkCallbacks callbacks = events_.Callbacks();
  callbacks.on_up = [this](const skex::AgentId& peer) {
    links_->Send(peer, FakeM1('b'));
  };
  links_.emplace(std::move(callbacks), limits_);
  links_->AddPeer(Bob(), bob_.endpoint());
  links_->Start();
  links_->Send(Bob(), FakeM1('a'));
  EXPECT_EQ(bob_.Accept().Read(2 * skex::kM1Size), FakeM1('a') + FakeM1('b'));
}

TEST_F(LaneLinksTest, StopClosesWhatIsOpen) {
  TestStream stream = Open();
  links_->Stop();
  EXPECT_EQ(stream.ReadToEnd().end, StreamEnd::kOrderly);
  // Nobody hears of it any more.
  links_->Send(Bob(), FakeM1('b'));
  EXPECT_FALSE(bob_.HasCaller());
}

TEST_F(LaneLinksTest, ThatNeverStartedCanBeDestroyed) {
  Make().Send(Bob(), FakeM1('a'));
}

}  // namespace
}  // namespace service
