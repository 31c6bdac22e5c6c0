// A link with several pads: which one is used, and how one follows another.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/seeded_entropy.h"
#include "skex/pad/fake_pad_storage.h"
#include "skex/wire/link.h"

namespace skex {
namespace {

constexpr uint64_t kShare = 112;

// Both ends of the pads of one agent and one hub, and the stream between them.
class LinkPadsTest : public testing::Test {
 protected:
  struct Pair {
    FakePadPair storage;
    std::unique_ptr<Pad> agent;
    std::unique_ptr<Pad> hub;
    TableId table() const { return storage.agent->identity().table; }
  };

  LinkPadsTest() : entropy_(11) {
    MakePad();
    agent_ = std::make_unique<Link>(pads_[0].agent.get(),
                                    RandomId<BootId>(entropy_), &entropy_);
    hub_ = std::make_unique<Link>(pads_[0].hub.get(),
                                  RandomId<BootId>(entropy_), &entropy_);
  }

  // One more pad, which no end knows yet.
  Pair& MakePad(PadSource source = PadSource::kGenerator) {
    Pair& pair = pads_.emplace_back(
        Pair{MakeFakePads(alice_, hub_id_, SmallGeometry(2), entropy_, source),
             nullptr, nullptr});
    pair.agent = Pad::Open(pair.storage.agent.get(), Side::kAgent, 0).value();
    pair.hub = Pad::Open(pair.storage.hub.get(), Side::kHub, 0).value();
    return pair;
  }

  // Opens a stream. Returns what the hub said to each hello.
  std::vector<absl::StatusCode> Connect() {
    agent_->Reset();
    hub_->Reset();
    nonce_ = RandomId<Nonce>(entropy_);
    EXPECT_TRUE(
        agent_->AnswerChallenge(AsBytes(EncodeChallenge(hub_id_, nonce_)))
            .ok());
    std::vector<absl::StatusCode> answers;
    for (const std::string& hello : agent_->TakeOutbox()) {
      answers.push_back(hub_->AcceptHello(nonce_, AsBytes(hello)).code());
    }
    Settle();
    return answers;
  }

  // Lets both ends talk until they are silent; collects exchange frames.
  void Settle() {
    for (bool moved = true; moved;) {
      moved = false;
      for (const std::string& frame : hub_->TakeOutbox()) {
        moved = true;
        Deliver(*agent_, frame);
      }
      for (const std::string& frame : agent_->TakeOutbox()) {
        moved = true;
        const FrameHeader header = ParseFrame(AsBytes(frame)).value().header;
        if (header.type == FrameType::kHello) {
          hub_->AcceptHello(nonce_, AsBytes(frame)).IgnoreError();
        } else {
          Deliver(*hub_, frame);
        }
      }
    }
  }

  void Deliver(Link& to, const std::string& frame) {
    absl::StatusOr<std::optional<OpenedFrame>> opened = to.Open(AsBytes(frame));
    EXPECT_TRUE(opened.ok()) << opened.status();
    if (!opened.ok() || !opened->has_value()) return;
    ++opened_[ParseFrame(AsBytes(frame)).value().header.table];
  }

  // Sends a masked frame; false if there is no pad for it.
  bool Send(Link& from) {
    if (!from.Holds(kShare)) {
      from.WantOtp(kShare);
      Settle();
    }
    absl::StatusOr<LinkSlice> slice = from.Take(kShare);
    if (!slice.ok()) return false;
    const Secret body = Secret::OfSize(kShare);
    const FrameType type =
        &from == agent_.get() ? FrameType::kDeal : FrameType::kRelay;
    EXPECT_TRUE(from.SealMasked(type, {AsText(body.view())}, *slice).ok());
    Settle();
    return true;
  }

  // Adds pad `i` at one end.
  void AddAtAgent(size_t i) { agent_->AddPad(pads_[i].agent.get()); }
  void AddAtHub(size_t i) { hub_->AddPad(pads_[i].hub.get()); }

  void PassHelloPatience() {
    agent_->OnTime(now_);
    now_ += PadLink::kHelloPatience;
    agent_->OnTime(now_);
    Settle();
  }

