// Both ends of a lane on real lane files, with faults of the disk, kills and
// power failures at both, and a network that loses and repeats messages.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "service/storage/fake_file_system.h"
#include "service/storage/lane_file.h"
#include "skex/base/bytes.h"
#include "skex/base/ids.h"
#include "skex/base/instant.h"
#include "skex/base/seeded_entropy.h"
#include "skex/ratchet/fake_lane.h"
#include "skex/ratchet/initiator.h"
#include "skex/ratchet/lane_keys.h"
#include "skex/ratchet/lane_state.h"
#include "skex/ratchet/messages.h"
#include "skex/ratchet/responder.h"

namespace service {
namespace {

using skex::AsBytes;
using skex::LaneInitiator;
using skex::LaneResponder;
using skex::LaneSide;

constexpr uint64_t kSeeds = 60;
constexpr int kSteps = 60;

// One agent's machine. `End` is LaneInitiator or LaneResponder.
template <class End>
class Machine {
 public:
  Machine(uint64_t seed, LaneSide side, skex::LaneSecrets secrets)
      : files(seed), entropy_(seed) {
    const skex::LanePolicy policy = skex::FakeLanePolicy();
    auto lane = LaneFile::Create(&files, "lane");
    EXPECT_TRUE(ProvisionLane(lane->get(), side, policy.initiator,
                              policy.responder, std::move(secrets))
                    .ok());
  }

  void Stop() {
    if (end != nullptr) {
      EXPECT_EQ(end->rollbacks_detected(), 0u);
    }
    end.reset();
    storage_.reset();
  }

  // With a fault of the disk it may fail.
  absl::Status Start() {
    auto storage = LaneFile::Open(&files, "lane");
    if (!storage.ok()) return storage.status();
    storage_ = *std::move(storage);
    auto opened = End::Open({.policy = skex::FakeLanePolicy(),
                             .boot = skex::RandomId<skex::BootId>(entropy_),
                             .entropy = &entropy_,
                             .storage = storage_.get()});
    if (!opened.ok()) return opened.status();
    end = *std::move(opened);
    return absl::OkStatus();
  }

  void Restart(std::mt19937_64& random) {
    Stop();
    files.StopFailing();
    if (random() % 2 == 0) files.Crash();
    if (random() % 4 == 0) {
      files.Fail(files.operations() + random() % 8,
                 absl::StatusCode::kUnavailable, 1 + random() % 2);
      Start().IgnoreError();
      Stop();
      files.StopFailing();
      if (random() % 2 == 0) files.Crash();
    }
    const absl::Status status = Start();
    ASSERT_TRUE(status.ok()) << status;
  }

  FakeFileSystem files;
  std::unique_ptr<End> end;

 private:
  skex::SeededEntropy entropy_;
  std::unique_ptr<LaneFile> storage_;
};

class Pair {
 public:
  explicit Pair(uint64_t seed)
      : random(seed),
        alice(2 * seed, LaneSide::kInitiator, Lane(seed)),
        bob(2 * seed + 1, LaneSide::kResponder, Lane(seed)) {
    EXPECT_TRUE(alice.Start().ok());
    EXPECT_TRUE(bob.Start().ok());
  }

  // A run, or what the network and the disks leave of it. Whether both ends
  // got its key.
  bool Run(bool lossy) {
    const size_t before = agreed_;
    if (alice.end->Start(now_).ok()) CollectM1s();
    for (const std::string& m1 : Deliver(std::move(m1s_), lossy)) {
      bob.end->OnMessage(AsBytes(m1), now_).IgnoreError();
    }
    m1s_.clear();
    Accept();
    for (const std::string& m2 : Deliver(bob.end->TakeMessages(), lossy)) {
      alice.end->OnMessage(AsBytes(m2), now_).IgnoreError();
    }
    Finish();
    for (const std::string& confirm :
         Deliver(alice.end->TakeMessages(), lossy)) {
      bob.end->OnMessage(AsBytes(confirm), now_).IgnoreError();
    }
    return agreed_ > before;
  }

  void Pass(absl::Duration time) {
    now_.mono += time;
    now_.wall += time;
    alice.end->OnTime(now_);
    bob.end->OnTime(now_);
    CollectM1s();
    Finish();
    Accept();
  }

  std::mt19937_64 random;
  Machine<LaneInitiator> alice;
  Machine<LaneResponder> bob;

 private:
  using Index = std::pair<skex::LaneId, uint32_t>;

  static skex::LaneSecrets Lane(uint64_t seed) {
    const skex::LanePolicy policy = skex::FakeLanePolicy();
    return SplitRoot(skex::FakeRoot(seed), policy.initiator, policy.responder)
        .outgoing;
  }

