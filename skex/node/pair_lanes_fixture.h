#ifndef SKEX_NODE_PAIR_LANES_FIXTURE_H_
#define SKEX_NODE_PAIR_LANES_FIXTURE_H_

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/ids.h"
#include "skex/node/agent_events.h"
#include "skex/node/fake_network.h"
#include "skex/node/pair_lanes.h"
#include "skex/psk/key.h"
#include "skex/ratchet/lane_policy.h"
#include "skex/ratchet/messages.h"

namespace skex {

// Alice and bob with lanes, and hubs or none, and all that has happened to them
// since the test began. Whatever a test does, at its end no agent was handed a
// key of DSKE alone, and what both have under one id is one key.
class PairLanesFixture : public testing::Test {
 protected:
  PairLanesFixture(int hubs, LaneUse use) : hubs_(hubs), net_({.hubs = hubs}) {
    if (hubs > 0) net_.AddPeers(3, 3);
    net_.AddLanes(use);
    net_.tamper_lane = [this](const std::string& from, const std::string&,
                              std::string& message) {
      const auto type = LaneMessageTypeOf(AsBytes(message));
      if (!type.ok()) return true;
      ++sent_[{from, *type}];
      if (lost_ != *type || losses_ == 0) return true;
      --losses_;
      return false;
    };
  }

  void TearDown() override {
    std::map<KeyId, const Key*> keys;
    for (const std::string agent : {kAlice, kBob}) {
      for (const Key* key : Keys(agent)) {
        EXPECT_NE(key->terms->source, KeySource::kDske);
        EXPECT_EQ(key->terms->label, KeyLabel::kComputational);
        const auto [other, is_first] = keys.emplace(key->id, key);
        EXPECT_TRUE(is_first || Same(*other->second, *key)) << key->id.Hex();
      }
    }
  }

  void StartHubs() {
    for (int hub = 0; hub < hubs_; ++hub) net_.StartHub(hub);
  }
  void StopHubs() {
    for (int hub = 0; hub < hubs_; ++hub) net_.StopHub(hub);
  }
  void StartAll() {
    StartHubs();
    net_.StartAgent(kAlice);
    net_.StartAgent(kBob);
    net_.Settle();
  }

  // `agent` wants so many keys to dial the other with.
  void Want(size_t keys, const std::string& agent = kAlice) {
    ASSERT_TRUE(net_.agent(agent)
                    .SetWanted(*AgentId::Parse(agent == kAlice ? kBob : kAlice),
                               keys, net_.now())
                    .ok());
    net_.Settle();
  }

  // The next messages of that kind do not arrive.
  void Lose(LaneMessageType type, int losses = 1) {
    lost_ = type;
    losses_ = losses;
  }
  int Sent(LaneMessageType type, const std::string& by = kAlice) {
    return sent_[{by, type}];
  }

  const std::vector<AgentEvent>& Events(const std::string& agent) {
    std::vector<AgentEvent>& events = events_[agent];
    for (AgentEvent& event : net_.TakeEvents(agent)) {
      events.push_back(std::move(event));
    }
    return events;
  }
  // All events of a kind.
  template <class Event>
  std::vector<const Event*> All(const std::string& agent) {
    std::vector<const Event*> found;
    for (const AgentEvent& event : Events(agent)) {
      if (const auto* one = std::get_if<Event>(&event)) found.push_back(one);
    }
    return found;
  }
  std::vector<const Key*> Keys(const std::string& agent) {
    std::vector<const Key*> keys;
    for (const auto* established : All<KeysEstablished>(agent)) {
      for (const Key& key : established->keys) keys.push_back(&key);
    }
    return keys;
  }

  static bool Same(const Key& one, const Key& other) {
    return one.id == other.id &&
           EqualInConstantTime(one.bytes.view(), other.bytes.view()) &&
           one.terms->policy_hash == other.terms->policy_hash &&
           one.terms->responder_boot == other.terms->responder_boot;
  }
  // Both have `count` keys, the same ones, all of that source.
  void ExpectKeys(size_t count, KeySource source) {
    const std::vector<const Key*> alice = Keys(kAlice);
    const std::vector<const Key*> bob = Keys(kBob);
    ASSERT_EQ(alice.size(), count);
    ASSERT_EQ(bob.size(), count);
    for (size_t i = 0; i < count; ++i) {
      EXPECT_TRUE(Same(*alice[i], *bob[i]));
      EXPECT_EQ(alice[i]->bytes.size(), 32u);
      EXPECT_EQ(alice[i]->terms->source, source);
    }
  }

  const PairLanes& Lanes(const std::string& agent = kAlice) {
    return *net_.agent(agent).lanes(
        *AgentId::Parse(agent == kAlice ? kBob : kAlice));
  }
  // What a status page says of the last run or exchange of alice with bob.
  absl::Status LastFailure() {
    return net_.agent(kAlice).LastFailure(*AgentId::Parse(kBob));
  }

  const int hubs_;
  FakeNetwork net_;

 private:
  std::map<std::pair<std::string, LaneMessageType>, int> sent_;
  LaneMessageType lost_ = LaneMessageType::kM1;
  int losses_ = 0;
  std::map<std::string, std::vector<AgentEvent>> events_;
};

}  // namespace skex

#endif  // SKEX_NODE_PAIR_LANES_FIXTURE_H_
