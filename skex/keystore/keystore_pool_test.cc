// The pool of keys to dial with, and what a restart or a refusal of the peer
// does to the keys of both sides.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "skex/base/seeded_entropy.h"
#include "skex/keystore/keystore.h"

namespace skex {
namespace {

using absl::StatusCode;

constexpr uint64_t kSeed = 12;
constexpr absl::Duration kLifetime = absl::Seconds(600);
constexpr absl::Duration kMoment = absl::Milliseconds(1);

BootId Boot(uint8_t number) {
  BootId boot;
  boot.mutable_bytes()[0] = number;
  return boot;
}

// The keystore of alice, whose peer is bob.
class KeystorePoolTest : public testing::Test {
 protected:
  KeystorePoolTest() : entropy_(kSeed), store_(&entropy_) {
    RecordProperty("seed", static_cast<int>(kSeed));
    store_.AddPeer({.peer = bob_, .pool_low = 3, .pool_high = 5});
  }

  // Key `number`, agreed to by the start `boot` of bob.
  Key MakeKey(uint16_t number, bool dial, uint8_t boot) const {
    const AgentId& initiator = dial ? alice_ : bob_;
    const AgentId& responder = dial ? bob_ : alice_;
    Key key = {.id = ComputeKeyId({}, initiator, responder, number),
               .bytes = Secret::OfSize(32),
               .terms = std::make_shared<KeyTerms>(
                   KeyTerms{.initiator = initiator,
                            .responder = responder,
                            .initiator_boot = Boot(dial ? 100 : boot),
                            .responder_boot = Boot(dial ? boot : 100),
                            .lifetime = kLifetime,
                            .use_limit = 100,
                            .hubs = {*HubId::Parse("hub@op.example")},
                            .threshold = 1})};
    SeededEntropy(number).Fill(key.bytes.mutable_view());
    return key;
  }
  absl::Status PutDial(uint16_t number, uint8_t boot = 1) {
    return store_.Put(MakeKey(number, true, boot), true, now_);
  }
  absl::Status PutDialOf(KeySource source, uint16_t number) {
    Key key = MakeKey(number, true, 1);
    auto terms = std::make_shared<KeyTerms>(*key.terms);
    terms->source = source;
    key.terms = std::move(terms);
    return store_.Put(std::move(key), true, now_);
  }
  absl::Status PutAccept(uint16_t number, uint8_t boot = 1) {
    return store_.Put(MakeKey(number, false, boot), false, now_);
  }

  // Key `number`'s identity at index 0, for alice to accept.
  std::string AcceptIdentity(uint16_t number) const {
    return EncodePskIdentity({MakeKey(number, false, 1).id, 0});
  }
  StatusCode FindCode(uint16_t number) {
    return store_.Find(AcceptIdentity(number), now_).status().code();
  }

  std::string Dial() {
    absl::StatusOr<Psk> psk = store_.Take(bob_, now_);
    EXPECT_TRUE(psk.ok()) << psk.status();
    return psk.ok() ? psk->identity : "";
  }
  // The number of the key that alice dials with next; 0 if there is none.
  uint16_t DialledKey() {
    absl::StatusOr<Psk> psk = store_.Take(bob_, now_);
    if (!psk.ok()) return 0;
    const KeyId id = ParsePskIdentity(psk->identity)->key;
    for (uint16_t number = 1; number < 100; ++number) {
      if (MakeKey(number, true, 1).id == id) return number;
    }
    return 0;
  }

