// The Selfie attack: alice dials bob, and somebody sends her ClientHello back
// to her own server. If both directions between the two share their PSKs, she
// accepts it as bob's and talks to herself.

#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "skex/base/seeded_entropy.h"
#include "skex/dske/fake_dealing.h"
#include "skex/keystore/keystore.h"
#include "skex/psk/derivation.h"
#include "skex/psk/key.h"
#include "skex/psk/psk.h"
#include "tests/attacks/connecting.h"

namespace skex {
namespace {

// Alice's keys: what she dials bob with, and what she accepts from him with.
class Keys {
 public:
  virtual ~Keys() = default;
  virtual Psk Dial() = 0;
  virtual absl::StatusOr<Psk> Accept(const std::string& identity) = 0;
};

class RealKeys : public Keys {
 public:
  explicit RealKeys(PskForm form) : entropy_(1), store_(&entropy_) {
    store_.AddPeer({.peer = Bob(), .form = form});
    EXPECT_TRUE(store_.Put(MakeKey(1, Alice(), Bob()), true, kNow).ok());
    // There is one for the other direction, too: the attack has a choice.
    Key back = MakeKey(2, Bob(), Alice());
    auto terms = std::make_shared<KeyTerms>(*back.terms);
    std::swap(terms->initiator_boot, terms->responder_boot);
    back.terms = std::move(terms);
    EXPECT_TRUE(store_.Put(std::move(back), false, kNow).ok());
  }

  Psk Dial() override { return store_.Take(Bob(), kNow).value(); }
  absl::StatusOr<Psk> Accept(const std::string& identity) override {
    absl::StatusOr<Keystore::Found> found = store_.Find(identity, kNow);
    if (!found.ok()) return found.status();
    return std::move(found->psk);
  }

 private:
  SeededEntropy entropy_;
  Keystore store_;
};

// One key for both directions, as agents might do that want fewer exchanges.
// `accepted` is what it counts as for connections of bob's.
class SharedKey : public Keys {
 public:
  SharedKey(PskForm form, Key dialled, Key accepted)
      : form_(form),
        dialled_(std::move(dialled)),
        accepted_(std::move(accepted)) {}

  Psk Dial() override { return DerivePsk(dialled_, 7, form_); }
  absl::StatusOr<Psk> Accept(const std::string& identity) override {
    const PskName name = ParsePskIdentity(identity).value();
    if (name.key != accepted_.id) return absl::NotFoundError("no such key");
    return DerivePsk(accepted_, name.index, form_);
  }

 private:
  const PskForm form_;
  const Key dialled_;
  const Key accepted_;
};

// Client and server are the exchange's initiator and responder, whoever dials.
class RolesOfTheExchange : public SharedKey {
 public:
  explicit RolesOfTheExchange(PskForm form)
      : SharedKey(form, MakeKey(1, Alice(), Bob()),
                  MakeKey(1, Alice(), Bob())) {}
};

// Client and server are those of the connection: bob dials, alice accepts.
class RolesOfTheConnection : public SharedKey {
 public:
  explicit RolesOfTheConnection(PskForm form)
      : SharedKey(form, MakeKey(1, Alice(), Bob()), Accepted()) {}

 private:
  static Key Accepted() {
    Key key = MakeKey(1, Bob(), Alice());
    key.id = MakeKey(1, Alice(), Bob()).id;
    return key;
  }
};

// Whether alice accepts her own ClientHello. A raw PSK has no context: there
// the derivation alone keeps the directions apart.
template <class AlicesKeys>
bool AcceptsItsOwnHello(PskForm form) {
  AlicesKeys keys(form);
  const Hello hello = MakeHello(keys.Dial());
  const absl::StatusOr<Psk> psk = keys.Accept(hello.identity);
  return psk.ok() && Verifies(hello, *psk);
}

class SelfieAttack : public testing::TestWithParam<PskForm> {};

TEST_P(SelfieAttack, AgentTalksToItselfIfRolesAreThoseOfTheExchange) {
  EXPECT_TRUE(AcceptsItsOwnHello<RolesOfTheExchange>(GetParam()));
}

TEST_P(SelfieAttack, AgentRefusesItselfIfRolesAreThoseOfTheConnection) {
  EXPECT_FALSE(AcceptsItsOwnHello<RolesOfTheConnection>(GetParam()));
}

TEST_P(SelfieAttack, AgentRefusesItselfWithAKeyForEachDirection) {
  EXPECT_FALSE(AcceptsItsOwnHello<RealKeys>(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Forms, SelfieAttack,
                         testing::Values(PskForm::kImported, PskForm::kRaw));

}  // namespace
}  // namespace skex
