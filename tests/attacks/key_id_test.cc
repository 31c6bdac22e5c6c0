// Carol has seen the id of alice's key in a ClientHello, and all of alice's
// offers at a hub. She may establish keys with bob herself, and wants one of
// hers to take the place of alice's.

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/seeded_entropy.h"
#include "skex/dske/fake_dealing.h"
#include "skex/dske/responder.h"
#include "skex/dske/shared_secret.h"
#include "skex/keystore/keystore.h"
#include "skex/psk/derivation.h"
#include "skex/psk/key.h"
#include "skex/psk/psk.h"
#include "tests/attacks/connecting.h"

namespace skex {
namespace {

// The id that bob gives to a key of an exchange; `computed` is what he makes.
// `said` is what the initiator would have him take.
using IdOf = KeyId (*)(const Offer& offer, const KeyId& computed,
                       const KeyId& said);

KeyId Computed(const Offer&, const KeyId& computed, const KeyId&) {
  return computed;
}
KeyId Received(const Offer&, const KeyId&, const KeyId& said) { return said; }
// A function of the exchange alone, whoever made it.
KeyId WithoutNames(const Offer& offer, const KeyId&, const KeyId&) {
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(offer.exchange.bytes().data(), ExchangeId::kSize, digest.data());
  KeyId id;
  std::copy_n(digest.begin(), KeyId::kSize, id.mutable_bytes().begin());
  return id;
}

// Bob's keys to accept with.
class Keys {
 public:
  virtual ~Keys() = default;
  virtual void Put(Key key) = 0;
  virtual absl::StatusOr<Psk> Find(const std::string& identity) = 0;
};

class RealKeys : public Keys {
 public:
  RealKeys() : entropy_(1), store_(&entropy_) {
    store_.AddPeer({.peer = Alice()});
    store_.AddPeer({.peer = Carol()});
  }
  void Put(Key key) override {
    store_.Put(std::move(key), false, kNow).IgnoreError();
  }
  absl::StatusOr<Psk> Find(const std::string& identity) override {
    absl::StatusOr<Keystore::Found> found = store_.Find(identity, kNow);
    if (!found.ok()) return found.status();
    return std::move(found->psk);
  }

 private:
  SeededEntropy entropy_;
  Keystore store_;
};

// The last key under an id is the one.
class ReplacingKeys : public Keys {
 public:
  void Put(Key key) override {
    const KeyId id = key.id;
    keys_.insert_or_assign(id, std::move(key));
  }
  absl::StatusOr<Psk> Find(const std::string& identity) override {
    const PskName name = ParsePskIdentity(identity).value();
    const auto found = keys_.find(name.key);
    if (found == keys_.end()) return absl::NotFoundError("no such key");
    return DerivePsk(found->second, name.index, PskForm::kImported);
  }

 private:
  std::map<KeyId, Key> keys_;
};

// The key of an exchange of `initiator` with bob, as he names it.
Key Establish(const AgentId& initiator, uint64_t seed, IdOf id_of,
              const KeyId& said) {
  // The exchange id is the initiator's choice: carol's is the same as alice's.
  Offer offer = FakeOffer(FakePolicy(initiator, 3, 5), 1);
  offer.initiator = initiator;
  const FakeDealing dealing(offer, seed);
  SeededEntropy entropy(seed);
  Responder bob({Bob(), BootId({2}), &entropy});
  bob.AddPeer(FakePolicy(initiator, 3, 5));
  const Secret no_mask = Secret::OfSize(dealing.secret.size());
  std::vector<Key> keys;
  for (size_t hub : {0, 1, 2}) {
    absl::StatusOr<RelayOutcome> outcome = bob.OnShare(
        dealing.offer.hubs[hub], AsBytes(dealing.Body(hub, no_mask)), no_mask,
        PadSource::kGenerator, TestStart());
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    for (Key& key : outcome->keys) keys.push_back(std::move(key));
  }
  keys.at(0).id = id_of(dealing.offer, keys[0].id, said);
  return std::move(keys[0]);
}

// Whether alice cannot reach bob any more.
template <class BobsKeys>
bool CarolShutsAliceOut(IdOf id_of) {
  BobsKeys bob;
  const KeyId own = ComputeKeyId(
      FakeOffer(FakePolicy(Alice(), 3, 5), 1).exchange, Alice(), Bob(), 0);
  Key key = Establish(Alice(), 1, id_of, own);
  const Psk dialled = DerivePsk(key, 0, PskForm::kImported);
  const KeyId seen = key.id;
  bob.Put(std::move(key));
  bob.Put(Establish(Carol(), 2, id_of, seen));
  const Hello hello = MakeHello(dialled);
  const absl::StatusOr<Psk> found = bob.Find(hello.identity);
  return !found.ok() || !Verifies(hello, *found);
}

TEST(KeyIdAttack, ThirdPartyShutsAnAgentOutIfIdsAreReceived) {
  EXPECT_TRUE(CarolShutsAliceOut<ReplacingKeys>(Received));
}

TEST(KeyIdAttack, ThirdPartyShutsAnAgentOutIfIdsLeaveTheNamesOut) {
  EXPECT_TRUE(CarolShutsAliceOut<ReplacingKeys>(WithoutNames));
}

TEST(KeyIdAttack, ThirdPartyShutsNobodyOutIfIdsAreComputed) {
  EXPECT_FALSE(CarolShutsAliceOut<ReplacingKeys>(Computed));
  EXPECT_FALSE(CarolShutsAliceOut<RealKeys>(Computed));
}

TEST(KeyIdAttack, ThirdPartyShutsNobodyOutIfNoKeyIsReplaced) {
  EXPECT_FALSE(CarolShutsAliceOut<RealKeys>(Received));
  EXPECT_FALSE(CarolShutsAliceOut<RealKeys>(WithoutNames));
}

}  // namespace
}  // namespace skex
