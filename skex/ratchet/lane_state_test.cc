#include "skex/ratchet/lane_state.h"

#include <openssl/sha.h>

#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/ratchet/fake_lane.h"
#include "skex/ratchet/fake_lane_storage.h"

namespace skex {
namespace {

using absl::StatusCode;

LaneSecrets SomeSecrets(uint64_t seed) {
  const LanePolicy policy = FakeLanePolicy();
  return SplitRoot(FakeRoot(seed), policy.initiator, policy.responder).outgoing;
}

LaneState SomeState() {
  const LanePolicy policy = FakeLanePolicy();
  LaneState state = {.side = LaneSide::kResponder,
                     .initiator = policy.initiator,
                     .responder = policy.responder};
  state.lanes.push_back(Lane::Of(SomeSecrets(1)));
  state.lanes.push_back(Lane::Of(SomeSecrets(2)));
  state.lanes[0].tree.Puncture(3u);
  return state;
}

std::string Bytes(const LaneState& state) {
  return std::string(AsText(state.Encode().view()));
}

StatusCode DecodeCode(absl::string_view bytes) {
  return LaneState::Decode(AsBytes(bytes)).status().code();
}

// `size` bytes of the state, under a checksum that matches.
std::string Resealed(std::string bytes) {
  bytes.resize(bytes.size() - 32);
  // The checksum of any other state ends it as well.
  uint8_t digest[32];
  SHA256(AsBytes(bytes).data(), bytes.size(), digest);
  return bytes.append(reinterpret_cast<const char*>(digest), sizeof(digest));
}

TEST(LaneStateTest, RoundTrips) {
  const LaneState state = SomeState();
  const std::string bytes = Bytes(state);
  const absl::StatusOr<LaneState> decoded = LaneState::Decode(AsBytes(bytes));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->side, LaneSide::kResponder);
  EXPECT_EQ(decoded->initiator, state.initiator);
  EXPECT_EQ(decoded->responder, state.responder);
  ASSERT_EQ(decoded->lanes.size(), 2u);
  EXPECT_EQ(decoded->lanes[0].id, state.lanes[0].id);
  EXPECT_FALSE(decoded->lanes[0].tree.Covers(3));
  EXPECT_TRUE(EqualInConstantTime(decoded->lanes[1].gate.view(),
                                  state.lanes[1].gate.view()));
  EXPECT_TRUE(EqualInConstantTime(decoded->lanes[1].stale.view(),
                                  state.lanes[1].stale.view()));
  EXPECT_EQ(Bytes(*decoded), bytes);
}

TEST(LaneStateTest, EveryTruncationIsRefused) {
  const std::string bytes = Bytes(SomeState());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(DecodeCode(bytes.substr(0, size)), StatusCode::kOk) << size;
  }
}

TEST(LaneStateTest, EveryFlippedBitIsRefused) {
  const std::string good = Bytes(SomeState());
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    EXPECT_EQ(DecodeCode(bad), bit / 8 < 5 ? StatusCode::kInvalidArgument
                                           : StatusCode::kDataLoss)
        << bit;
  }
}

TEST(LaneStateTest, TrailingBytesAreDataLoss) {
  const std::string bytes = Bytes(SomeState());
  EXPECT_EQ(DecodeCode(bytes + "x"), StatusCode::kDataLoss);
  std::string longer = bytes;
  longer.insert(longer.size() - 32, "x");
  EXPECT_EQ(DecodeCode(Resealed(longer)), StatusCode::kDataLoss);
}

TEST(LaneStateTest, TruncationUnderAMatchingChecksumIsDataLoss) {
  const std::string bytes = Bytes(SomeState());
  for (size_t size = 37; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeCode(Resealed(bytes.substr(0, size))),
              StatusCode::kDataLoss)
        << size;
  }
}

TEST(LaneStateTest, NonsenseUnderAMatchingChecksumIsDataLoss) {
  const std::string good = Bytes(SomeState());
  const size_t count = 6 + 2 + 19 + 2 + 17;
  struct Change {
    size_t at;
    uint8_t value;
  };
  for (const Change change :
       {Change{5, 0}, Change{5, 1}, Change{5, 3}, Change{8, 'A'},
        Change{count, 0}, Change{count, 1}, Change{count, 3}}) {
    std::string bad = good;
    bad[change.at] = static_cast<char>(change.value);
    EXPECT_EQ(DecodeCode(Resealed(bad)), StatusCode::kDataLoss) << change.at;
  }
}

TEST(ProvisionLaneTest, CommitsOnce) {
  const LanePolicy policy = FakeLanePolicy();
  FakeLaneStorage storage;
  ASSERT_TRUE(ProvisionLane(&storage, LaneSide::kInitiator, policy.initiator,
                            policy.responder, SomeSecrets(1))
                  .ok());
  const std::string state = *storage.state;
  EXPECT_EQ(ProvisionLane(&storage, LaneSide::kInitiator, policy.initiator,
                          policy.responder, SomeSecrets(1))
                .code(),
            StatusCode::kAlreadyExists);
  EXPECT_EQ(*storage.state, state);
}

TEST(ProvisionLaneTest, PassesTheStoragesErrorsOn) {
  const LanePolicy policy = FakeLanePolicy();
  FakeLaneStorage storage;
  storage.failure = absl::ResourceExhaustedError("full");
  for (const bool fails_load : {false, true}) {
    storage.fails_load = fails_load;
    EXPECT_EQ(ProvisionLane(&storage, LaneSide::kInitiator, policy.initiator,
                            policy.responder, SomeSecrets(1))
                  .code(),
              StatusCode::kResourceExhausted);
  }
}

TEST(LoadLaneTest, RefusesAnotherLaneOrSide) {
  const LanePolicy policy = FakeLanePolicy();
  FakeLaneStorage storage;
  EXPECT_EQ(LoadLane(&storage, LaneSide::kInitiator, policy.initiator,
                     policy.responder)
                .status()
                .code(),
            StatusCode::kNotFound);
  ASSERT_TRUE(ProvisionLane(&storage, LaneSide::kInitiator, policy.initiator,
                            policy.responder, SomeSecrets(1))
                  .ok());
  EXPECT_TRUE(LoadLane(&storage, LaneSide::kInitiator, policy.initiator,
                       policy.responder)
                  .ok());
  EXPECT_EQ(LoadLane(&storage, LaneSide::kResponder, policy.initiator,
                     policy.responder)
                .status()
                .code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(LoadLane(&storage, LaneSide::kInitiator, policy.responder,
                     policy.initiator)
                .status()
                .code(),
            StatusCode::kFailedPrecondition);
  storage.state->back() ^= 1;
  EXPECT_EQ(LoadLane(&storage, LaneSide::kInitiator, policy.initiator,
                     policy.responder)
                .status()
                .code(),
            StatusCode::kDataLoss);
}

}  // namespace
}  // namespace skex
