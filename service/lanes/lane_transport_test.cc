#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "service/lanes/lane_links.h"
#include "service/lanes/lane_links_testing.h"
#include "service/sidecar/fake_lane_answerer.h"
#include "service/sidecar/lane_answerer.h"
#include "service/sidecar/tunnel_fixture.h"

// Both ends of the way of lane messages: an initiator's links, and the inbound
// tunnel of its peer.

namespace service {
namespace {

class LaneTransportTest : public TunnelFixture {
 protected:
  LaneTransportTest() {
    limits_.connect_timeout = absl::Minutes(1);
    limits_.idle_timeout = absl::Minutes(1);
    bob_.lanes = &lanes_;
    lanes_.AnswerWith([](const std::string& m1) -> LaneReply {
      if (m1.back() == '-') return {absl::DataLossError("refused")};
      return {absl::OkStatus(), Alice().text(), {FakeM2(m1.back())}};
    });
    StartBob();
    links_ = std::make_unique<LaneLinks>(events_.Callbacks(), limits_);
    links_->AddPeer(Bob(), bob_.endpoint());
    links_->Start();
  }
  // The answerer must outlive the sidecar.
  ~LaneTransportTest() override { bob_.sidecar.reset(); }

  FakeLaneAnswerer lanes_;
  LaneLinkLimits limits_;
  LaneLinkEvents events_;
  std::unique_ptr<LaneLinks> links_;
};

TEST_F(LaneTransportTest, AnswersComeBack) {
  for (char fill : {'a', 'b', 'c'}) links_->Send(Bob(), FakeM1(fill));
  EXPECT_EQ(events_.Await(), "up bob@south.example");
  for (char fill : {'a', 'b', 'c'}) {
    EXPECT_EQ(events_.Await(), "from bob@south.example: " + FakeM2(fill));
  }
  links_->Stop();
  EXPECT_EQ(bob_.Finish(), 0u);
  EXPECT_EQ(bob_.Tunnel().Count(ConnectionResult::kKeyExchange), 1u);
  EXPECT_EQ(bob_.Tunnel().failed, 0u);
}

TEST_F(LaneTransportTest, RefusalIsAnEndOfTheConnection) {
  links_->Send(Bob(), FakeM1('-'));
  EXPECT_EQ(events_.Await(), "up bob@south.example");
  EXPECT_EQ(events_.Await(), "down bob@south.example: UNAVAILABLE");
  links_->Send(Bob(), FakeM1('a'));
  EXPECT_EQ(events_.Await(), "up bob@south.example");
  EXPECT_EQ(events_.Await(), "from bob@south.example: " + FakeM2('a'));
}

TEST_F(LaneTransportTest, DrainedPeerIsAwayUntilItIsBack) {
  links_->Send(Bob(), FakeM1('a'));
  EXPECT_EQ(events_.Await(), "up bob@south.example");
  EXPECT_EQ(events_.Await(), "from bob@south.example: " + FakeM2('a'));
  bob_.options.inbound.front().listen = bob_.endpoint();
  EXPECT_EQ(bob_.sidecar->Drain(absl::InfiniteDuration()), 0u);
  EXPECT_EQ(events_.Await(), "down bob@south.example: UNAVAILABLE");
  links_->Send(Bob(), FakeM1('b'));
  EXPECT_EQ(events_.Await(), "down bob@south.example: UNAVAILABLE");
  bob_.sidecar.reset();
  StartBob();
  links_->Send(Bob(), FakeM1('c'));
  EXPECT_EQ(events_.Await(), "up bob@south.example");
  EXPECT_EQ(events_.Await(), "from bob@south.example: " + FakeM2('c'));
}

}  // namespace
}  // namespace service