  // The leaves of all M1s that ever left: none with two of them.
  void CollectM1s() {
    for (std::string& m1 : alice.end->TakeMessages()) {
      auto parsed = skex::M1Message::Parse(AsBytes(m1));
      ASSERT_TRUE(parsed.ok());
      const auto [known, is_new] =
          sent_.emplace(Index(parsed->lane, parsed->index), m1);
      ASSERT_EQ(known->second, m1) << "leaf " << parsed->index;
      m1s_.push_back(std::move(m1));
    }
  }

  std::vector<std::string> Deliver(std::vector<std::string> messages,
                                   bool lossy) {
    if (!lossy) return messages;
    std::vector<std::string> come;
    for (const std::string& message : messages) {
      const uint64_t copies = random() % 3;
      come.insert(come.end(), copies, message);
    }
    return come;
  }

  void Accept() {
    for (skex::LaneEvent& event : bob.end->TakeEvents()) {
      auto* const agreed = std::get_if<skex::KeyAgreed>(&event);
      if (agreed == nullptr) continue;
      ASSERT_TRUE(accepted_indices_.insert(agreed->index).second)
          << "leaf " << agreed->index << " was accepted twice";
      accepted_[agreed->key.id] = std::move(agreed->key.bytes);
    }
  }

  // What the initiator has, the responder has accepted.
  void Finish() {
    for (skex::LaneEvent& event : alice.end->TakeEvents()) {
      auto* const agreed = std::get_if<skex::KeyAgreed>(&event);
      if (agreed == nullptr) continue;
      const auto theirs = accepted_.find(agreed->key.id);
      ASSERT_NE(theirs, accepted_.end()) << "leaf " << agreed->index;
      ASSERT_TRUE(skex::EqualInConstantTime(agreed->key.bytes.view(),
                                            theirs->second.view()));
      ++agreed_;
    }
  }

  skex::Instant now_{absl::UnixEpoch(), absl::Seconds(1000)};
  std::vector<std::string> m1s_;
  std::map<Index, std::string> sent_;
  std::set<uint32_t> accepted_indices_;
  std::map<skex::KeyId, skex::Secret> accepted_;
  size_t agreed_ = 0;
};

template <class End>
void Interfere(std::mt19937_64& random, Machine<End>& machine) {
  switch (random() % 4) {
    case 0:
      machine.files.Fail(machine.files.operations() + random() % 6,
                         random() % 2 == 0
                             ? absl::StatusCode::kUnavailable
                             : absl::StatusCode::kResourceExhausted,
                         1 + random() % 5);
      break;
    case 1:
      machine.Restart(random);
      break;
    default:
      break;
  }
}

TEST(LaneFilePairTest, AgreesAndNeverRepeatsALeafUnderCrashes) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Pair pair(seed);
    for (int step = 0; step < kSteps; ++step) {
      Interfere(pair.random, pair.alice);
      Interfere(pair.random, pair.bob);
      pair.Run(/*lossy=*/true);
      if (pair.random() % 4 == 0) pair.Pass(skex::kRunTimeout);
      if (testing::Test::HasFatalFailure()) return;
    }
    // Left alone they agree again.
    pair.alice.Restart(pair.random);
    pair.bob.Restart(pair.random);
    bool agreed = false;
    for (int attempt = 0; attempt < 3 && !agreed; ++attempt) {
      pair.Pass(skex::kRunTimeout);
      agreed = pair.Run(/*lossy=*/false);
    }
    EXPECT_TRUE(agreed);
    EXPECT_TRUE(pair.Run(/*lossy=*/false));
    pair.alice.Stop();
    pair.bob.Stop();
  }
}

// What a thief finds on a responder's medium does not open what was accepted.
TEST(LaneFilePairTest, TheMediumHasNoLeafThatWasUsed) {
  Pair pair(1);
  for (int run = 0; run < 20; ++run) ASSERT_TRUE(pair.Run(/*lossy=*/false));
  pair.alice.Stop();
  pair.bob.Stop();
  for (const FakeFileSystem* files : {&pair.alice.files, &pair.bob.files}) {
    const std::string durable = files->Durable("lane");
    size_t states = 0;
    for (size_t slot = 0; slot < kLaneSlots; ++slot) {
      auto found = DecodeLaneSlot(
          AsBytes(durable).subspan(LaneSlotOffset(slot), kLaneSlotSize));
      if (!found.ok()) continue;
      ++states;
      auto state = skex::LaneState::Decode(found->state.view());
      ASSERT_TRUE(state.ok()) << state.status();
      for (uint32_t index = 0; index < 20; ++index) {
        EXPECT_FALSE(state->lanes[0].tree.Covers(index));
      }
    }
    EXPECT_EQ(states, 1u);
  }
}

}  // namespace
}  // namespace service
