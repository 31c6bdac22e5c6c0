#include "skex/pad/pad.h"

#include <algorithm>
#include <set>
#include <vector>

#include "gtest/gtest.h"
#include "skex/base/seeded_entropy.h"
#include "skex/pad/fake_pad_storage.h"

namespace skex {
namespace {

// A pad with both ends open. The agent sends, the hub receives.
class PadTest : public testing::Test {
 protected:
  PadTest() : entropy_(1) {
    pads_ = MakeFakePads(*AgentId::Parse("alice@a"), *HubId::Parse("hub@h"),
                         SmallGeometry(), entropy_);
    OpenAgent();
    OpenHub();
  }

  void OpenAgent() { agent_ = *Pad::Open(pads_.agent.get(), Side::kAgent, 0); }
  void OpenHub() { hub_ = *Pad::Open(pads_.hub.get(), Side::kHub, 0); }

  // The hub grants, the agent takes note.
  PadRange Grant(Stream stream) {
    return Grant(stream, stream == Stream::kMac ? kMacChunk : kOtpChunk);
  }
  PadRange Grant(Stream stream, uint64_t size) {
    absl::StatusOr<PadRange> range = hub_->Grant(stream, size);
    EXPECT_TRUE(range.ok()) << range.status();
    EXPECT_TRUE(agent_->AddGrant(stream, *range).ok());
    return *range;
  }

  static PadRange RangeOf(const PadSlice& slice) {
    return {slice.offset, slice.offset + slice.bytes.size()};
  }

