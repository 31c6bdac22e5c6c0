// A receiver that lets the frame say how long its MAC key is verifies frames of
// a stranger who says: no bytes at all.

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

// Where the frame says it, for a receiver that asks: the reserved field.
constexpr size_t kLengthAt = 46;

// Whether the hub accepts a frame.
using Receiver = bool (*)(TwoEnds& ends, const std::string& bytes);

bool TakesLengthFromItsType(TwoEnds& ends, const std::string& bytes) {
  return ends.hub().Open(AsBytes(bytes)).ok();
}

bool TakesLengthFromTheHeader(TwoEnds& ends, const std::string& bytes) {
  const Frame frame = ParseFrame(AsBytes(bytes)).value();
  const uint32_t length = ByteReader(frame.covered.subspan(kLengthAt)).U32();
  const uint64_t offset = frame.header.mac_offset;
  const Secret slot = ends.hub_pad()
                          .Peek(Stream::kMac, {offset, offset + kMacSlotSize})
                          .value();
  Secret key = Secret::OfSize(kMacSlotSize);
  std::copy_n(slot.view().begin(), std::min<size_t>(length, kMacSlotSize),
              key.mutable_view().begin());
  return VerifyOneTimeMac(key.view(), {frame.covered}, frame.tag);
}

bool AcceptsAFrameOfAStranger(Receiver receiver) {
  TwoEnds ends;
  ends.Connect();
  const FrameHeader header = {
      .type = FrameType::kDeal,
      .table = ends.hub_pad().identity().table,
      .mac_offset = ends.hub_pad().identity().geometry.Begin(
          Direction::kAgentToHub, 0, Stream::kMac)};
  std::string forged = EncodeFrame(header, {"of a stranger"});
  forged.append(kOneTimeMacSize, '\0');
  return receiver(ends, forged);
}

TEST(KeyLengthAttack, StrangersFrameIsAcceptedIfTheFrameSaysTheLength) {
  EXPECT_TRUE(AcceptsAFrameOfAStranger(TakesLengthFromTheHeader));
}

TEST(KeyLengthAttack, StrangersFrameIsRefusedIfTheTypeSaysTheLength) {
  EXPECT_FALSE(AcceptsAFrameOfAStranger(TakesLengthFromItsType));
}

}  // namespace
}  // namespace skex
