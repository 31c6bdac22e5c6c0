// Holes: pad bytes that were erased and are used all the same. Everybody knows
// the MAC key (0, 0), and a mask of zeros hides nothing.

#include <algorithm>
#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/mac/one_time_mac.h"
#include "skex/pad/pad.h"
#include "skex/wire/frame.h"
#include "tests/attacks/two_ends.h"

namespace skex {
namespace {

// --- A hole for a MAC key ---

// The body of a frame that the hub accepts.
using Receiver = absl::StatusOr<std::string> (*)(TwoEnds&,
                                                 absl::string_view frame);

absl::StatusOr<std::string> Opens(TwoEnds& ends, absl::string_view frame) {
  auto opened = ends.hub().Open(AsBytes(frame));
  if (!opened.ok()) return opened.status();
  return std::string(AsText((*opened)->body));
}

// Verifies under whatever the medium has there.
absl::StatusOr<std::string> OpensOverHoles(TwoEnds& ends,
                                           absl::string_view frame) {
  const Frame parsed = ParseFrame(AsBytes(frame)).value();
  Secret key = Secret::OfSize(kMacSlotSize);
  EXPECT_TRUE(ends.hub_medium()
                  .Read(parsed.header.mac_offset, key.mutable_view())
                  .ok());
  if (!VerifyOneTimeMac(key.view(), {parsed.covered}, parsed.tag)) {
    return absl::DataLossError("message authentication failed");
  }
  return std::string(AsText(parsed.body));
}

// The hub erases what it has used before its mark is durable, and crashes: what
// it grants next is a hole. A stranger, who has no pad, seals with zeros.
absl::StatusOr<std::string> StrangersFrame(Receiver receiver) {
  TwoEnds ends({}, {.receiving_marks = true});
  ends.Connect();
  const std::string deal = ends.SealToHub("deal").value();
  EXPECT_TRUE(ends.hub().Open(AsBytes(deal)).ok());
  EXPECT_TRUE(ends.hub_pad().EraseUsed(true).ok());
  ends.StartHub();
  ends.Connect();
  const FrameHeader header = ParseFrame(AsBytes(deal)).value().header;
  std::string forged = EncodeFrame(header, {"of a stranger"});
  forged.append(kOneTimeMacSize, '\0');
  return receiver(ends, forged);
}

TEST(HoleAttack, StrangerSealsWithZerosIfHolesAreTaken) {
  EXPECT_EQ(StrangersFrame(OpensOverHoles).value_or(""), "of a stranger");
}

TEST(HoleAttack, StrangerSealsNothingIfHolesAreRefused) {
  EXPECT_EQ(StrangersFrame(Opens).status().code(), absl::StatusCode::kDataLoss);
}

// --- A hole for a mask ---

// What the hub sends to the agent for a share; an error if it sends nothing.
using Sender = absl::StatusOr<std::string> (*)(TwoEnds&, const Secret& share);

absl::StatusOr<std::string> Sends(TwoEnds& ends, const Secret& share) {
  absl::StatusOr<std::string> frame = ends.SealToAgent("", share);
  if (!frame.ok()) return frame.status();
  return std::string(AsText(ParseFrame(AsBytes(*frame)).value().body));
}

// Masks with whatever the medium has next.
absl::StatusOr<std::string> SendsOverHoles(TwoEnds& ends, const Secret& share) {
  std::string mask(share.size(), '\0');
  const uint64_t next = ends.hub_pad().identity().geometry.Begin(
      Direction::kHubToAgent, 0, Stream::kOtp);
  EXPECT_TRUE(
      ends.hub_medium()
          .Read(next, absl::MakeSpan(reinterpret_cast<uint8_t*>(mask.data()),
                                     mask.size()))
          .ok());
  for (size_t i = 0; i < mask.size(); ++i) {
    mask[i] = static_cast<char>(mask[i] ^ share.view()[i]);
  }
  return mask;
}

// How many bytes of a share an eavesdropper reads in clear, one after the
// other, if a hole of `blocks` blocks begins `before` blocks into its mask.
size_t BytesInClear(Sender sender, uint64_t before, uint64_t blocks) {
  TwoEnds ends;
  const uint64_t hole =
      before * kOtpBlockSize + ends.hub_pad().identity().geometry.Begin(
                                   Direction::kHubToAgent, 0, Stream::kOtp);
  EXPECT_TRUE(
      ends.hub_medium().Erase(hole, hole + blocks * kOtpBlockSize).ok());
  ends.Connect();
  Secret share = Secret::OfSize(112);
  ends.entropy().Fill(share.mutable_view());
  const absl::StatusOr<std::string> heard = sender(ends, share);
  size_t longest = 0;
  size_t run = 0;
  for (size_t i = 0; heard.ok() && i < share.size(); ++i) {
    run = AsBytes(*heard)[i] == share.view()[i] ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

TEST(HoleAttack, ShareTravelsInClearIfHolesAreTaken) {
  EXPECT_EQ(BytesInClear(SendsOverHoles, 0, 7), 112u);
  EXPECT_GE(BytesInClear(SendsOverHoles, 3, 1), kOtpBlockSize);
}

TEST(HoleAttack, NothingTravelsInClearIfHolesAreRefused) {
  EXPECT_LT(BytesInClear(Sends, 0, 7), 4u);
  EXPECT_LT(BytesInClear(Sends, 3, 1), 4u);
}

// The share that met the hole goes out under the bytes behind it.
TEST(HoleAttack, SenderGoesOnBehindAHole) {
  TwoEnds ends;
  const uint64_t begin = ends.hub_pad().identity().geometry.Begin(
      Direction::kHubToAgent, 0, Stream::kOtp);
  EXPECT_TRUE(ends.hub_medium().Erase(begin, begin + kOtpBlockSize).ok());
  ends.Connect();
  const Secret share = Secret::OfSize(112);
  EXPECT_EQ(Sends(ends, share).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(Sends(ends, share).ok());
}

}  // namespace
}  // namespace skex