  const AgentId alice_ = *AgentId::Parse("alice@north.example");
  const HubId hub_id_ = *HubId::Parse("hub1@one.example");
  SeededEntropy entropy_;
  std::vector<Pair> pads_;
  std::unique_ptr<Link> agent_;
  std::unique_ptr<Link> hub_;
  Nonce nonce_;
  absl::Duration now_ = absl::Seconds(1000);
  std::map<TableId, int> opened_;  // exchange frames, by their pad
};

TEST_F(LinkPadsTest, OldestPadIsUsedFirstAndTheNextWithoutAPause) {
  MakePad();
  AddAtAgent(1);
  AddAtHub(1);
  EXPECT_EQ(Connect(), std::vector(2, absl::StatusCode::kOk));
  for (Link* from : {agent_.get(), hub_.get()}) {
    opened_.clear();
    while (opened_[pads_[1].table()] < 100) {
      const int old = opened_[pads_[0].table()];
      ASSERT_TRUE(Send(*from)) << "after " << old << " frames";
      // Once left, the old pad is not gone back to.
      if (opened_[pads_[1].table()] > 1) {
        ASSERT_EQ(opened_[pads_[0].table()], old);
      }
    }
    EXPECT_GT(opened_[pads_[0].table()], 100);
  }
}

TEST_F(LinkPadsTest, FramesWithoutAMaskGoOverAsWell) {
  MakePad();
  AddAtAgent(1);
  AddAtHub(1);
  Connect();
  for (uint64_t sent = 0; sent < 3 * kMacChunk / kMacSlotSize; ++sent) {
    ASSERT_TRUE(agent_->Seal(FrameType::kReceipt, {"r"}).ok()) << sent;
    Settle();
  }
  EXPECT_EQ(opened_[pads_[0].table()], 2 * kMacChunk / kMacSlotSize);
  EXPECT_EQ(opened_[pads_[1].table()], kMacChunk / kMacSlotSize);
  // Without MAC slots the old pad's otp bytes are of no use.
  EXPECT_EQ(agent_->Take(kShare)->table, pads_[1].table());
}

TEST_F(LinkPadsTest, NothingIsLeftWhenAllPadsAreUsedUp) {
  MakePad();
  AddAtAgent(1);
  AddAtHub(1);
  Connect();
  while (Send(*agent_)) {
  }
  EXPECT_TRUE(agent_->Lacks(kShare));
  EXPECT_FALSE(agent_->Holds(kShare));
  EXPECT_EQ(agent_->GrantsDetail().substr(0, 40),
            "the other end grants no more: the pad is");
  EXPECT_EQ(agent_->Take(kShare).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(LinkPadsTest, AskingAnEmptyPadAgainDoesNotDelayTheNext) {
  MakePad();
  AddAtAgent(1);
  AddAtHub(1);
  Connect();
  while (opened_[pads_[1].table()] == 0) ASSERT_TRUE(Send(*agent_));
  agent_->OnTime(now_);
  agent_->OnTime(now_ + PadLink::kExhaustedPatience);
  // The request for the old pad is not answered yet.
  EXPECT_EQ(agent_->Take(kShare)->table, pads_[1].table());
}

TEST_F(LinkPadsTest, PadThatTheHubDoesNotKnowIsNotUsed) {
  MakePad();
  AddAtAgent(1);
  EXPECT_EQ(Connect(),
            std::vector({absl::StatusCode::kOk, absl::StatusCode::kNotFound}));
  EXPECT_TRUE(agent_->ready());
  while (Send(*agent_)) {
  }
  EXPECT_EQ(opened_[pads_[1].table()], 0);
  EXPECT_FALSE(agent_->pads()[1].connected);
}

TEST_F(LinkPadsTest, PadThatTheAgentDoesNotKnowIsNotUsed) {
  MakePad();
  AddAtHub(1);
  EXPECT_EQ(Connect(), std::vector({absl::StatusCode::kOk}));
  while (Send(*hub_)) {
  }
  EXPECT_EQ(opened_[pads_[1].table()], 0);
  EXPECT_FALSE(hub_->pads()[1].connected);
}

TEST_F(LinkPadsTest, OldPadThatTheHubHasRevokedDoesNotStopTheNew) {
  MakePad();
  AddAtAgent(1);
  AddAtHub(1);
  hub_->RemovePad(pads_[0].table());
  EXPECT_EQ(Connect(),
            std::vector({absl::StatusCode::kNotFound, absl::StatusCode::kOk}));
  EXPECT_TRUE(Send(*agent_));
  EXPECT_TRUE(Send(*hub_));
  EXPECT_EQ(opened_[pads_[1].table()], 2);
}

TEST_F(LinkPadsTest, PadIsTakenIntoARunningStreamInEitherOrder) {
  MakePad();
  MakePad();
  Connect();
  // The hub first: the agent's hello is accepted at once.
  AddAtHub(1);
  AddAtAgent(1);
  Settle();
  EXPECT_TRUE(agent_->pads()[1].connected);
  // The agent first: it says hello again after a while.
  AddAtAgent(2);
  Settle();
  AddAtHub(2);
  EXPECT_FALSE(agent_->pads()[2].connected);
  PassHelloPatience();
  EXPECT_TRUE(agent_->pads()[2].connected);
  EXPECT_TRUE(hub_->pads()[2].connected);
  // The sessions of the others went on all the while.
  EXPECT_TRUE(agent_->pads()[0].connected);
  EXPECT_TRUE(hub_->pads()[1].connected);
}

TEST_F(LinkPadsTest, RemovedPadsFramesAreRefused) {
  MakePad();
  AddAtAgent(1);
  AddAtHub(1);
  Connect();
  const LinkSlice slice = agent_->Take(kShare).value();
  ASSERT_EQ(slice.table, pads_[0].table());
  ASSERT_TRUE(agent_->SealMasked(FrameType::kDeal, {"share"}, slice).ok());
  const std::vector<std::string> frames = agent_->TakeOutbox();
  hub_->RemovePad(pads_[0].table());
  hub_->TakeOutbox();  // the farewell is lost
  const absl::Status refused = hub_->Open(AsBytes(frames[0])).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(refused.message(), "frame is for table " + pads_[0].table().Hex() +
                                   ", this end has " + pads_[1].table().Hex() +
                                   ": the two ends hold different pads");
  EXPECT_TRUE(hub_->ready());
}

// What the other end sends under it would be lost.
TEST_F(LinkPadsTest, PadThatTheHubHasLetGoIsNotUsedByTheAgent) {
  MakePad();
  AddAtAgent(1);
  AddAtHub(1);
  Connect();
  hub_->RemovePad(pads_[0].table());
  Settle();
  EXPECT_TRUE(Send(*agent_));
  EXPECT_TRUE(Send(*hub_));
  EXPECT_EQ(opened_[pads_[1].table()], 2);
}

TEST_F(LinkPadsTest, PadThatTheAgentHasLetGoIsNotUsedByTheHub) {
  MakePad();
  AddAtAgent(1);
  AddAtHub(1);
  Connect();
  agent_->RemovePad(pads_[0].table());
  Settle();
  EXPECT_TRUE(Send(*agent_));
  EXPECT_TRUE(Send(*hub_));
  EXPECT_EQ(opened_[pads_[1].table()], 2);
}

TEST_F(LinkPadsTest, PadThatTheHubTakesBackIsUsedAgain) {
  MakePad();
  AddAtAgent(1);
  AddAtHub(1);
  Connect();
  hub_->RemovePad(pads_[1].table());
  Settle();
  EXPECT_FALSE(agent_->pads()[1].connected);
  AddAtHub(1);
  PassHelloPatience();
  EXPECT_TRUE(agent_->pads()[1].connected);
}

TEST_F(LinkPadsTest, FarewellOfAnEarlierSessionChangesNothing) {
  MakePad();
  AddAtAgent(1);
  AddAtHub(1);
  Connect();
  hub_->RemovePad(pads_[1].table());
  const std::string farewell = hub_->TakeOutbox().at(0);
  for (size_t bit = 0; bit < farewell.size() * 8; ++bit) {
    std::string bad = farewell;
    bad[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    EXPECT_FALSE(agent_->Open(AsBytes(bad)).ok()) << "bit " << bit;
  }
  AddAtHub(1);
  Connect();
  ASSERT_TRUE(agent_->pads()[1].connected);
  EXPECT_EQ(agent_->Open(AsBytes(farewell)).status().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(agent_->pads()[1].connected);
}

TEST_F(LinkPadsTest, SliceOfARemovedPadSealsNothing) {
  MakePad();
  AddAtAgent(1);
  AddAtHub(1);
  Connect();
  const LinkSlice slice = agent_->Take(kShare).value();
  agent_->RemovePad(slice.table);
  EXPECT_EQ(
      agent_->SealMasked(FrameType::kDeal, {"share"}, slice).status().code(),
      absl::StatusCode::kNotFound);
}

TEST_F(LinkPadsTest, HelloSeenTwiceGetsTheSameWelcome) {
  const Nonce nonce = RandomId<Nonce>(entropy_);
  ASSERT_TRUE(
      agent_->AnswerChallenge(AsBytes(EncodeChallenge(hub_id_, nonce))).ok());
  const std::string hello = agent_->TakeOutbox().at(0);
  ASSERT_TRUE(hub_->AcceptHello(nonce, AsBytes(hello)).ok());
  const std::string welcome = hub_->TakeOutbox().at(0);
  const uint64_t commits = pads_[0].hub->commits();
  ASSERT_TRUE(hub_->AcceptHello(nonce, AsBytes(hello)).ok());
  EXPECT_EQ(hub_->TakeOutbox(), std::vector({welcome}));
  EXPECT_EQ(pads_[0].hub->commits(), commits);
  // Another one of the same stream would end the session.
  ASSERT_TRUE(
      agent_->AnswerChallenge(AsBytes(EncodeChallenge(hub_id_, nonce))).ok());
  EXPECT_EQ(
      hub_->AcceptHello(nonce, AsBytes(agent_->TakeOutbox().at(0))).code(),
      absl::StatusCode::kAlreadyExists);
}

TEST_F(LinkPadsTest, LostHelloIsSentAgain) {
  nonce_ = RandomId<Nonce>(entropy_);
  ASSERT_TRUE(
      agent_->AnswerChallenge(AsBytes(EncodeChallenge(hub_id_, nonce_))).ok());
  agent_->TakeOutbox();
  PassHelloPatience();
  EXPECT_TRUE(agent_->ready());
}

TEST_F(LinkPadsTest, NewStreamEndsTheSessionsOfTheOldOne) {
  MakePad();
  AddAtAgent(1);
  AddAtHub(1);
  Connect();
  ASSERT_TRUE(hub_->pads()[1].connected);
  // Of the new stream's hellos only the first arrives.
  const Nonce nonce = RandomId<Nonce>(entropy_);
  ASSERT_TRUE(
      agent_->AnswerChallenge(AsBytes(EncodeChallenge(hub_id_, nonce))).ok());
  ASSERT_TRUE(
      hub_->AcceptHello(nonce, AsBytes(agent_->TakeOutbox().at(0))).ok());
  EXPECT_TRUE(hub_->pads()[0].connected);
  EXPECT_FALSE(hub_->pads()[1].connected);
}

TEST_F(LinkPadsTest, StrangersHelloEndsNoSession) {
  Connect();
  std::string hello;
  {
    const FakePadPair others =
        MakeFakePads(alice_, hub_id_, SmallGeometry(), entropy_);
    const auto pad = Pad::Open(others.agent.get(), Side::kAgent, 0).value();
    Link stranger(pad.get(), RandomId<BootId>(entropy_), &entropy_);
    ASSERT_TRUE(
        stranger.AnswerChallenge(AsBytes(EncodeChallenge(hub_id_, nonce_)))
            .ok());
    hello = stranger.TakeOutbox().at(0);
  }
  // The table of a pad is no secret.
  FrameHeader header = ParseFrame(AsBytes(hello)).value().header;
  const Frame frame = ParseFrame(AsBytes(hello)).value();
  header.table = pads_[0].table();
  const std::string named = absl::StrCat(
      EncodeFrame(header, {AsText(frame.body)}), AsText(frame.tag));
  for (const Nonce& nonce : {nonce_, RandomId<Nonce>(entropy_)}) {
    EXPECT_EQ(hub_->AcceptHello(nonce, AsBytes(named)).code(),
              absl::StatusCode::kUnauthenticated);
  }
  EXPECT_TRUE(hub_->ready());
  EXPECT_TRUE(Send(*hub_));
}

TEST_F(LinkPadsTest, SliceSaysWhereItsBytesAreFrom) {
  MakePad(PadSource::kPhysical);
  AddAtAgent(1);
  AddAtHub(1);
  Connect();
  EXPECT_EQ(agent_->Take(kShare)->source, PadSource::kGenerator);
  EXPECT_EQ(agent_->WorstSource(), PadSource::kGenerator);
  agent_->RemovePad(pads_[0].table());
  EXPECT_EQ(agent_->Take(kShare)->source, PadSource::kPhysical);
  EXPECT_EQ(agent_->WorstSource(), PadSource::kPhysical);
}

}  // namespace
}  // namespace skex
