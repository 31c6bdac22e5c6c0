// When an index counts as used. Marked before its binder verifies, everybody
// who saw a key id burns them all; never marked, a ClientHello serves twice.

#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "skex/base/seeded_entropy.h"
#include "skex/dske/fake_dealing.h"
#include "skex/keystore/keystore.h"
#include "skex/psk/derivation.h"
#include "tests/attacks/connecting.h"

namespace skex {
namespace {

// Bob's server. Whether it lets a ClientHello in.
using Server = bool (*)(Keystore& keys, const Hello& hello);

bool MarksVerified(Keystore& keys, const Hello& hello) {
  const absl::StatusOr<Keystore::Found> found = keys.Find(hello.identity, kNow);
  return found.ok() && Verifies(hello, found->psk) &&
         keys.Accept(hello.identity, kNow).ok();
}

bool MarksAtLookup(Keystore& keys, const Hello& hello) {
  const absl::StatusOr<Keystore::Found> found = keys.Find(hello.identity, kNow);
  return found.ok() && keys.Accept(hello.identity, kNow).ok() &&
         Verifies(hello, found->psk);
}

bool NeverMarks(Keystore& keys, const Hello& hello) {
  const absl::StatusOr<Keystore::Found> found = keys.Find(hello.identity, kNow);
  return found.ok() && Verifies(hello, found->psk);
}

// Alice, who dials, and bob with one key.
class OneKey {
 public:
  OneKey() : entropy_(1), alice_(&entropy_), bob_(&entropy_) {
    alice_.AddPeer({.peer = Bob()});
    bob_.AddPeer({.peer = Alice()});
    EXPECT_TRUE(alice_.Put(MakeKey(1, Alice(), Bob()), true, kNow).ok());
    EXPECT_TRUE(bob_.Put(MakeKey(1, Alice(), Bob()), false, kNow).ok());
  }

  Hello Dial() { return MakeHello(alice_.Take(Bob(), kNow).value()); }
  Keystore& bob() { return bob_; }

 private:
  SeededEntropy entropy_;
  Keystore alice_;
  Keystore bob_;
};

// A stranger saw one identity of alice's and tries all indices of its key.
// Whether alice is refused then.
bool BurnsEveryIndex(Server server) {
  OneKey key;
  const Hello seen = key.Dial();
  const PskName name = ParsePskIdentity(seen.identity).value();
  for (uint32_t index = 0; index < 1000; ++index) {
    EXPECT_FALSE(server(
        key.bob(), {EncodePskIdentity({name.key, index}), "not a binder"}));
  }
  return !server(key.bob(), key.Dial());
}

TEST(IndexAttack, StrangerBurnsEveryIndexIfMarkedAtLookup) {
  EXPECT_TRUE(BurnsEveryIndex(MarksAtLookup));
}

TEST(IndexAttack, StrangerBurnsNoIndexIfMarkedWhenTheBinderVerifies) {
  EXPECT_FALSE(BurnsEveryIndex(MarksVerified));
}

// Whether a ClientHello that was let in is let in again.
bool TakesAHelloTwice(Server server) {
  OneKey key;
  const Hello hello = key.Dial();
  EXPECT_TRUE(server(key.bob(), hello));
  return server(key.bob(), hello);
}

TEST(IndexAttack, HelloServesTwiceIfNeverMarked) {
  EXPECT_TRUE(TakesAHelloTwice(NeverMarks));
}

TEST(IndexAttack, HelloServesOnceIfMarkedWhenTheBinderVerifies) {
  EXPECT_FALSE(TakesAHelloTwice(MarksVerified));
}

// Two copies of a ClientHello at a time: both look up before either marks.
bool TakesCopiesOfAHello(bool test_and_set) {
  OneKey key;
  const Hello hello = key.Dial();
  int let_in = 0;
  const auto first = key.bob().Find(hello.identity, kNow);
  const auto second = key.bob().Find(hello.identity, kNow);
  for (const auto* found : {&first, &second}) {
    EXPECT_TRUE(found->ok() && Verifies(hello, (*found)->psk));
    const bool unused = key.bob().Accept(hello.identity, kNow).ok();
    let_in += unused || !test_and_set;
  }
  return let_in > 1;
}

TEST(IndexAttack, CopiesServeIfTheMarkIsSetWithoutATest) {
  EXPECT_TRUE(TakesCopiesOfAHello(/*test_and_set=*/false));
}

TEST(IndexAttack, OneOfTheCopiesServesIfTheMarkIsTestAndSet) {
  EXPECT_FALSE(TakesCopiesOfAHello(/*test_and_set=*/true));
}

}  // namespace
}  // namespace skex
