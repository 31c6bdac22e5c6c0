#include "skex/wire/link.h"

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/seeded_entropy.h"
#include "skex/pad/fake_pad_storage.h"

namespace skex {
namespace {

// A hub and an agent with a pad, and the stream between them in memory.
class LinkTest : public testing::Test {
 protected:
  LinkTest() : entropy_(7) {
    pads_ = MakeFakePads(alice_, hub_id_, SmallGeometry(8), entropy_);
    StartAgent();
    StartHub();
  }

  void StartAgent() {
    agent_pad_ = *Pad::Open(pads_.agent.get(), Side::kAgent, 0);
    agent_ = std::make_unique<Link>(agent_pad_.get(),
                                    RandomId<BootId>(entropy_), &entropy_);
  }
  void StartHub() {
    hub_pad_ = *Pad::Open(pads_.hub.get(), Side::kHub, 0);
    hub_ = std::make_unique<Link>(hub_pad_.get(), RandomId<BootId>(entropy_),
                                  &entropy_);
  }

  // Opens a stream and lets both ends talk until they are silent.
  void Connect() {
    agent_->Reset();
    hub_->Reset();
    const Nonce nonce = RandomId<Nonce>(entropy_);
    ASSERT_TRUE(
        agent_->AnswerChallenge(AsBytes(EncodeChallenge(hub_id_, nonce))).ok());
    std::vector<std::string> hello = agent_->TakeOutbox();
    ASSERT_EQ(hello.size(), 1u);
    ASSERT_EQ(NamesOfHello(AsBytes(hello[0]))->agent, alice_);
    ASSERT_TRUE(hub_->AcceptHello(nonce, AsBytes(hello[0])).ok());
    Settle();
  }

  void Settle() {
    for (bool moved = true; moved;) {
      moved = false;
      for (const std::string& frame : hub_->TakeOutbox()) {
        moved = true;
        absl::Status status = agent_->Open(AsBytes(frame)).status();
        EXPECT_TRUE(status.ok()) << status;
      }
      for (const std::string& frame : agent_->TakeOutbox()) {
        moved = true;
        absl::Status status = hub_->Open(AsBytes(frame)).status();
        EXPECT_TRUE(status.ok()) << status;
      }
    }
  }

  void TakeOtp(uint64_t size) {
    ASSERT_TRUE(agent_pad_->Take(Stream::kOtp, size).ok());
  }

  // A sealed deal of the agent with 32 masked bytes.
  std::string SealedDeal() {
    const LinkSlice slice = agent_->Take(32).value();
    EXPECT_TRUE(
        agent_->SealMasked(FrameType::kDeal, {"hello hub"}, slice).ok());
    return agent_->TakeOutbox().front();
  }

