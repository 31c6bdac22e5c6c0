// Keys that are handed out to applications, and never give a PSK.

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "skex/base/seeded_entropy.h"
#include "skex/keystore/keystore.h"

namespace skex {
namespace {

using absl::StatusCode;

constexpr uint64_t kSeed = 13;
constexpr absl::Duration kLifetime = absl::Seconds(600);

// The keystores of alice, who establishes keys for delivery, and of bob.
class KeystoreDeliveryTest : public testing::Test {
 protected:
  KeystoreDeliveryTest() : entropy_(kSeed), alice_(&entropy_), bob_(&entropy_) {
    RecordProperty("seed", static_cast<int>(kSeed));
    alice_.AddPeer({.peer = bob_id_, .delivery = true});
    bob_.AddPeer({.peer = alice_id_, .delivery = true});
  }

  Key MakeKey(uint16_t number) const {
    Key key = {.id = ComputeKeyId({}, alice_id_, bob_id_, number),
               .bytes = Secret::OfSize(kMostKeyBytes),
               .terms = std::make_shared<KeyTerms>(
                   KeyTerms{.initiator = alice_id_,
                            .responder = bob_id_,
                            .initiator_boot = {},
                            .responder_boot = {},
                            .freshness = Freshness::kDelivery,
                            .lifetime = kLifetime})};
    SeededEntropy(number).Fill(key.bytes.mutable_view());
    return key;
  }
  void Establish(uint16_t count) {
    for (uint16_t i = 0; i < count; ++i) {
      ASSERT_TRUE(alice_.Put(MakeKey(i), true, now_).ok());
      ASSERT_TRUE(bob_.Put(MakeKey(i), false, now_).ok());
    }
  }

  const AgentId alice_id_ = *AgentId::Parse("alice@north.example");
  const AgentId bob_id_ = *AgentId::Parse("bob@south.example");
  absl::Duration now_ = absl::Seconds(1000);
  SeededEntropy entropy_;
  Keystore alice_;
  Keystore bob_;
};

TEST_F(KeystoreDeliveryTest, BothEndsHandOutTheSameKey) {
  Establish(3);
  absl::StatusOr<std::vector<Key>> taken = alice_.Deliver(bob_id_, 2, now_);
  ASSERT_TRUE(taken.ok());
  ASSERT_EQ(taken->size(), 2u);
  for (const Key& key : *taken) {
    absl::StatusOr<Key> same = bob_.DeliverById(alice_id_, key.id, now_);
    ASSERT_TRUE(same.ok()) << same.status();
    EXPECT_TRUE(EqualInConstantTime(same->bytes.view(), key.bytes.view()));
  }
}

TEST_F(KeystoreDeliveryTest, EachEndHandsAKeyOutOnce) {
  Establish(1);
  const KeyId id = MakeKey(0).id;
  ASSERT_EQ(alice_.Deliver(bob_id_, 10, now_)->size(), 1u);
  EXPECT_TRUE(alice_.Deliver(bob_id_, 10, now_)->empty());
  ASSERT_TRUE(bob_.DeliverById(alice_id_, id, now_).ok());
  EXPECT_EQ(bob_.DeliverById(alice_id_, id, now_).status().code(),
            StatusCode::kNotFound);
  EXPECT_TRUE(bob_.List(now_).empty());
}

TEST_F(KeystoreDeliveryTest, TheyGiveNoPsk) {
  Establish(1);
  EXPECT_EQ(alice_.Take(bob_id_, now_).status().code(),
            StatusCode::kUnavailable);
  EXPECT_EQ(alice_.Rotate(bob_id_, now_).status().code(),
            StatusCode::kFailedPrecondition);
  const std::string identity = EncodePskIdentity({MakeKey(0).id, 0});
  EXPECT_EQ(bob_.Find(identity, now_).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(bob_.Accept(identity, now_).code(), StatusCode::kNotFound);
}

TEST_F(KeystoreDeliveryTest, KeysForTlsAreNotHandedOut) {
  Keystore store(&entropy_);
  store.AddPeer({.peer = bob_id_});
  ASSERT_TRUE(store.Put(MakeKey(0), true, now_).ok());
  EXPECT_EQ(store.Deliver(bob_id_, 1, now_).status().code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(store.DeliverById(bob_id_, MakeKey(0).id, now_).status().code(),
            StatusCode::kFailedPrecondition);
}

TEST_F(KeystoreDeliveryTest, StrangersGetNothing) {
  Establish(1);
  const AgentId carol = *AgentId::Parse("carol@east.example");
  EXPECT_EQ(alice_.Deliver(carol, 1, now_).status().code(),
            StatusCode::kNotFound);
  bob_.AddPeer({.peer = carol, .delivery = true});
  EXPECT_EQ(bob_.DeliverById(carol, MakeKey(0).id, now_).status().code(),
            StatusCode::kNotFound);
}

TEST_F(KeystoreDeliveryTest, ExpiredKeysAreNotHandedOut) {
  Establish(2);
  now_ += kLifetime;
  EXPECT_TRUE(alice_.Deliver(bob_id_, 1, now_)->empty());
  now_ += absl::Seconds(30);  // the overlap
  EXPECT_EQ(bob_.DeliverById(alice_id_, MakeKey(0).id, now_).status().code(),
            StatusCode::kNotFound);
}

TEST_F(KeystoreDeliveryTest, WhatIsTakenIsMissed) {
  Establish(4);
  EXPECT_EQ(alice_.Deficit(bob_id_, now_), 0u);
  ASSERT_TRUE(alice_.Deliver(bob_id_, 3, now_).ok());
  EXPECT_EQ(alice_.Deficit(bob_id_, now_), 3u);
}

}  // namespace
}  // namespace skex