  const AgentId alice_ = *AgentId::Parse("alice@north.example");
  const AgentId bob_ = *AgentId::Parse("bob@south.example");
  const AgentId carol_ = *AgentId::Parse("carol@west.example");
  absl::Duration now_ = absl::Seconds(1000);
  SeededEntropy entropy_;
  Keystore store_;
};

TEST_F(KeystorePoolTest, EmptyPoolWantsTheHighMark) {
  EXPECT_EQ(store_.Deficit(bob_, now_), 5u);
}

TEST_F(KeystorePoolTest, PoolIsFilledBelowTheLowMarkOnly) {
  for (uint16_t number : {1, 2}) ASSERT_TRUE(PutDial(number).ok());
  EXPECT_EQ(store_.Deficit(bob_, now_), 3u);
  ASSERT_TRUE(PutDial(3).ok());
  EXPECT_EQ(store_.Deficit(bob_, now_), 0u);
}

TEST_F(KeystorePoolTest, ActiveKeyIsNotInThePool) {
  for (uint16_t number : {1, 2, 3}) ASSERT_TRUE(PutDial(number).ok());
  Dial();
  EXPECT_EQ(store_.DialKeys(bob_), 3u);
  EXPECT_EQ(store_.Deficit(bob_, now_), 3u);
}

TEST_F(KeystorePoolTest, ExpiredKeysLeaveADeficit) {
  for (uint16_t number : {1, 2, 3}) ASSERT_TRUE(PutDial(number).ok());
  now_ += kLifetime;
  EXPECT_EQ(store_.Deficit(bob_, now_), 5u);
}

TEST_F(KeystorePoolTest, KeysToAcceptWithFillNoPool) {
  for (uint16_t number : {1, 2, 3}) ASSERT_TRUE(PutAccept(number).ok());
  EXPECT_EQ(store_.Deficit(bob_, now_), 5u);
  EXPECT_EQ(store_.DialKeys(bob_), 0u);
  EXPECT_EQ(store_.Take(bob_, now_).status().code(), StatusCode::kUnavailable);
}

TEST_F(KeystorePoolTest, RotateActivatesTheNextKey) {
  for (uint16_t number : {1, 2}) ASSERT_TRUE(PutDial(number).ok());
  EXPECT_EQ(DialledKey(), 1);
  absl::StatusOr<KeyId> id = store_.Rotate(bob_, now_);
  ASSERT_TRUE(id.ok()) << id.status();
  EXPECT_EQ(*id, MakeKey(2, true, 1).id);
  EXPECT_EQ(DialledKey(), 2);
}

TEST_F(KeystorePoolTest, RotateWithoutAReadyKeyKeepsTheActiveOne) {
  ASSERT_TRUE(PutDial(1).ok());
  EXPECT_EQ(DialledKey(), 1);
  EXPECT_EQ(store_.Rotate(bob_, now_).status().code(),
            StatusCode::kUnavailable);
  EXPECT_EQ(DialledKey(), 1);
}

TEST_F(KeystorePoolTest, ListTellsWhatAnOperatorMaySee) {
  for (uint16_t number : {1, 2}) ASSERT_TRUE(PutDial(number).ok());
  ASSERT_TRUE(PutAccept(3).ok());
  ASSERT_TRUE(store_.Accept(AcceptIdentity(3), now_).ok());
  Dial();
  Dial();
  now_ += absl::Seconds(7);
  const std::vector<KeyListing> list = store_.List(now_);
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0].id, MakeKey(1, true, 1).id);
  EXPECT_TRUE(list[0].dial);
  EXPECT_EQ(list[0].state, KeyState::kActive);
  EXPECT_EQ(list[0].uses, 2u);
  EXPECT_EQ(list[0].age, absl::Seconds(7));
  EXPECT_EQ(list[0].expires_in, kLifetime - absl::Seconds(7));
  EXPECT_EQ(list[0].hubs, MakeKey(1, true, 1).terms->hubs);
  EXPECT_EQ(list[0].threshold, 1);
  EXPECT_EQ(list[1].state, KeyState::kReady);
  EXPECT_EQ(list[1].uses, 0u);
  EXPECT_FALSE(list[2].dial);
  EXPECT_EQ(list[2].peer, bob_);
  EXPECT_EQ(list[2].state, KeyState::kConfirmed);
  EXPECT_EQ(list[2].uses, 1u);
  EXPECT_EQ(list[2].use_limit, 100u);
}

TEST_F(KeystorePoolTest, StatesHaveTheirNames) {
  EXPECT_EQ(KeyStateName(KeyState::kReady), "ready");
  EXPECT_EQ(KeyStateName(KeyState::kActive), "active");
  EXPECT_EQ(KeyStateName(KeyState::kTentative), "tentative");
  EXPECT_EQ(KeyStateName(KeyState::kConfirmed), "confirmed");
  EXPECT_EQ(KeyStateName(KeyState::kRetired), "retired");
}

TEST_F(KeystorePoolTest, OldestKeyGoesWhenThePeerEstablishesTooMany) {
  constexpr size_t kMost = Keystore::kMostAcceptKeys + 5;  // and the pool
  for (uint16_t number = 0; number <= kMost; ++number) {
    ASSERT_TRUE(PutAccept(number).ok());
  }
  EXPECT_EQ(store_.List(now_).size(), kMost);
  EXPECT_EQ(FindCode(0), StatusCode::kNotFound);
  EXPECT_EQ(FindCode(1), StatusCode::kOk);
  EXPECT_EQ(FindCode(kMost), StatusCode::kOk);
}

TEST_F(KeystorePoolTest, RestartOfThePeerDropsKeysOfBothSides) {
  for (uint16_t number : {1, 2}) ASSERT_TRUE(PutDial(number).ok());
  ASSERT_TRUE(PutAccept(3).ok());
  EXPECT_EQ(DialledKey(), 1);
  ASSERT_TRUE(PutAccept(4, /*boot=*/2).ok());
  EXPECT_EQ(store_.DialKeys(bob_), 0u);
  EXPECT_EQ(FindCode(3), StatusCode::kNotFound);
  EXPECT_EQ(FindCode(4), StatusCode::kOk);
}

