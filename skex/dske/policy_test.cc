#include "skex/dske/policy.h"

#include <algorithm>
#include <string>

#include "gtest/gtest.h"
#include "skex/dske/fake_dealing.h"
#include "skex/dske/offer.h"

namespace skex {
namespace {

PeerPolicy Good() { return FakePolicy(Alice(), 3, 5); }

// What Check() says, without the name of the peer.
std::string Objection(const PeerPolicy& policy) {
  const absl::Status status = policy.Check();
  if (status.ok()) return "";
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const std::string text(status.message());
  const std::string peer = "peer alice@north.example: ";
  EXPECT_EQ(text.substr(0, peer.size()), peer);
  return text.substr(std::min(peer.size(), text.size()));
}

TEST(PolicyTest, GoodPoliciesPass) {
  EXPECT_EQ(Objection(Good()), "");
  EXPECT_EQ(Objection(FakePolicy(Alice(), 1, 1)), "");
  EXPECT_EQ(Objection(FakePolicy(Alice(), 32, 32)), "");
}

TEST(PolicyTest, TooManyHubsAreRefused) {
  EXPECT_EQ(Objection(FakePolicy(Alice(), 3, 33)), "33 hubs, at most 32");
}

TEST(PolicyTest, ThresholdMustFitTheHubs) {
  const std::string rule =
      "want 1 <= threshold <= min_hubs <= number of hubs, have ";
  PeerPolicy policy = Good();
  policy.threshold = 0;
  EXPECT_EQ(Objection(policy), rule + "0, 3, 5");
  policy.threshold = 4;
  EXPECT_EQ(Objection(policy), rule + "4, 3, 5");
  policy.min_hubs = 6;
  EXPECT_EQ(Objection(policy), rule + "4, 6, 5");
  policy.min_hubs = 5;
  EXPECT_EQ(Objection(policy), "");
}

TEST(PolicyTest, MoreSubsetsThanCanBeSearchedAreRefused) {
  EXPECT_EQ(Objection(FakePolicy(Alice(), 8, 16)), "");
  EXPECT_EQ(Objection(FakePolicy(Alice(), 16, 32)),
            "there are 601080390 ways to choose 16 of 32 hubs: want at most "
            "20000");
}

TEST(PolicyTest, HubNamedTwiceIsRefused) {
  PeerPolicy policy = Good();
  policy.hubs[1] = policy.hubs[0];
  EXPECT_EQ(Objection(policy),
            "hub " + policy.hubs[0].text() + " is named twice");
}

TEST(PolicyTest, HubsOutOfOrderAreRefused) {
  PeerPolicy policy = Good();
  std::swap(policy.hubs[0], policy.hubs[1]);
  EXPECT_NE(Objection(policy), "");
  policy.SortHubs();
  EXPECT_EQ(Objection(policy), "");
  EXPECT_TRUE(
      std::is_sorted(policy.hubs.begin(), policy.hubs.end(), BeforeByShareX));
}

TEST(PolicyTest, KeySizesAreClosed) {
  PeerPolicy policy = Good();
  for (uint16_t bytes : {16, 32, 48, 64}) {
    policy.key_bytes = bytes;
    EXPECT_EQ(Objection(policy), "");
  }
  for (uint16_t bytes : {0, 15, 17, 24, 80, 65535}) {
    policy.key_bytes = bytes;
    EXPECT_EQ(Objection(policy),
              "keys of " + std::to_string(bytes) +
                  " bytes; want a multiple of 16 from 16 to 64 with freshness "
                  "derived");
  }
}

TEST(PolicyTest, KeysForDeliveryMayBeLong) {
  PeerPolicy policy = Good();
  policy.freshness = Freshness::kDelivery;
  policy.key_bytes = kMostKeyBytes;
  EXPECT_EQ(Objection(policy), "");
  policy.key_bytes = kMostKeyBytes + 16;
  EXPECT_NE(Objection(policy), "");
  policy.key_bytes = kMostKeyBytes;
  policy.freshness = Freshness::kExchange;
  EXPECT_NE(Objection(policy), "");
}

TEST(PolicyTest, ShareOfAnyKeySizeFitsIntoAChunkOfThePad) {
  for (uint16_t bytes = kLeastKeyBytes; bytes <= kMostKeyBytes; bytes += 16) {
    const uint16_t most = MostKeysOf(bytes);
    ASSERT_GE(most, 1);
    ASSERT_LE((ShareLayout{most, bytes}.total_size()), kMostShareBytes);
    if (most < kMostKeys) {
      const uint16_t more = most + 1;
      ASSERT_GT((ShareLayout{more, bytes}.total_size()), kMostShareBytes);
    }
  }
  EXPECT_EQ(MostKeysOf(32), kMostKeys);
  EXPECT_EQ(MostKeysOf(kMostKeyBytes), 15);
}

TEST(PolicyTest, UseLimitHasBounds) {
  PeerPolicy policy = Good();
  policy.use_limit = 0;
  EXPECT_EQ(Objection(policy), "use limit 0; want 1 to 1048576");
  policy.use_limit = kMostUses + 1;
  EXPECT_EQ(Objection(policy), "use limit 1048577; want 1 to 1048576");
  policy.use_limit = 1;
  EXPECT_EQ(Objection(policy), "");
}

TEST(PolicyTest, KeyLifetimeHasBounds) {
  PeerPolicy policy = Good();
  policy.key_lifetime = absl::Milliseconds(999);
  EXPECT_EQ(Objection(policy), "key lifetime 999ms; want 1s to 8760h");
  policy.key_lifetime = absl::Hours(24 * 365) + absl::Seconds(1);
  EXPECT_EQ(Objection(policy), "key lifetime 8760h1s; want 1s to 8760h");
  policy.key_lifetime = absl::InfiniteDuration();
  EXPECT_NE(Objection(policy), "");
}

}  // namespace
}  // namespace skex
