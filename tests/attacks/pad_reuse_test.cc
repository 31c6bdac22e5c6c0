// Pad bytes that are used twice: what an eavesdropper gains, and the three
// things that each keep it from happening - the sender's durable mark, the
// grants of the other end, the receiver's durable mark.

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/gf/gf128.h"
#include "skex/mac/one_time_mac.h"
#include "skex/pad/fake_pad_storage.h"
#include "skex/pad/pad.h"
#include "skex/wire/frame.h"
#include "tests/attacks/two_ends.h"

namespace skex {
namespace {

// Where a sender that has just started gets the ranges from that it may use.
using Granting = void (*)(TwoEnds&);

void AsksTheOtherEnd(TwoEnds& ends) { ends.Connect(); }

// It takes what it was granted before for granted, and as much again: only its
// own mark tells it what was used.
void GrantsToItself(TwoEnds& ends) {
  ends.Connect(/*grants_arrive=*/false);
  const PadGeometry& geometry = ends.agent_pad().identity().geometry;
  for (Stream stream : {Stream::kMac, Stream::kOtp}) {
    const uint64_t begin = geometry.Begin(Direction::kAgentToHub, 0, stream);
    const uint64_t chunk = stream == Stream::kMac ? kMacChunk : kOtpChunk;
    EXPECT_TRUE(
        ends.agent_pad().AddGrant(stream, {begin, begin + 2 * chunk}).ok());
  }
}

// --- MAC keys ---

// From two frames under one MAC key (a, b) that differ in block 4 alone: the
// sum of their tags is a^4 times the sum of those blocks.
std::array<uint8_t, kOneTimeMacKeySize> KeyOfTwo(const Frame& one,
                                                 const Frame& two) {
  constexpr size_t kBlock = 3 * Gf128::kSize;
  const auto block = [](const Frame& frame) {
    std::array<uint8_t, Gf128::kSize> bytes{};
    const auto rest = frame.covered.subspan(kBlock);
    std::copy(rest.begin(), rest.end(), bytes.begin());
    return Gf128::FromBytes(bytes);
  };
  const auto tag = [](const Frame& frame) {
    return Gf128::FromBytes(frame.tag);
  };
  Gf128 a = (tag(one) + tag(two)) * Inverse(block(one) + block(two));
  // The fourth root: squaring 128 times is the identity.
  for (int i = 0; i < 126; ++i) a = Square(a);
  std::array<uint8_t, kOneTimeMacKeySize> key{};
  a.CopyTo(absl::MakeSpan(key).first(Gf128::kSize));
  const Gf128 without_b =
      Gf128::FromBytes(ComputeOneTimeMac(key, {one.covered}));
  (tag(one) + without_b).CopyTo(absl::MakeSpan(key).last(Gf128::kSize));
  return key;
}

std::string ForgeWithKeyOfTwo(const std::string& one, const std::string& two) {
  const Frame first = ParseFrame(AsBytes(one)).value();
  const Frame second = ParseFrame(AsBytes(two)).value();
  std::string forged = EncodeFrame(second.header, {"of nobody"});
  const OneTimeTag tag =
      ComputeOneTimeMac(KeyOfTwo(first, second), {AsBytes(forged)});
  forged.append(tag.begin(), tag.end());
  return forged;
}

// The agent's disk is copied, the agent runs with every message dropped, the
// copy is put back, and it runs again. Whether the hub then accepts a frame
// that the agent never made.
bool ForgesAfterRollback(Granting granting) {
  TwoEnds ends;
  const FakePadStorage backup = ends.agent_medium();
  ends.Connect();
  const std::string dropped = ends.SealToHub("share one").value();
  ends.agent_medium() = backup;
  ends.StartAgent();
  granting(ends);
  const std::string dropped_too = ends.SealToHub("share two").value();
  const std::string forged = ForgeWithKeyOfTwo(dropped, dropped_too);
  const auto opened = ends.hub().Open(AsBytes(forged));
  return opened.ok() && AsText((*opened)->body) == "of nobody";
}

TEST(RollbackAttack, GivesTheMacKeyAwayIfTheSenderGrantsToItself) {
  EXPECT_TRUE(ForgesAfterRollback(GrantsToItself));
}

TEST(RollbackAttack, GivesNothingAwayIfTheOtherEndGrants) {
  EXPECT_FALSE(ForgesAfterRollback(AsksTheOtherEnd));
}

// --- Masks ---

Secret Share(uint8_t fill) {
  Secret share = Secret::OfSize(112);
  for (uint8_t& byte : share.mutable_view()) byte = fill++;
  return share;
}

std::string Sum(absl::string_view a, absl::string_view b) {
  std::string sum(a);
  for (size_t i = 0; i < sum.size(); ++i) sum[i] ^= b[i];
  return sum;
}

// What happens to the agent between two shares.
using Accident = void (*)(TwoEnds&, const FakePadStorage& backup);

void Crash(TwoEnds& ends, const FakePadStorage&) { ends.StartAgent(); }
void Rollback(TwoEnds& ends, const FakePadStorage& backup) {
  ends.agent_medium() = backup;
  ends.StartAgent();
}

// Whether an eavesdropper who adds up what he heard before and after an
// accident has the sum of the two shares.
bool HearsTheSumOfShares(const Omissions& agent_omits, Accident accident,
                         Granting granting) {
  TwoEnds ends(agent_omits);
  const FakePadStorage backup = ends.agent_medium();
  ends.Connect();
  const Secret one = Share(1);
  const Secret two = Share(77);
  const std::string heard = ends.SealToHub("", one).value();
  accident(ends, backup);
  granting(ends);
  const std::string heard_then = ends.SealToHub("", two).value();
  return Sum(AsText(ParseFrame(AsBytes(heard))->body),
             AsText(ParseFrame(AsBytes(heard_then))->body)) ==
         Sum(AsText(one.view()), AsText(two.view()));
}

TEST(RollbackAttack, GivesTheSumOfSharesAwayIfTheSenderGrantsToItself) {
  EXPECT_TRUE(HearsTheSumOfShares({}, Rollback, GrantsToItself));
}

TEST(RollbackAttack, GivesNoSumAwayIfTheOtherEndGrants) {
  EXPECT_FALSE(HearsTheSumOfShares({}, Rollback, AsksTheOtherEnd));
}

// Without grants only the mark is there to keep the bytes apart.
TEST(SenderMarkAttack, CrashGivesTheSumOfSharesAwayIfTheMarkIsForgotten) {
  EXPECT_TRUE(
      HearsTheSumOfShares({.sending_marks = true}, Crash, GrantsToItself));
}

TEST(SenderMarkAttack, CrashGivesNoSumAwayIfTheMarkIsDurable) {
  EXPECT_FALSE(HearsTheSumOfShares({}, Crash, GrantsToItself));
}

TEST(SenderMarkAttack, GrantsOfTheOtherEndMakeUpForAForgottenMark) {
  EXPECT_FALSE(
      HearsTheSumOfShares({.sending_marks = true}, Crash, AsksTheOtherEnd));
}

// --- The receiver's mark ---

// Whether the hub takes the same deal, under the same MAC key and mask, before
// and after it crashed.
bool TakesADealTwice(const Omissions& hub_omits) {
  TwoEnds ends({}, hub_omits);
  ends.Connect();
  const std::string deal = ends.SealToHub("deal", Share(1)).value();
  EXPECT_TRUE(ends.hub().Open(AsBytes(deal)).ok());
  ends.StartHub();
  ends.Connect();
  return ends.hub().Open(AsBytes(deal)).ok();
}

TEST(ReceiverMarkAttack, DealIsTakenTwiceIfTheMarkIsForgotten) {
  EXPECT_TRUE(TakesADealTwice({.receiving_marks = true}));
}

TEST(ReceiverMarkAttack, DealIsTakenOnceIfTheMarkIsDurable) {
  EXPECT_FALSE(TakesADealTwice({}));
}

// --- What a start erases ---

// A share is heard, its sender crashes and starts again. Whether a thief of
// the medium can then open it.
bool ThiefOpensAShare(const Omissions& agent_omits) {
  TwoEnds ends(agent_omits);
  ends.Connect();
  const Secret share = Share(1);
  const std::string heard = ends.SealToHub("", share).value();
  ends.StartAgent();
  const Frame frame = ParseFrame(AsBytes(heard)).value();
  const std::string stolen = ends.agent_medium().data().substr(
      frame.header.otp.from, frame.header.otp.size());
  return Sum(AsText(frame.body), stolen) == AsText(share.view());
}

TEST(StolenMediumAttack, OpensWhatWasHeardIfAStartErasesNothing) {
  EXPECT_TRUE(ThiefOpensAShare({.erasures = true}));
}

TEST(StolenMediumAttack, OpensNothingAfterAStart) {
  EXPECT_FALSE(ThiefOpensAShare({}));
}

}  // namespace
}  // namespace skex