  const AgentId alice_ = *AgentId::Parse("alice@north.example");
  const HubId hub_id_ = *HubId::Parse("hub1@one.example");
  SeededEntropy entropy_;
  FakePadPair pads_;
  std::unique_ptr<Pad> agent_pad_;
  std::unique_ptr<Pad> hub_pad_;
  std::unique_ptr<Link> agent_;
  std::unique_ptr<Link> hub_;
};

TEST_F(LinkTest, BothEndsBecomeReady) {
  EXPECT_EQ(agent_->detail(), "not connected");
  Connect();
  EXPECT_TRUE(agent_->ready()) << agent_->detail();
  EXPECT_TRUE(hub_->ready()) << hub_->detail();
}

TEST_F(LinkTest, SealedFrameOpensOnce) {
  Connect();
  const std::string frame = SealedDeal();
  absl::StatusOr<std::optional<OpenedFrame>> opened =
      hub_->Open(AsBytes(frame));
  ASSERT_TRUE(opened.ok()) << opened.status();
  ASSERT_TRUE(opened->has_value());
  EXPECT_EQ((*opened)->type, FrameType::kDeal);
  EXPECT_EQ(AsText((*opened)->body), "hello hub");
  EXPECT_EQ((*opened)->otp.size(), 32u);
  EXPECT_EQ(hub_->Open(AsBytes(frame)).status().code(),
            absl::StatusCode::kAlreadyExists);
}

TEST_F(LinkTest, EveryFlippedBitIsRefusedAndChangesNothing) {
  Connect();
  const std::string frame = SealedDeal();
  for (size_t bit = 0; bit < frame.size() * 8; ++bit) {
    std::string bad = frame;
    bad[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    EXPECT_FALSE(hub_->Open(AsBytes(bad)).ok()) << "bit " << bit;
  }
  EXPECT_TRUE(hub_->Open(AsBytes(frame)).ok());
}

TEST_F(LinkTest, EveryTruncationOfASealedFrameIsRefused) {
  Connect();
  const std::string frame = SealedDeal();
  for (size_t size = 0; size < frame.size(); ++size) {
    EXPECT_FALSE(hub_->Open(AsBytes(frame.substr(0, size))).ok()) << size;
  }
}

// A frame that names a large pad range and does not verify must burn nothing.
TEST_F(LinkTest, UnverifiedHeaderBurnsNoPad) {
  Connect();
  const std::string frame = SealedDeal();
  const uint64_t before =
      hub_pad_->Remaining(Direction::kAgentToHub, Stream::kOtp);
  std::string bad = frame;
  bad[44] = 0x40;  // the size of the pad range
  EXPECT_FALSE(hub_->Open(AsBytes(bad)).ok());
  EXPECT_EQ(hub_pad_->Remaining(Direction::kAgentToHub, Stream::kOtp), before);
}

TEST_F(LinkTest, HelloOfAStrangerIsRefused) {
  FakePadPair others = MakeFakePads(alice_, hub_id_, SmallGeometry(), entropy_);
  auto pad = *Pad::Open(others.agent.get(), Side::kAgent, 0);
  Link stranger(pad.get(), RandomId<BootId>(entropy_), &entropy_);
  const Nonce nonce = RandomId<Nonce>(entropy_);
  ASSERT_TRUE(
      stranger.AnswerChallenge(AsBytes(EncodeChallenge(hub_id_, nonce))).ok());
  EXPECT_EQ(hub_->AcceptHello(nonce, AsBytes(stranger.TakeOutbox()[0])).code(),
            absl::StatusCode::kNotFound);
}

TEST_F(LinkTest, ReplayedHelloIsRefused) {
  const Nonce nonce = RandomId<Nonce>(entropy_);
  ASSERT_TRUE(
      agent_->AnswerChallenge(AsBytes(EncodeChallenge(hub_id_, nonce))).ok());
  const std::string hello = agent_->TakeOutbox()[0];
  EXPECT_EQ(hub_->AcceptHello(RandomId<Nonce>(entropy_), AsBytes(hello)).code(),
            absl::StatusCode::kUnauthenticated);
  EXPECT_TRUE(hub_->AcceptHello(nonce, AsBytes(hello)).ok());
}

TEST_F(LinkTest, EveryFlippedBitOfAHelloIsRefused) {
  const Nonce nonce = RandomId<Nonce>(entropy_);
  ASSERT_TRUE(
      agent_->AnswerChallenge(AsBytes(EncodeChallenge(hub_id_, nonce))).ok());
  const std::string hello = agent_->TakeOutbox()[0];
  for (size_t bit = 0; bit < hello.size() * 8; ++bit) {
    std::string bad = hello;
    bad[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    EXPECT_FALSE(hub_->AcceptHello(nonce, AsBytes(bad)).ok()) << bit;
  }
}

TEST_F(LinkTest, ChallengeOfAnotherHubIsRefused) {
  absl::Status status = agent_->AnswerChallenge(AsBytes(EncodeChallenge(
      *HubId::Parse("hub2@two.example"), RandomId<Nonce>(entropy_))));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(LinkTest, CutStreamsBurnNoPad) {
  Connect();
  const uint64_t granted = agent_pad_->Granted(Stream::kOtp);
  const uint64_t left =
      agent_pad_->Remaining(Direction::kAgentToHub, Stream::kOtp);
  for (int i = 0; i < 20; ++i) Connect();
  EXPECT_EQ(agent_pad_->Granted(Stream::kOtp), granted);
  EXPECT_EQ(agent_pad_->Remaining(Direction::kAgentToHub, Stream::kOtp), left);
  EXPECT_TRUE(agent_->ready());
}

TEST_F(LinkTest, RestartedHubGivesNewGrants) {
  Connect();
  const std::string frame = SealedDeal();
  StartHub();
  Connect();
  EXPECT_TRUE(agent_->ready());
  EXPECT_EQ(hub_->Open(AsBytes(frame)).status().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(hub_->Open(AsBytes(SealedDeal())).ok());
}

TEST_F(LinkTest, RestartedAgentGivesNewGrants) {
  Connect();
  StartAgent();
  Connect();
  EXPECT_TRUE(hub_->ready());
  EXPECT_TRUE(hub_->Open(AsBytes(SealedDeal())).ok());
}

TEST_F(LinkTest, GrantsAreRefilledWhileFramesFlow) {
  Connect();
  for (uint64_t sent = 0; sent < 3 * kMacChunk / kMacSlotSize; ++sent) {
    ASSERT_TRUE(agent_->Seal(FrameType::kReceipt, {"r"}).ok()) << sent;
    Settle();
  }
}

TEST_F(LinkTest, GrantsAreFilledUpToAChunkWhenMoreIsWanted) {
  Connect();
  TakeOtp(kOtpChunk / 2);
  agent_->WantOtp(kOtpChunk);
  Settle();
  EXPECT_EQ(agent_pad_->Granted(Stream::kOtp), kOtpChunk);
}

TEST_F(LinkTest, NeverMoreThanAChunkIsGrantedAndUnused) {
  Connect();
  for (int i = 0; i < 50; ++i) {
    agent_->WantOtp(10 * kOtpChunk);
    Settle();
    ASSERT_LE(agent_pad_->Granted(Stream::kOtp), kOtpChunk);
    ASSERT_LE(agent_pad_->Granted(Stream::kMac), kMacChunk);
    TakeOtp(1024);
    ASSERT_TRUE(agent_->Seal(FrameType::kReceipt, {"r"}).ok());
    Settle();
  }
}

TEST_F(LinkTest, UsedUpPadIsSaid) {
  Connect();
  for (int i = 0; i < 100; ++i) {
    absl::StatusOr<PadSlice> slice =
        agent_pad_->Take(Stream::kOtp, agent_pad_->Granted(Stream::kOtp));
    agent_->WantOtp(kOtpChunk);
    Settle();
  }
  EXPECT_FALSE(agent_->ready());
  EXPECT_EQ(agent_->detail().substr(0, 40),
            "the other end grants no more: the pad is");
}

TEST_F(LinkTest, ReplayedRequestGrantsNothing) {
  Connect();
  TakeOtp(kOtpChunk / 2);
  agent_->WantOtp(kOtpChunk);
  std::vector<std::string> request = agent_->TakeOutbox();
  ASSERT_EQ(request.size(), 1u);
  EXPECT_TRUE(hub_->Open(AsBytes(request[0])).ok());
  const std::vector<std::string> grant = hub_->TakeOutbox();
  const uint64_t commits = hub_pad_->commits();
  // The same answer again, and no more pad.
  EXPECT_TRUE(hub_->Open(AsBytes(request[0])).ok());
  EXPECT_EQ(hub_->TakeOutbox(), grant);
  EXPECT_EQ(hub_pad_->commits(), commits);
  ASSERT_EQ(grant.size(), 1u);
  EXPECT_TRUE(agent_->Open(AsBytes(grant[0])).ok());
  EXPECT_EQ(agent_->Open(AsBytes(grant[0])).status().code(),
            absl::StatusCode::kAlreadyExists);
  // Behind a newer one it gets no answer at all.
  TakeOtp(kOtpChunk / 2);
  agent_->WantOtp(kOtpChunk);
  Settle();
  EXPECT_EQ(hub_->Open(AsBytes(request[0])).status().code(),
            absl::StatusCode::kAlreadyExists);
}

TEST_F(LinkTest, LostRequestIsSentAgain) {
  Connect();
  TakeOtp(kOtpChunk / 2);
  agent_->WantOtp(kOtpChunk);
  const std::vector<std::string> lost = agent_->TakeOutbox();
  const absl::Duration start = absl::Seconds(1000);
  agent_->OnTime(start);
  EXPECT_TRUE(agent_->TakeOutbox().empty());
  agent_->OnTime(start + PadLink::kRequestPatience);
  EXPECT_EQ(agent_->TakeOutbox(), lost);
  EXPECT_TRUE(hub_->Open(AsBytes(lost[0])).ok());
  hub_->TakeOutbox();  // the answer is lost as well
  agent_->OnTime(start + 2 * PadLink::kRequestPatience);
  Settle();
  EXPECT_EQ(agent_pad_->Granted(Stream::kOtp), kOtpChunk);
  agent_->OnTime(start + 4 * PadLink::kRequestPatience);
  EXPECT_TRUE(agent_->TakeOutbox().empty());
}

TEST_F(LinkTest, FullDiskOfTheOtherEndIsGotOver) {
  Connect();
  TakeOtp(kOtpChunk / 2);
  pads_.hub->failure = absl::ResourceExhaustedError("no space");
  agent_->WantOtp(kOtpChunk);
  Settle();
  EXPECT_LT(agent_pad_->Granted(Stream::kOtp), kOtpChunk);
  pads_.hub->failure = absl::OkStatus();
  const absl::Duration start = absl::Seconds(1000);
  agent_->OnTime(start);
  agent_->WantOtp(kOtpChunk);
  agent_->OnTime(start + PadLink::kExhaustedPatience);
  Settle();
  agent_->WantOtp(kOtpChunk);
  Settle();
  EXPECT_EQ(agent_pad_->Granted(Stream::kOtp), kOtpChunk);
}

TEST_F(LinkTest, FrameReflectedToItsSenderIsRefused) {
  Connect();
  EXPECT_EQ(agent_->Open(AsBytes(SealedDeal())).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(LinkTest, SealsNothingWithoutASession) {
  EXPECT_EQ(agent_->Seal(FrameType::kDeal, {"x"}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace skex
