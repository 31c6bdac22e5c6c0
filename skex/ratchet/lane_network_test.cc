#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/secret.h"
#include "skex/psk/key.h"
#include "skex/ratchet/fake_lane.h"
#include "skex/ratchet/lane_events.h"
#include "skex/ratchet/lane_policy.h"
#include "skex/ratchet/messages.h"

namespace skex {
namespace {

using absl::StatusCode;

// --- Both agents at once ---

TEST(TwoLanesTest, BothAgentsMayInitiateAtOnce) {
  const LanePolicy forth = FakeLanePolicy();
  LanePolicy back = forth;
  std::swap(back.initiator, back.responder);
  FakeLane there(1, forth);
  FakeLane here(1, back);  // the same root
  const std::string m1_there = there.Start().message();
  const std::string m1_here = here.Start().message();
  const LaneStep m2_there = there.ToResponder(m1_there);
  const LaneStep m2_here = here.ToResponder(m1_here);
  EXPECT_TRUE(there.ToInitiator(m2_there.message()).status.ok());
  EXPECT_TRUE(here.ToInitiator(m2_here.message()).status.ok());
  const Key& one = Find<KeyAgreed>(m2_there.events)->key;
  const Key& other = Find<KeyAgreed>(m2_here.events)->key;
  EXPECT_NE(one.id, other.id);
  EXPECT_FALSE(EqualInConstantTime(one.bytes.view(), other.bytes.view()));
  EXPECT_EQ(one.terms->initiator, other.terms->responder);
}

TEST(TwoLanesTest, M1ReflectedToItsSenderIsNotFound) {
  LanePolicy back = FakeLanePolicy();
  std::swap(back.initiator, back.responder);
  FakeLane there(1);
  FakeLane here(1, back);
  // Alice's own responder is the responding end of the lane from Bob.
  EXPECT_EQ(here.ToResponder(there.Start().message()).status.code(),
            StatusCode::kNotFound);
}

// Many runs over a network that loses, repeats and reorders: every run that
// the initiator finishes has the responder's key, no index is accepted twice.
class BadNetworkTest : public testing::TestWithParam<uint32_t> {};

TEST_P(BadNetworkTest, EveryFinishedRunHasTheRespondersKey) {
  SCOPED_TRACE(testing::Message() << "seed " << GetParam());
  std::mt19937 random(GetParam());
  FakeLane lane(GetParam());
  std::vector<std::string> to_initiator;
  std::vector<std::string> to_responder;
  std::set<std::pair<std::string, std::string>> accepted;
  std::set<uint32_t> indices;
  size_t finished = 0;
  size_t confirmed = 0;
  const auto take = [&random](std::vector<std::string>& bag) {
    const size_t at = random() % bag.size();
    std::string message = bag[at];
    // Kept one time in three: it comes again.
    if (random() % 3 != 0) bag.erase(bag.begin() + static_cast<ptrdiff_t>(at));
    return message;
  };
  const auto add = [](std::vector<std::string>& bag, const LaneStep& step) {
    bag.insert(bag.end(), step.messages.begin(), step.messages.end());
  };
  for (int step = 0; step < 3000; ++step) {
    const uint32_t choice = random() % 10;
    if (choice < 3) {
      add(to_responder, lane.Start());
    } else if (choice < 6 && !to_responder.empty()) {
      const std::string message = take(to_responder);
      if (random() % 5 == 0) continue;  // lost
      const LaneStep taken = lane.ToResponder(message);
      add(to_initiator, taken);
      if (message.size() == kConfirmSize && taken.status.ok()) ++confirmed;
      if (const KeyAgreed* key = Find<KeyAgreed>(taken.events)) {
        EXPECT_TRUE(indices.insert(key->index).second);
        accepted.insert({key->key.id.Hex(), absl::BytesToHexString(AsText(
                                                key->key.bytes.view()))});
      }
    } else if (choice < 9 && !to_initiator.empty()) {
      const std::string message = take(to_initiator);
      if (random() % 5 == 0) continue;
      const LaneStep taken = lane.ToInitiator(message);
      add(to_responder, taken);
      if (const KeyAgreed* key = Find<KeyAgreed>(taken.events)) {
        ++finished;
        EXPECT_TRUE(accepted.contains(
            {key->key.id.Hex(),
             absl::BytesToHexString(AsText(key->key.bytes.view()))}));
      }
    } else {
      add(to_responder, lane.Pass(absl::Milliseconds(random() % 4000)).first);
    }
  }
  EXPECT_GT(finished, 20u);
  EXPECT_GT(confirmed, 5u);
  EXPECT_LE(confirmed, finished);
  lane.Pass(kRunTimeout);
  EXPECT_TRUE(lane.Run());
}

INSTANTIATE_TEST_SUITE_P(Seeds, BadNetworkTest, testing::Range(1u, 9u));

}  // namespace
}  // namespace skex
