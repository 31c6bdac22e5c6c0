#include "skex/keystore/keystore.h"

#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "skex/base/seeded_entropy.h"

namespace skex {
namespace {

using absl::StatusCode;

constexpr uint64_t kSeed = 11;
constexpr absl::Duration kStart = absl::Seconds(1000);
constexpr absl::Duration kLifetime = absl::Seconds(600);
constexpr absl::Duration kRekey = absl::Seconds(60);
constexpr absl::Duration kOverlap = absl::Seconds(30);
// Jitter moves a rollover by a tenth at most.
constexpr absl::Duration kBeforeRekey = absl::Milliseconds(53'999);
constexpr absl::Duration kAfterRekey = absl::Milliseconds(66'001);

BootId Boot(uint8_t number) {
  BootId boot;
  boot.mutable_bytes()[0] = number;
  return boot;
}

// The keystores of alice and bob, and keys that go into both: alice dials with
// them, bob accepts.
class KeystoreTest : public testing::Test {
 protected:
  KeystoreTest() : entropy_(kSeed), alice_(&entropy_), bob_(&entropy_) {
    RecordProperty("seed", static_cast<int>(kSeed));
    alice_.AddPeer(PolicyFor(bob_id_));
    bob_.AddPeer(PolicyFor(alice_id_));
  }

  static KeystorePolicy PolicyFor(const AgentId& peer) {
    return {.peer = peer, .rekey_interval = kRekey, .overlap = kOverlap};
  }

  // A key that is the same whenever its number is.
  Key MakeKey(uint8_t number) const {
    ExchangeId exchange;
    exchange.mutable_bytes()[0] = number;
    Key key = {.id = ComputeKeyId(exchange, alice_id_, bob_id_, 0),
               .bytes = Secret::OfSize(32),
               .terms = std::make_shared<KeyTerms>(Terms())};
    SeededEntropy(number).Fill(key.bytes.mutable_view());
    return key;
  }
  Key MakeKey(uint8_t number, const KeyTerms& terms) const {
    Key key = MakeKey(number);
    key.terms = std::make_shared<KeyTerms>(terms);
    return key;
  }

  KeyTerms Terms() const {
    return {.initiator = alice_id_,
            .responder = bob_id_,
            .initiator_boot = Boot(1),
            .responder_boot = Boot(2),
            .lifetime = kLifetime,
            .use_limit = 100};
  }

  // Puts keys numbered from `first` on into both keystores.
  void Establish(uint8_t first, uint8_t count = 1) {
    for (uint8_t i = first; i < first + count; ++i) {
      ASSERT_TRUE(alice_.Put(MakeKey(i), true, now_).ok());
      ASSERT_TRUE(bob_.Put(MakeKey(i), false, now_).ok());
    }
  }

  // The identity that alice dials with next.
  std::string Dial() {
    absl::StatusOr<Psk> psk = alice_.Take(bob_id_, now_);
    EXPECT_TRUE(psk.ok()) << psk.status();
    return psk.ok() ? psk->identity : "";
  }
  // The key that alice dials with next.
  KeyId DialledKey() { return ParsePskIdentity(Dial()).value().key; }

  StatusCode FindAtBob(const std::string& identity) {
    return bob_.Find(identity, now_).status().code();
  }
  // What bob's keystore says of a connection whose binder verifies.
  StatusCode AcceptAtBob(const std::string& identity) {
    const StatusCode found = FindAtBob(identity);
    if (found != StatusCode::kOk) return found;
    return bob_.Accept(identity, now_).code();
  }

  KeyState StateAtBob(uint8_t number) {
    const KeyId id = MakeKey(number).id;
    for (const KeyListing& listing : bob_.List(now_)) {
      if (listing.id == id) return listing.state;
    }
    ADD_FAILURE() << "key " << int{number} << " is gone";
    return KeyState::kReady;
  }

  const AgentId alice_id_ = *AgentId::Parse("alice@north.example");
  const AgentId bob_id_ = *AgentId::Parse("bob@south.example");
  const AgentId carol_id_ = *AgentId::Parse("carol@west.example");
  absl::Duration now_ = kStart;
  SeededEntropy entropy_;
  Keystore alice_;
  Keystore bob_;
};

TEST_F(KeystoreTest, RemovedPeersKeysAreGone) {
  bob_.AddPeer(PolicyFor(carol_id_));
  Establish(1, 3);
  const std::string before = Dial();
  const std::string after = Dial();
  EXPECT_EQ(AcceptAtBob(before), StatusCode::kOk);
  alice_.RemovePeer(bob_id_);
  bob_.RemovePeer(alice_id_);
  EXPECT_EQ(alice_.Take(bob_id_, now_).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(FindAtBob(after), StatusCode::kNotFound);
  EXPECT_EQ(bob_.Put(MakeKey(4), false, now_).code(), StatusCode::kNotFound);
  EXPECT_TRUE(alice_.List(now_).empty());
  EXPECT_TRUE(bob_.List(now_).empty());
  alice_.AddPeer(PolicyFor(bob_id_));
  bob_.AddPeer(PolicyFor(alice_id_));
  Establish(5);
  EXPECT_EQ(AcceptAtBob(Dial()), StatusCode::kOk);
  EXPECT_EQ(FindAtBob(after), StatusCode::kNotFound);
}

TEST_F(KeystoreTest, DialledPskIsFoundByItsIdentity) {
  Establish(1);
  absl::StatusOr<Psk> dialled = alice_.Take(bob_id_, now_);
  ASSERT_TRUE(dialled.ok()) << dialled.status();
  absl::StatusOr<Keystore::Found> found = bob_.Find(dialled->identity, now_);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->peer, alice_id_);
  EXPECT_TRUE(
      EqualInConstantTime(found->psk.secret.view(), dialled->secret.view()));
  EXPECT_EQ(found->psk.context, dialled->context);
}

TEST_F(KeystoreTest, UnknownPeersAreNotFound) {
  KeyTerms terms = Terms();
  terms.initiator = terms.responder = carol_id_;
  EXPECT_EQ(alice_.Put(MakeKey(1), false, now_).code(), StatusCode::kNotFound);
  EXPECT_EQ(alice_.Put(MakeKey(1, terms), true, now_).code(),
            StatusCode::kNotFound);
  EXPECT_EQ(alice_.Take(carol_id_, now_).status().code(),
            StatusCode::kNotFound);
  EXPECT_EQ(alice_.Rotate(carol_id_, now_).status().code(),
            StatusCode::kNotFound);
  EXPECT_EQ(alice_.Deficit(carol_id_, now_), 0u);
  EXPECT_EQ(alice_.DialKeys(carol_id_), 0u);
}

TEST_F(KeystoreTest, SecondKeyUnderAnIdIsRefused) {
  Establish(1);
  const std::string identity = Dial();
  Key other = MakeKey(2);
  other.id = MakeKey(1).id;
  Key again = MakeKey(2);
  again.id = MakeKey(1).id;
  EXPECT_EQ(bob_.Put(std::move(other), false, now_).code(),
            StatusCode::kAlreadyExists);
  EXPECT_EQ(alice_.Put(std::move(again), true, now_).code(),
            StatusCode::kAlreadyExists);
  EXPECT_TRUE(EqualInConstantTime(
      bob_.Find(identity, now_)->psk.secret.view(),
      DerivePsk(MakeKey(1), 0, PskForm::kImported).secret.view()));
}

TEST_F(KeystoreTest, IdOfAReadyKeyIsTakenToo) {
  Establish(1, 2);
  DialledKey();  // key 1 is active, key 2 ready
  EXPECT_EQ(alice_.Put(MakeKey(2), true, now_).code(),
            StatusCode::kAlreadyExists);
}

TEST_F(KeystoreTest, ReflectedIdentityIsNotAcceptable) {
  Establish(1);
  const std::string identity = Dial();
  EXPECT_EQ(alice_.Find(identity, now_).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(alice_.Accept(identity, now_).code(), StatusCode::kNotFound);
}

TEST_F(KeystoreTest, SameIndexInBothDirectionsIsIndependent) {
  Establish(1);
  KeyTerms back = Terms();
  std::swap(back.initiator, back.responder);
  std::swap(back.initiator_boot, back.responder_boot);
  ASSERT_TRUE(bob_.Put(MakeKey(2, back), true, now_).ok());
  ASSERT_TRUE(alice_.Put(MakeKey(2, back), false, now_).ok());
  absl::StatusOr<Psk> forth = alice_.Take(bob_id_, now_);
  absl::StatusOr<Psk> reverse = bob_.Take(alice_id_, now_);
  ASSERT_TRUE(forth.ok() && reverse.ok());
  EXPECT_EQ(ParsePskIdentity(forth->identity)->index,
            ParsePskIdentity(reverse->identity)->index);
  EXPECT_FALSE(
      EqualInConstantTime(forth->secret.view(), reverse->secret.view()));
  EXPECT_TRUE(bob_.Accept(forth->identity, now_).ok());
  EXPECT_TRUE(alice_.Accept(reverse->identity, now_).ok());
}

TEST_F(KeystoreTest, NoPskIsHandedOutTwice) {
  Establish(1, 2);
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(seen.insert(Dial()).second);
}

TEST_F(KeystoreTest, SeenIdentityBurnsNoIndex) {
  Establish(1);
  const std::string identity = Dial();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(FindAtBob(identity), StatusCode::kOk);
  EXPECT_EQ(StateAtBob(1), KeyState::kTentative);
  EXPECT_EQ(AcceptAtBob(identity), StatusCode::kOk);
}

TEST_F(KeystoreTest, UsedIndexIsRefused) {
  Establish(1);
  const std::string identity = Dial();
  ASSERT_TRUE(bob_.Accept(identity, now_).ok());
  EXPECT_EQ(FindAtBob(identity), StatusCode::kNotFound);
  EXPECT_EQ(bob_.Accept(identity, now_).code(), StatusCode::kAlreadyExists);
}

TEST_F(KeystoreTest, IndicesMayComeInAnyOrder) {
  Establish(1);
  std::vector<std::string> identities;
  for (int i = 0; i < 100; ++i) identities.push_back(Dial());
  for (auto it = identities.rbegin(); it != identities.rend(); ++it) {
    EXPECT_EQ(AcceptAtBob(*it), StatusCode::kOk);
  }
}

TEST_F(KeystoreTest, IndexAtOrAboveTheLimitIsRefused) {
  Establish(1);
  const KeyId id = MakeKey(1).id;
  for (uint32_t index : {100u, 101u, kMostUses, 0xffffffffu}) {
    const std::string identity = EncodePskIdentity({id, index});
    EXPECT_EQ(FindAtBob(identity), StatusCode::kNotFound) << index;
    EXPECT_EQ(bob_.Accept(identity, now_).code(), StatusCode::kNotFound);
  }
  EXPECT_EQ(AcceptAtBob(EncodePskIdentity({id, 99})), StatusCode::kOk);
}

TEST_F(KeystoreTest, HighestIndexOfTheLargestLimitIsTracked) {
  KeyTerms terms = Terms();
  terms.use_limit = kMostUses;
  ASSERT_TRUE(bob_.Put(MakeKey(1, terms), false, now_).ok());
  const std::string identity =
      EncodePskIdentity({MakeKey(1).id, kMostUses - 1});
  EXPECT_EQ(AcceptAtBob(identity), StatusCode::kOk);
  EXPECT_EQ(FindAtBob(identity), StatusCode::kNotFound);
}

TEST_F(KeystoreTest, MalformedAndUnknownIdentitiesAreNotFound) {
  Establish(1);
  const std::string identity = Dial();
  for (const std::string& bad :
       {std::string(), std::string("x"), identity + "x", identity.substr(1),
        EncodePskIdentity({MakeKey(2).id, 0})}) {
    EXPECT_EQ(FindAtBob(bad), StatusCode::kNotFound);
    EXPECT_EQ(bob_.Accept(bad, now_).code(), StatusCode::kNotFound);
  }
}

TEST_F(KeystoreTest, RawAndImportedPsksDiffer) {
  KeystorePolicy raw = PolicyFor(alice_id_);
  raw.form = PskForm::kRaw;
  Keystore other(&entropy_);
  other.AddPeer(raw);
  Establish(1);
  ASSERT_TRUE(other.Put(MakeKey(1), false, now_).ok());
  const std::string identity = Dial();
  EXPECT_EQ(other.Find(identity, now_)->psk.form, PskForm::kRaw);
  EXPECT_FALSE(
      EqualInConstantTime(bob_.Find(identity, now_)->psk.secret.view(),
                          other.Find(identity, now_)->psk.secret.view()));
}

TEST_F(KeystoreTest, ExchangeFreshnessGivesOneKeyToEachConnection) {
  KeyTerms terms = Terms();
  terms.freshness = Freshness::kExchange;
  terms.use_limit = 1;
  for (uint8_t i : {1, 2}) {
    for (bool dial : {true, false}) {
      Keystore& store = dial ? alice_ : bob_;
      ASSERT_TRUE(store.Put(MakeKey(i, terms), dial, now_).ok());
    }
  }
  for (uint8_t i : {1, 2}) {
    absl::StatusOr<Psk> psk = alice_.Take(bob_id_, now_);
    ASSERT_TRUE(psk.ok()) << psk.status();
    EXPECT_TRUE(
        EqualInConstantTime(psk->secret.view(), MakeKey(i).bytes.view()));
    EXPECT_EQ(AcceptAtBob(psk->identity), StatusCode::kOk);
    EXPECT_EQ(FindAtBob(psk->identity), StatusCode::kNotFound);
  }
  EXPECT_EQ(alice_.Take(bob_id_, now_).status().code(),
            StatusCode::kUnavailable);
  EXPECT_TRUE(bob_.List(now_).empty());
}

TEST_F(KeystoreTest, UsedUpKeyIsReplacedByTheNext) {
  Establish(1, 2);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(DialledKey(), MakeKey(1).id);
  EXPECT_EQ(DialledKey(), MakeKey(2).id);
}

TEST_F(KeystoreTest, UseLimitWithAnEmptyPoolIsUnavailable) {
  Establish(1);
  for (int i = 0; i < 100; ++i) Dial();
  const absl::Status status = alice_.Take(bob_id_, now_).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "no key for bob@south.example is left");
}

TEST_F(KeystoreTest, LifetimeWithAnEmptyPoolIsUnavailable) {
  Establish(1);
  Dial();
  now_ += kLifetime - absl::Milliseconds(1);
  Dial();
  now_ += absl::Milliseconds(1);
  const absl::Status status = alice_.Take(bob_id_, now_).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "no key for bob@south.example is left");
}

TEST_F(KeystoreTest, ExpiredReadyKeysAreNotActivated) {
  Establish(1);
  now_ += kLifetime;
  Establish(2);
  EXPECT_EQ(DialledKey(), MakeKey(2).id);
  EXPECT_EQ(alice_.DialKeys(bob_id_), 1u);
}

TEST_F(KeystoreTest, AcceptorKeepsAKeyForTheOverlapBehindItsLifetime) {
  Establish(1);
  const std::string identity = Dial();
  now_ += kLifetime + kOverlap - absl::Milliseconds(1);
  EXPECT_EQ(FindAtBob(identity), StatusCode::kOk);
  now_ += absl::Milliseconds(1);
  EXPECT_EQ(AcceptAtBob(identity), StatusCode::kNotFound);
}

TEST_F(KeystoreTest, ExpireWipesOnBothSides) {
  Establish(1, 2);
  Dial();
  now_ += kLifetime + kOverlap;
  alice_.Expire(now_);
  bob_.Expire(now_);
  EXPECT_EQ(alice_.DialKeys(bob_id_), 0u);
  EXPECT_TRUE(alice_.List(now_).empty());
  EXPECT_TRUE(bob_.List(now_).empty());
}

TEST_F(KeystoreTest, ExpireKeepsWhatIsGood) {
  Establish(1, 2);
  Dial();
  now_ += kLifetime - absl::Milliseconds(1);
  alice_.Expire(now_);
  bob_.Expire(now_);
  EXPECT_EQ(alice_.DialKeys(bob_id_), 2u);
  EXPECT_EQ(bob_.List(now_).size(), 2u);
}

TEST_F(KeystoreTest, RollsOverAfterTheInterval) {
  Establish(1, 2);
  EXPECT_EQ(DialledKey(), MakeKey(1).id);
  now_ += kBeforeRekey;
  EXPECT_EQ(DialledKey(), MakeKey(1).id);
  now_ = kStart + kAfterRekey;
  EXPECT_EQ(DialledKey(), MakeKey(2).id);
}

TEST_F(KeystoreTest, RolloverWithAnEmptyPoolGoesOn) {
  Establish(1);
  Dial();
  now_ += kAfterRekey;
  EXPECT_EQ(DialledKey(), MakeKey(1).id);
  Establish(2);
  EXPECT_EQ(DialledKey(), MakeKey(2).id);
}

TEST_F(KeystoreTest, OlderKeyRetiresWhenItsSuccessorIsUsed) {
  Establish(1, 2);
  const std::string first = Dial();
  const std::string late = Dial();
  EXPECT_EQ(AcceptAtBob(first), StatusCode::kOk);
  EXPECT_EQ(StateAtBob(1), KeyState::kConfirmed);
  ASSERT_TRUE(alice_.Rotate(bob_id_, now_).ok());
  const std::string second = Dial();
  EXPECT_EQ(FindAtBob(second), StatusCode::kOk);
  EXPECT_EQ(StateAtBob(1), KeyState::kConfirmed);  // no binder yet
  EXPECT_EQ(AcceptAtBob(second), StatusCode::kOk);
  EXPECT_EQ(StateAtBob(1), KeyState::kRetired);
  EXPECT_EQ(StateAtBob(2), KeyState::kConfirmed);
  now_ += kOverlap - absl::Milliseconds(1);
  EXPECT_EQ(AcceptAtBob(late), StatusCode::kOk);
}

TEST_F(KeystoreTest, RetiredKeyEndsWithTheOverlap) {
  Establish(1, 2);
  EXPECT_EQ(AcceptAtBob(Dial()), StatusCode::kOk);
  const std::string late = Dial();
  ASSERT_TRUE(alice_.Rotate(bob_id_, now_).ok());
  EXPECT_EQ(AcceptAtBob(Dial()), StatusCode::kOk);
  now_ += kOverlap;
  EXPECT_EQ(FindAtBob(late), StatusCode::kNotFound);
}

TEST_F(KeystoreTest, UnusedKeysDoNotRetire) {
  Establish(1, 2);
  EXPECT_EQ(AcceptAtBob(EncodePskIdentity({MakeKey(2).id, 0})),
            StatusCode::kOk);
  EXPECT_EQ(StateAtBob(1), KeyState::kTentative);
}

}  // namespace
}  // namespace skex