  SeededEntropy entropy_;
  FakePadPair pads_;
  std::unique_ptr<Pad> agent_;
  std::unique_ptr<Pad> hub_;
};

TEST_F(PadTest, BothEndsReadTheSameBytes) {
  Grant(Stream::kOtp);
  PadSlice slice = *agent_->Take(Stream::kOtp, 80);
  Secret seen = *hub_->Peek(Stream::kOtp, RangeOf(slice));
  EXPECT_TRUE(EqualInConstantTime(seen.view(), slice.bytes.view()));
}

TEST_F(PadTest, TakesNothingWithoutAGrant) {
  EXPECT_EQ(agent_->Take(Stream::kMac, 32).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(PadTest, TakesEveryByteOnce) {
  PadRange grant = Grant(Stream::kMac);
  uint64_t expected = grant.from;
  while (agent_->Granted(Stream::kMac) > 0) {
    PadSlice slice = *agent_->Take(Stream::kMac, kMacSlotSize);
    EXPECT_EQ(slice.offset, expected);
    expected += kMacSlotSize;
  }
  EXPECT_EQ(expected, grant.to);
}

TEST_F(PadTest, RefusesPartsOfASlot) {
  Grant(Stream::kMac);
  EXPECT_EQ(agent_->Take(Stream::kMac, 31).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(PadTest, ClaimIsDurableBeforeTheFirstByteIsUsed) {
  Grant(Stream::kOtp);
  pads_.agent->failure = absl::ResourceExhaustedError("disk full");
  EXPECT_EQ(agent_->Take(Stream::kOtp, 16).status().code(),
            absl::StatusCode::kResourceExhausted);
  pads_.agent->failure = absl::OkStatus();
  EXPECT_TRUE(agent_->Take(Stream::kOtp, 16).ok());
}

TEST_F(PadTest, OneCommitPaysForAChunk) {
  Grant(Stream::kOtp);
  const uint64_t before = agent_->commits();
  for (uint64_t used = 0; used < kOtpChunk; used += 1024) {
    ASSERT_TRUE(agent_->Take(Stream::kOtp, 1024).ok());
  }
  EXPECT_EQ(agent_->commits(), before + 1);
}

TEST_F(PadTest, AfterACrashUseBeginsAboveTheClaim) {
  Grant(Stream::kOtp);
  PadSlice before = *agent_->Take(Stream::kOtp, 16);
  OpenAgent();
  EXPECT_EQ(agent_->Granted(Stream::kOtp), 0u);
  Grant(Stream::kOtp);
  PadSlice after = *agent_->Take(Stream::kOtp, 16);
  EXPECT_GE(after.offset, before.offset + kOtpChunk);
}

TEST_F(PadTest, ReceiverThatCrashedAcceptsNothingItGrantedBefore) {
  Grant(Stream::kMac);
  PadSlice slice = *agent_->Take(Stream::kMac, kMacSlotSize);
  OpenHub();
  EXPECT_EQ(hub_->Peek(Stream::kMac, RangeOf(slice)).status().code(),
            absl::StatusCode::kAlreadyExists);
}

// The backup of a sender is restored after it used bytes in messages that
// never arrived: the receiver has seen nothing, yet grants above all of it.
TEST_F(PadTest, RestoredBackupNeverReusesBytes) {
  FakePadStorage backup = *pads_.agent;
  Grant(Stream::kOtp);
  std::vector<uint64_t> used;
  for (int i = 0; i < 10; ++i) {
    used.push_back(agent_->Take(Stream::kOtp, 4096)->offset);
  }
  *pads_.agent = backup;
  OpenAgent();
  Grant(Stream::kOtp);
  PadSlice slice = *agent_->Take(Stream::kOtp, 4096);
  EXPECT_GE(slice.offset, used.back() + 4096);
}

TEST_F(PadTest, GrantBelowWhatWasUsedGivesNothing) {
  PadRange grant = Grant(Stream::kMac);
  ASSERT_TRUE(agent_->Take(Stream::kMac, kMacSlotSize).ok());
  agent_->DropGrants();
  ASSERT_TRUE(agent_->AddGrant(Stream::kMac, grant).ok());
  EXPECT_EQ(agent_->Granted(Stream::kMac), 0u);
}

TEST_F(PadTest, GrantOutsideOfTheStreamIsRefused) {
  const PadGeometry& geometry = agent_->identity().geometry;
  const uint64_t end = geometry.End(Direction::kAgentToHub, 0, Stream::kMac);
  EXPECT_FALSE(agent_->AddGrant(Stream::kMac, {end - 32, end + 32}).ok());
  EXPECT_FALSE(agent_->AddGrant(Stream::kMac, {64, 32}).ok());
  EXPECT_FALSE(agent_->AddGrant(Stream::kMac, {1, 33}).ok());
}

TEST_F(PadTest, ConsumedBytesAreRefusedAndSoIsEveryOverlap) {
  Grant(Stream::kOtp);
  PadSlice a = *agent_->Take(Stream::kOtp, 64);
  PadSlice b = *agent_->Take(Stream::kOtp, 64);
  hub_->Consume(Stream::kOtp, RangeOf(b));  // b before a: a gap stays
  for (PadRange range : {RangeOf(b), PadRange{a.offset, b.offset + 16},
                         PadRange{b.offset + 16, b.offset + 32},
                         PadRange{b.offset + 48, b.offset + 80}}) {
    EXPECT_EQ(hub_->Peek(Stream::kOtp, range).status().code(),
              absl::StatusCode::kAlreadyExists);
  }
  EXPECT_TRUE(hub_->Peek(Stream::kOtp, RangeOf(a)).ok());
  hub_->Consume(Stream::kOtp, RangeOf(a));
  EXPECT_EQ(hub_->Peek(Stream::kOtp, RangeOf(a)).status().code(),
            absl::StatusCode::kAlreadyExists);
}

TEST_F(PadTest, PeekChangesNothing) {
  Grant(Stream::kMac);
  PadSlice slice = *agent_->Take(Stream::kMac, kMacSlotSize);
  EXPECT_TRUE(hub_->Peek(Stream::kMac, RangeOf(slice)).ok());
  EXPECT_TRUE(hub_->Peek(Stream::kMac, RangeOf(slice)).ok());
}

TEST_F(PadTest, RefusesRangesThatWereNotGranted) {
  PadRange grant = Grant(Stream::kOtp);
  for (PadRange range : {PadRange{grant.to, grant.to + 16},
                         PadRange{grant.to - 16, grant.to + 16},
                         PadRange{grant.from - 16, grant.from + 16},
                         PadRange{grant.from + 1, grant.from + 17},
                         PadRange{grant.from, grant.from}}) {
    EXPECT_EQ(hub_->Peek(Stream::kOtp, range).status().code(),
              absl::StatusCode::kOutOfRange);
  }
}

TEST_F(PadTest, StreamsAreNotInterchangeable) {
  Grant(Stream::kOtp);
  PadSlice slice = *agent_->Take(Stream::kOtp, 32);
  EXPECT_EQ(hub_->Peek(Stream::kMac, RangeOf(slice)).status().code(),
            absl::StatusCode::kOutOfRange);
}

TEST_F(PadTest, HolesAreRefusedOnBothSides) {
  PadRange grant = Grant(Stream::kMac);
  std::fill_n(pads_.hub->data().begin() + static_cast<ptrdiff_t>(grant.from),
              32, '\0');
  std::fill_n(pads_.agent->data().begin() + static_cast<ptrdiff_t>(grant.from),
              32, '\0');
  EXPECT_EQ(
      hub_->Peek(Stream::kMac, {grant.from, grant.from + 32}).status().code(),
      absl::StatusCode::kDataLoss);
  EXPECT_EQ(agent_->Take(Stream::kMac, 32).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(agent_->Take(Stream::kMac, 32)->offset, grant.from + 32);
}

TEST_F(PadTest, UsedBytesAreErasedOnBothSides) {
  Grant(Stream::kOtp);
  PadSlice slice = *agent_->Take(Stream::kOtp, 64);
  hub_->Consume(Stream::kOtp, RangeOf(slice));
  ASSERT_TRUE(agent_->EraseUsed(true).ok());
  ASSERT_TRUE(hub_->EraseUsed(true).ok());
  for (FakePadStorage* storage : {pads_.agent.get(), pads_.hub.get()}) {
    const std::string bytes = storage->data().substr(slice.offset, 64);
    EXPECT_EQ(bytes, std::string(64, '\0'));
    EXPECT_NE(storage->data()[slice.offset + 64 + 3] |
                  storage->data()[slice.offset + 64 + 4],
              0);
  }
}

TEST_F(PadTest, StartErasesAllThatWasClaimed) {
  PadRange grant = Grant(Stream::kOtp);
  ASSERT_TRUE(agent_->Take(Stream::kOtp, 16).ok());
  OpenAgent();
  OpenHub();
  for (FakePadStorage* storage : {pads_.agent.get(), pads_.hub.get()}) {
    EXPECT_EQ(storage->data().substr(grant.from, grant.size()),
              std::string(grant.size(), '\0'));
  }
}

TEST_F(PadTest, SmallAmountsWaitForTheirErasure) {
  Grant(Stream::kOtp);
  PadSlice slice = *agent_->Take(Stream::kOtp, 64);
  ASSERT_TRUE(agent_->EraseUsed(false).ok());
  EXPECT_NE(pads_.agent->data().substr(slice.offset, 64),
            std::string(64, '\0'));
}

TEST_F(PadTest, ExhaustedPadSaysSo) {
  const uint64_t all = agent_->identity().geometry.otp_bytes;
  Grant(Stream::kOtp, all);
  absl::Status status = hub_->Grant(Stream::kOtp, 1).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(status.message().find("enrol a new pad"), absl::string_view::npos);
}

TEST_F(PadTest, LastGrantIsWhatIsLeft) {
  const uint64_t all = agent_->identity().geometry.otp_bytes;
  Grant(Stream::kOtp, all - 32);
  EXPECT_EQ(Grant(Stream::kOtp, kOtpChunk).size(), 32u);
}

TEST_F(PadTest, GrantsWholeBlocks) {
  EXPECT_EQ(Grant(Stream::kOtp, 17).size(), 32u);
  EXPECT_EQ(Grant(Stream::kMac, 1).size(), kMacSlotSize);
}

TEST_F(PadTest, CountsWhatIsLeft) {
  const uint64_t all = agent_->identity().geometry.otp_bytes;
  EXPECT_EQ(agent_->Remaining(Direction::kAgentToHub, Stream::kOtp), all);
  Grant(Stream::kOtp);
  ASSERT_TRUE(agent_->Take(Stream::kOtp, 160).ok());
  EXPECT_EQ(agent_->Remaining(Direction::kAgentToHub, Stream::kOtp), all - 160);
  EXPECT_EQ(agent_->Remaining(Direction::kHubToAgent, Stream::kOtp), all);
}

TEST_F(PadTest, ObserverSeesEveryUse) {
  std::vector<PadRange> seen;
  agent_->set_use_observer(
      [&](Direction direction, Stream stream, PadRange range) {
        EXPECT_EQ(direction, Direction::kAgentToHub);
        EXPECT_EQ(stream, Stream::kMac);
        seen.push_back(range);
      });
  Grant(Stream::kMac);
  PadSlice slice = *agent_->Take(Stream::kMac, 64);
  EXPECT_EQ(seen, std::vector<PadRange>{RangeOf(slice)});
}

TEST_F(PadTest, RefusesALaneThatIsNotThere) {
  EXPECT_EQ(Pad::Open(pads_.agent.get(), Side::kAgent, 1).status().code(),
            absl::StatusCode::kInvalidArgument);
}

// Random uses, crashes, restores of one end at a time and lost messages, from
// a printed seed: no byte is ever handed out twice.
TEST(PadPropertyTest, NoByteIsTakenTwice) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    SeededEntropy entropy(seed);
    std::mt19937_64 random(seed);
    FakePadPair pads = MakeFakePads(
        *AgentId::Parse("alice@a"), *HubId::Parse("hub@h"),
        {.lanes = 1, .mac_bytes = 40 * kMacChunk, .otp_bytes = kOtpChunk},
        entropy);
    auto agent = *Pad::Open(pads.agent.get(), Side::kAgent, 0);
    auto hub = *Pad::Open(pads.hub.get(), Side::kHub, 0);
    FakePadStorage backup = *pads.agent;
    std::set<uint64_t> used;
    for (int step = 0; step < 400; ++step) {
      switch (random() % 8) {
        case 0:
          agent = *Pad::Open(pads.agent.get(), Side::kAgent, 0);
          break;
        case 1:
          hub = *Pad::Open(pads.hub.get(), Side::kHub, 0);
          break;
        case 2:
          if (random() % 4 == 0) backup = *pads.agent;
          break;
        case 3:
          if (random() % 4 == 0) {
            *pads.agent = backup;
            agent = *Pad::Open(pads.agent.get(), Side::kAgent, 0);
          }
          break;
        default: {
          if (agent->Granted(Stream::kMac) < 256) {
            absl::StatusOr<PadRange> grant =
                hub->Grant(Stream::kMac, kMacChunk);
            if (!grant.ok()) break;
            ASSERT_TRUE(agent->AddGrant(Stream::kMac, *grant).ok());
          }
          absl::StatusOr<PadSlice> slice =
              agent->Take(Stream::kMac, kMacSlotSize * (1 + random() % 4));
          if (!slice.ok()) break;
          for (uint64_t at = 0; at < slice->bytes.size(); at += kMacSlotSize) {
            ASSERT_TRUE(used.insert(slice->offset + at).second)
                << "slot " << slice->offset + at << " used twice";
          }
        }
      }
    }
    EXPECT_FALSE(used.empty());
  }
}

}  // namespace
}  // namespace skex
