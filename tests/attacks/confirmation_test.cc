// What the confirmation may be made from. It travels in clear through hubs that
// may be of unlimited power; made from anything but coordinates of its own it
// tells them something of the keys.

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/seeded_entropy.h"
#include "skex/dske/fake_dealing.h"
#include "skex/dske/messages.h"
#include "skex/dske/offer.h"
#include "skex/dske/responder.h"
#include "skex/dske/shared_secret.h"
#include "skex/dske/tag_polynomial.h"
#include "skex/gf/gf8.h"
#include "skex/mac/mac_polynomial.h"

namespace skex {
namespace {

// --- Every secret, over GF(8) ---

// The secret of an exchange of one key, one element each.
struct SmallSecret {
  Gf8 c, d, e, f, g, v;
};

// What travels in clear.
struct SmallView {
  Gf8 tag;
  Gf8 confirmation;
};

using SmallExchange = SmallView (*)(const SmallSecret&);

// One element of context, one of text, and the length of the text.
constexpr Gf8 kContext(5);
constexpr Gf8 kText(3);
constexpr Gf8 kLength(6);

Gf8 Tag(const SmallSecret& s, const std::vector<Gf8>& words) {
  return TagPolynomial(s.c, s.d, s.e, absl::Span<const Gf8>(words));
}

SmallView FromItsOwn(const SmallSecret& s) {
  const std::vector<Gf8> text = {kText};
  return {Tag(s, {kContext, s.f, s.g, s.v}),
          MacPolynomial(s.f, s.g, absl::Span<const Gf8>(text), kLength)};
}
// Without (f, g), which nothing needs then.
SmallView FromTheTagKey(const SmallSecret& s) {
  return {Tag(s, {kContext, s.v}), Tag(s, {kText, kLength})};
}
SmallView FromTheKey(const SmallSecret& s) {
  const std::vector<Gf8> text = {kText};
  return {Tag(s, {kContext, s.v}),
          MacPolynomial(s.v, s.v, absl::Span<const Gf8>(text), kLength)};
}

// Whether somebody who tries every secret finds one key likelier than another
// when he sees what travels in clear.
bool FavoursAKey(SmallExchange exchange) {
  std::array<std::array<unsigned, 8>, 64> secrets_by_view_and_key{};
  for (unsigned number = 0; number < WordCount(6); ++number) {
    const auto element = [number](int i) { return Gf8(number >> 3 * i & 7); };
    const SmallSecret s = {element(0), element(1), element(2),
                           element(3), element(4), element(5)};
    const SmallView view = exchange(s);
    ++secrets_by_view_and_key[view.tag.bits() << 3 | view.confirmation.bits()]
                             [s.v.bits()];
  }
  for (const auto& secrets_by_key : secrets_by_view_and_key) {
    for (unsigned secrets : secrets_by_key) {
      if (secrets != secrets_by_key[0]) return true;
    }
  }
  return false;
}

TEST(ConfirmationAttack, FavoursAKeyIfMadeFromTheTagKey) {
  EXPECT_TRUE(FavoursAKey(FromTheTagKey));
}

TEST(ConfirmationAttack, FavoursAKeyIfMadeFromTheKey) {
  EXPECT_TRUE(FavoursAKey(FromTheKey));
}

TEST(ConfirmationAttack, FavoursNoKeyIfMadeFromItsOwnCoordinates) {
  EXPECT_FALSE(FavoursAKey(FromItsOwn));
}

// --- Guesses of a key, over GF(2^128) ---

// The one-time key of a confirmation in the secret of an exchange.
using ConfirmationKeyOf = absl::Span<const uint8_t> (*)(
    const Offer& offer, absl::Span<const uint8_t> secret);

constexpr size_t kKeyOffset = 3 * ShareLayout::kElement;

absl::Span<const uint8_t> TheKey(const Offer& offer,
                                 absl::Span<const uint8_t> secret) {
  return secret.subspan(kKeyOffset, offer.key_bytes);
}

// What bob sends when he has put the secret together; resealed if he seals with
// something else than he does.
std::string ConfirmationOfBob(const FakeDealing& dealing,
                              ConfirmationKeyOf key_of) {
  SeededEntropy entropy(3);
  Responder bob({Bob(), BootId({2}), &entropy});
  bob.AddPeer(FakePolicy(Alice(), 3, 5));
  const Secret no_mask = Secret::OfSize(dealing.secret.size());
  std::string sent;
  for (size_t hub : {0, 1, 2}) {
    absl::StatusOr<RelayOutcome> outcome = bob.OnShare(
        dealing.offer.hubs[hub], AsBytes(dealing.Body(hub, no_mask)), no_mask,
        PadSource::kGenerator, TestStart());
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    if (outcome->receipt.has_value()) sent = outcome->receipt->confirmation;
  }
  if (key_of == ConfirmationKey) return sent;
  return Confirmation::Open(
             ConfirmationKey(dealing.offer, dealing.secret.view()), sent)
      .value()
      .Seal(key_of(dealing.offer, dealing.secret.view()));
}

// `secret` with another key, and with the d that gives it the tag that was
// seen.
Secret WithKey(const FakeDealing& dealing, absl::Span<const uint8_t> key) {
  Secret secret = dealing.secret.Clone();
  const absl::Span<uint8_t> bytes = secret.mutable_view();
  std::copy(key.begin(), key.end(), bytes.begin() + kKeyOffset);
  const KeyTagBytes tag = ComputeKeyTags(dealing.offer, secret.view())[0];
  for (size_t i = 0; i < tag.size(); ++i) {
    bytes[ShareLayout::kElement + i] ^= tag[i] ^ dealing.offer.tags[0][i];
  }
  return secret;
}

// Of the key and as many wrong guesses, how many the tag and the confirmation
// leave possible. Fewer than k hubs' shares fit every one of them.
size_t GuessesLeft(ConfirmationKeyOf key_of, size_t guesses) {
  const FakeDealing dealing(FakeOffer(FakePolicy(Alice(), 3, 5), 1), 19);
  const std::string confirmation = ConfirmationOfBob(dealing, key_of);
  SeededEntropy entropy(4);
  Secret guess = Secret::CopyOf(TheKey(dealing.offer, dealing.secret.view()));
  size_t left = 0;
  for (size_t i = 0; i <= guesses; ++i) {
    const Secret secret = WithKey(dealing, guess.view());
    left +=
        KeyTagsVerify(dealing.offer, secret.view()) &&
        Confirmation::Open(key_of(dealing.offer, secret.view()), confirmation)
            .ok();
    entropy.Fill(guess.mutable_view());
  }
  return left;
}

// Whoever can try all keys is left with the right one.
TEST(ConfirmationAttack, RefutesEveryWrongGuessIfMadeFromTheKey) {
  EXPECT_EQ(GuessesLeft(TheKey, 300), 1u);
}

TEST(ConfirmationAttack, RefutesNoGuessIfMadeFromItsOwnCoordinates) {
  EXPECT_EQ(GuessesLeft(ConfirmationKey, 300), 301u);
}

}  // namespace
}  // namespace skex