TEST_F(KeystorePoolTest, RestartSeenAsInitiatorDropsKeysOfBothSides) {
  ASSERT_TRUE(PutDial(1).ok());
  ASSERT_TRUE(PutAccept(2).ok());
  ASSERT_TRUE(PutDial(3, /*boot=*/2).ok());
  EXPECT_EQ(DialledKey(), 3);
  EXPECT_EQ(FindCode(2), StatusCode::kNotFound);
}

TEST_F(KeystorePoolTest, RestartOfOnePeerLeavesTheOthersAlone) {
  store_.AddPeer({.peer = carol_});
  Key of_carol = MakeKey(1, false, 1);
  KeyTerms terms = *of_carol.terms;
  terms.initiator = carol_;
  of_carol.terms = std::make_shared<KeyTerms>(terms);
  ASSERT_TRUE(store_.Put(std::move(of_carol), false, now_).ok());
  ASSERT_TRUE(PutAccept(2).ok());
  ASSERT_TRUE(PutAccept(3, /*boot=*/2).ok());
  EXPECT_EQ(FindCode(1), StatusCode::kOk);
  EXPECT_EQ(FindCode(2), StatusCode::kNotFound);
}

TEST_F(KeystorePoolTest, LateKeyOfAnEarlierStartIsRefused) {
  ASSERT_TRUE(PutAccept(1).ok());
  ASSERT_TRUE(PutAccept(2, /*boot=*/2).ok());
  EXPECT_EQ(PutAccept(3).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(PutDial(4).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(FindCode(3), StatusCode::kNotFound);
  EXPECT_EQ(FindCode(2), StatusCode::kOk);
}

TEST_F(KeystorePoolTest, StartsThatWereSeenInTheWrongOrderRecover) {
  ASSERT_TRUE(PutAccept(1, /*boot=*/2).ok());
  // A share of the start before was on its way at a hub for so long.
  ASSERT_TRUE(PutAccept(2, /*boot=*/1).ok());
  EXPECT_EQ(PutAccept(3, /*boot=*/2).code(), StatusCode::kFailedPrecondition);
  now_ += Keystore::kDeadBootMemory;
  EXPECT_TRUE(PutAccept(3, /*boot=*/2).ok());
  EXPECT_EQ(FindCode(2), StatusCode::kNotFound);
  EXPECT_EQ(FindCode(3), StatusCode::kOk);
}

TEST_F(KeystorePoolTest, RefusalHoldsBackUntilAFreshKeyComes) {
  for (uint16_t number : {1, 2}) ASSERT_TRUE(PutDial(number).ok());
  store_.ReportRefused(bob_, Dial(), now_);
  const absl::Status status = store_.Take(bob_, now_).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(status.message(),
            "bob@south.example refused its last key; a fresh one is on its "
            "way");
  ASSERT_TRUE(PutDial(3).ok());
  EXPECT_EQ(DialledKey(), 3);  // before key 2, which is as old as key 1
}

TEST_F(KeystorePoolTest, RefusalHoldsBackForTheFreshWaitOnly) {
  ASSERT_TRUE(PutDial(1).ok());
  store_.ReportRefused(bob_, Dial(), now_);
  now_ += Keystore::kFreshWait - kMoment;
  EXPECT_EQ(DialledKey(), 0);
  now_ += kMoment;
  EXPECT_EQ(DialledKey(), 1);
}

TEST_F(KeystorePoolTest, RefusalHoldsBackOnceInTheFreshInterval) {
  ASSERT_TRUE(PutDial(1).ok());
  const absl::Duration first = now_;
  store_.ReportRefused(bob_, Dial(), now_);
  now_ += Keystore::kFreshWait;
  store_.ReportRefused(bob_, Dial(), now_);
  EXPECT_EQ(DialledKey(), 1);
  now_ = first + Keystore::kFreshInterval;
  store_.ReportRefused(bob_, Dial(), now_);
  EXPECT_EQ(DialledKey(), 0);
}

TEST_F(KeystorePoolTest, RefusalWantsOneKeyMore) {
  for (uint16_t number : {1, 2, 3, 4, 5}) ASSERT_TRUE(PutDial(number).ok());
  const std::string identity = Dial();
  EXPECT_EQ(store_.Deficit(bob_, now_), 0u);
  store_.ReportRefused(bob_, identity, now_);
  EXPECT_EQ(store_.Deficit(bob_, now_), 1u);
  ASSERT_TRUE(PutDial(6).ok());
  EXPECT_EQ(store_.Deficit(bob_, now_), 0u);
}

TEST_F(KeystorePoolTest, ForgedRefusalsDoNotBurnThePool) {
  for (uint16_t number : {1, 2, 3}) ASSERT_TRUE(PutDial(number).ok());
  for (int i = 0; i < 50; ++i) {
    store_.ReportRefused(bob_, Dial(), now_);
    now_ += Keystore::kFreshWait;
  }
  EXPECT_EQ(store_.DialKeys(bob_), 3u);
  EXPECT_EQ(DialledKey(), 1);
}

TEST_F(KeystorePoolTest, RefusalOfAnotherKeyKeepsTheActiveOne) {
  for (uint16_t number : {1, 2}) ASSERT_TRUE(PutDial(number).ok());
  const std::string old = Dial();
  ASSERT_TRUE(store_.Rotate(bob_, now_).ok());
  store_.ReportRefused(bob_, old, now_);
  ASSERT_TRUE(PutDial(3).ok());
  EXPECT_EQ(DialledKey(), 2);
}

TEST_F(KeystorePoolTest, RefusalOfNoKeyOfOursIsIgnored) {
  ASSERT_TRUE(PutDial(1).ok());
  store_.ReportRefused(bob_, "nonsense", now_);
  store_.ReportRefused(carol_, Dial(), now_);
  EXPECT_EQ(DialledKey(), 1);
}

TEST_F(KeystorePoolTest, UnconfirmedKeyLapses) {
  ASSERT_TRUE(PutAccept(1).ok());
  store_.Lapse(MakeKey(1, false, 1).id);
  EXPECT_EQ(FindCode(1), StatusCode::kNotFound);
  store_.Lapse(MakeKey(2, false, 1).id);  // of none here
}

TEST_F(KeystorePoolTest, KeyWithAVerifiedBinderDoesNotLapse) {
  ASSERT_TRUE(PutAccept(1).ok());
  ASSERT_TRUE(store_.Accept(AcceptIdentity(1), now_).ok());
  store_.Lapse(MakeKey(1, false, 1).id);
  EXPECT_EQ(store_.Find(EncodePskIdentity({MakeKey(1, false, 1).id, 1}), now_)
                .status()
                .code(),
            StatusCode::kOk);
}

TEST_F(KeystorePoolTest, UnmediatedKeysGoWhenMixedOnesCanBeHad) {
  for (uint16_t number : {1, 2, 3}) {
    ASSERT_TRUE(PutDialOf(KeySource::kUnmediated, number).ok());
  }
  EXPECT_EQ(DialledKey(), 1);
  ASSERT_TRUE(PutDialOf(KeySource::kBoth, 4).ok());
  store_.ReplaceUnmediated(bob_, now_);
  // What is ready is dropped, what is in use gives way to the mixed one.
  EXPECT_EQ(store_.Deficit(bob_, now_), 4u);
  EXPECT_EQ(DialledKey(), 4);
}

TEST_F(KeystorePoolTest, ActiveUnmediatedKeyGoesOnUntilAnotherIsReady) {
  ASSERT_TRUE(PutDialOf(KeySource::kUnmediated, 1).ok());
  EXPECT_EQ(DialledKey(), 1);
  store_.ReplaceUnmediated(bob_, now_);
  EXPECT_EQ(DialledKey(), 1);
  ASSERT_TRUE(PutDialOf(KeySource::kBoth, 2).ok());
  EXPECT_EQ(DialledKey(), 2);
}

TEST_F(KeystorePoolTest, ReplacingLeavesOtherSourcesAlone) {
  ASSERT_TRUE(PutDial(1).ok());
  ASSERT_TRUE(PutDialOf(KeySource::kBoth, 2).ok());
  store_.ReplaceUnmediated(bob_, now_);
  store_.ReplaceUnmediated(carol_, now_);
  EXPECT_EQ(store_.DialKeys(bob_), 2u);
  EXPECT_EQ(DialledKey(), 1);
}

TEST_F(KeystorePoolTest, PoolMayBecomeLarger) {
  KeystorePolicy policy = {.peer = bob_, .pool_low = 1, .pool_high = 1};
  store_.UpdatePeer(policy);
  EXPECT_EQ(store_.Deficit(bob_, now_), 1u);
  policy.pool_high = 7;
  store_.UpdatePeer(policy);
  EXPECT_EQ(store_.Deficit(bob_, now_), 7u);
  store_.UpdatePeer({.peer = carol_});  // a stranger: nothing
  EXPECT_EQ(store_.Deficit(carol_, now_), 0u);
}

}  // namespace
}  // namespace skex
