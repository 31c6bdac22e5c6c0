// Every choice of faulty hubs, for all n and k up to seven: the key that the
// initiator dealt arrives whenever at most n - k hubs are faulty, and what is
// reported is what was sent wrongly, no more and no less.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/seeded_entropy.h"
#include "skex/dske/fake_dealing.h"
#include "skex/dske/responder.h"
#include "skex/dske/shared_secret.h"

namespace skex {
namespace {

constexpr int kMostFaultTestHubs = 7;

// What a hub does instead of relaying its share.
enum class Fault {
  kDead,     // nothing
  kShare,    // bends its share
  kTag,      // and the same with what all hubs relay alike:
  kContext,  //   the start of the initiator's process
  kK,        //   the threshold
  kN,        //   leaves a hub out
  kIndex,    // sends the share of the next hub as its own
  kSwap,     // sends its share of another exchange as that of this one
  kReplay,   // sends what it sent for another exchange
  kTwice,    // sends a bent share, then the right one
};
constexpr Fault kFaults[] = {
    Fault::kDead, Fault::kShare, Fault::kTag,  Fault::kContext, Fault::kK,
    Fault::kN,    Fault::kIndex, Fault::kSwap, Fault::kReplay,  Fault::kTwice};

std::string BodyOf(const Offer& offer, absl::Span<const uint8_t> share) {
  ByteWriter writer;
  offer.Encode(writer);
  return std::move(writer.Raw(share)).Take();
}

// One number of hubs and threshold: an exchange, and another one to confuse it
// with.
class Setting {
 public:
  Setting(int n, int k)
      : policy_(FakePolicy(Alice(), static_cast<uint8_t>(k), n)),
        dealt_(FakeOffer(policy_, 1), 1),
        other_(OtherOffer(), 2),
        entropy_(3) {}

  size_t n() const { return policy_.hubs.size(); }
  size_t k() const { return policy_.threshold; }
  const PeerPolicy& policy() const { return policy_; }
  const FakeDealing& dealt() const { return dealt_; }

  // What hub number `hub` sends, in order, with this fault or without one.
  std::vector<std::string> Sends(size_t hub, std::optional<Fault> fault) {
    const std::string honest = BodyOf(dealt_.offer, dealt_.shares[hub].view());
    if (!fault.has_value()) return {honest};
    Offer offer = dealt_.offer;
    switch (*fault) {
      case Fault::kDead:
        return {};
      case Fault::kShare:
        return {Bent(hub)};
      case Fault::kTag:
        offer.tags[0][hub] ^= 1;
        break;
      case Fault::kContext:
        offer.initiator_boot.mutable_bytes()[hub] ^= 1;
        break;
      case Fault::kK:
        offer.threshold = static_cast<uint8_t>(k() > 1 ? k() - 1 : k() + 1);
        break;
      case Fault::kN:
        offer.hubs.erase(offer.hubs.begin() +
                         static_cast<ptrdiff_t>(hub == 0 ? n() - 1 : 0));
        break;
      case Fault::kIndex:
        return {BodyOf(offer, dealt_.shares[(hub + 1) % n()].view())};
      case Fault::kSwap:
        return {BodyOf(offer, other_.shares[hub].view())};
      case Fault::kReplay:
        return {BodyOf(other_.offer, other_.shares[hub].view())};
      case Fault::kTwice:
        return {Bent(hub), honest};
    }
    return {BodyOf(offer, dealt_.shares[hub].view())};
  }

  // Whether the responder gets something of this exchange that is no valid
  // share of it. What its policy refuses counts as not sent.
  bool IsReported(Fault fault) const {
    switch (fault) {
      case Fault::kDead:
      case Fault::kK:
      case Fault::kReplay:
        return false;
      case Fault::kN:
        return n() - 1 >= k();
      case Fault::kIndex:
        // With a threshold of one all shares are the same.
        return k() > 1;
      default:
        return true;
    }
  }

 private:
  Offer OtherOffer() const {
    Offer offer = FakeOffer(policy_, 1);
    offer.exchange.mutable_bytes()[15] ^= 1;
    return offer;
  }

  // The share with a random difference, and nobody else's.
  std::string Bent(size_t hub) {
    Secret share = dealt_.shares[hub].Clone();
    uint8_t random[2];
    entropy_.Fill(absl::MakeSpan(random));
    share.mutable_view()[random[0] % share.size()] ^= random[1] | 1;
    return BodyOf(dealt_.offer, share.view());
  }

  const PeerPolicy policy_;
  const FakeDealing dealt_;
  const FakeDealing other_;
  SeededEntropy entropy_;
};

using Faults = std::map<size_t, Fault>;  // by number of the hub

// Runs one exchange in which the hubs speak in the order of `order`, and checks
// all that is promised.
void RunExchange(Setting& setting, const Faults& faults,
                 const std::vector<size_t>& order) {
  SeededEntropy entropy(4);
  Responder bob({Bob(), BootId({2}), &entropy});
  bob.AddPeer(setting.policy());
  const Secret no_mask =
      Secret::OfSize(LayoutOf(setting.dealt().offer).total_size());
  const std::vector<Key> dealt =
      ExtractKeys(setting.dealt().offer, setting.dealt().secret.view(),
                  BootId({2}), PadSource::kGenerator);
  std::vector<Key> keys;
  std::set<HubId> reported, wrong;
  for (size_t hub : order) {
    const auto found = faults.find(hub);
    const std::optional<Fault> fault =
        found == faults.end() ? std::nullopt : std::optional(found->second);
    const HubId& name = setting.policy().hubs[hub];
    if (fault.has_value() && setting.IsReported(*fault)) wrong.insert(name);
    for (const std::string& body : setting.Sends(hub, fault)) {
      absl::StatusOr<RelayOutcome> outcome = bob.OnShare(
          name, AsBytes(body), no_mask, PadSource::kGenerator, TestStart());
      if (!outcome.ok()) continue;
      for (Key& key : outcome->keys) {
        // Replayed shares may complete the other exchange.
        if (key.id == dealt[0].id) keys.push_back(std::move(key));
      }
      reported.insert(outcome->inconsistent.begin(),
                      outcome->inconsistent.end());
    }
  }
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_TRUE(EqualInConstantTime(keys[0].bytes.view(), dealt[0].bytes.view()));
  EXPECT_EQ(reported, wrong);
}

// Calls `use` with every set of 1 to `most` of n hubs.
template <class Use>
void ForEachSubset(size_t n, size_t most, Use use) {
  for (uint32_t bits = 1; bits < 1u << n; ++bits) {
    std::vector<size_t> chosen;
    for (size_t i = 0; i < n; ++i) {
      if (bits >> i & 1) chosen.push_back(i);
    }
    if (chosen.size() <= most) use(chosen);
  }
}

// The faulty hubs first, which is the worst, or last.
std::vector<size_t> Order(size_t n, const std::vector<size_t>& faulty,
                          bool first) {
  std::vector<size_t> order = faulty;
  for (size_t i = 0; i < n; ++i) {
    if (std::find(faulty.begin(), faulty.end(), i) == faulty.end()) {
      order.insert(first ? order.end() : order.begin(), i);
    }
  }
  return order;
}

class HubFaultsTest : public testing::TestWithParam<int> {
 protected:
  // Calls `use` with the setting for n = GetParam() and each k, and every set
  // of up to n - k hubs.
  template <class Use>
  void ForEachSetting(Use use) {
    const int n = GetParam();
    for (int k = 1; k <= n; ++k) {
      Setting setting(n, k);
      ForEachSubset(setting.n(), setting.n() - setting.k(),
                    [&](const std::vector<size_t>& faulty) {
                      if (!HasFatalFailure()) use(setting, faulty);
                    });
    }
  }
};

TEST_P(HubFaultsTest, OneKindOfFaultChangesNothing) {
  ForEachSetting([](Setting& setting, const std::vector<size_t>& faulty) {
    for (Fault fault : kFaults) {
      Faults faults;
      for (size_t hub : faulty) faults[hub] = fault;
      for (bool first : {true, false}) {
        SCOPED_TRACE(testing::Message()
                     << setting.k() << " of " << setting.n() << ", fault "
                     << static_cast<int>(fault) << " of " << faulty.size()
                     << (first ? " first" : " last"));
        ASSERT_NO_FATAL_FAILURE(
            RunExchange(setting, faults, Order(setting.n(), faulty, first)));
      }
    }
  });
}

TEST_P(HubFaultsTest, TwoKindsOfFaultChangeNothing) {
  ForEachSetting([](Setting& setting, const std::vector<size_t>& faulty) {
    if (faulty.size() < 2) return;
    for (Fault one : kFaults) {
      for (Fault two : kFaults) {
        if (one == two) continue;
        Faults faults;
        for (size_t i = 0; i < faulty.size(); ++i) {
          faults[faulty[i]] = i % 2 == 0 ? one : two;
        }
        SCOPED_TRACE(testing::Message()
                     << setting.k() << " of " << setting.n() << ", faults "
                     << static_cast<int>(one) << " and "
                     << static_cast<int>(two) << " of " << faulty.size());
        ASSERT_NO_FATAL_FAILURE(
            RunExchange(setting, faults, Order(setting.n(), faulty, true)));
      }
    }
  });
}

TEST_P(HubFaultsTest, MixturesInAnyOrderChangeNothing) {
  const uint64_t seed = static_cast<uint64_t>(GetParam());
  SeededEntropy entropy(seed);
  const auto below = [&entropy](size_t bound) {
    uint8_t byte;
    entropy.Fill({&byte, 1});
    return byte % bound;
  };
  ForEachSetting([&](Setting& setting, const std::vector<size_t>& faulty) {
    Faults faults;
    for (size_t hub : faulty) {
      faults[hub] = kFaults[below(std::size(kFaults))];
    }
    std::vector<size_t> order = Order(setting.n(), faulty, true);
    for (size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1], order[below(i)]);
    }
    SCOPED_TRACE(testing::Message()
                 << setting.k() << " of " << setting.n() << ", seed " << seed);
    ASSERT_NO_FATAL_FAILURE(RunExchange(setting, faults, order));
  });
}

// The keys that bob gets when the hubs speak in the order of `order`, each of
// `liars` with its share of `forged`, the others with that of what was dealt.
std::vector<Key> KeysAgainst(const Setting& setting, const FakeDealing& forged,
                             const std::vector<size_t>& liars,
                             const std::vector<size_t>& order) {
  SeededEntropy entropy(4);
  Responder bob({Bob(), BootId({2}), &entropy});
  bob.AddPeer(setting.policy());
  const Secret no_mask = Secret::OfSize(LayoutOf(forged.offer).total_size());
  std::vector<Key> keys;
  for (size_t hub : order) {
    const bool lies = std::find(liars.begin(), liars.end(), hub) != liars.end();
    const FakeDealing& dealing = lies ? forged : setting.dealt();
    absl::StatusOr<RelayOutcome> outcome =
        bob.OnShare(setting.policy().hubs[hub],
                    AsBytes(BodyOf(dealing.offer, dealing.shares[hub].view())),
                    no_mask, PadSource::kGenerator, TestStart());
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    if (!outcome.ok()) continue;
    for (Key& key : outcome->keys) keys.push_back(std::move(key));
  }
  return keys;
}

// Colluding hubs have a polynomial of their own, with tags that fit it. Fewer
// than k of them get nothing accepted.
TEST_P(HubFaultsTest, FewerThanTheThresholdOfColludersChangeNothing) {
  ForEachSetting([](Setting& setting, const std::vector<size_t>& faulty) {
    if (faulty.size() >= setting.k()) return;
    const FakeDealing forged(setting.dealt().offer, 99);
    const std::vector<Key> keys =
        KeysAgainst(setting, forged, faulty, Order(setting.n(), faulty, true));
    ASSERT_EQ(keys.size(), 1u);
    EXPECT_TRUE(EqualInConstantTime(
        keys[0].bytes.view(),
        ExtractKeys(setting.dealt().offer, setting.dealt().secret.view(),
                    BootId({2}), PadSource::kGenerator)[0]
            .bytes.view()));
  });
}

// What the promise rests on: k colluders own the key.
TEST(HubCollusionTest, ThresholdOfColludersOwnsTheKey) {
  const Setting setting(5, 3);
  const FakeDealing forged(setting.dealt().offer, 99);
  const std::vector<Key> keys =
      KeysAgainst(setting, forged, {0, 1, 2}, {0, 1, 2});
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_TRUE(EqualInConstantTime(
      keys[0].bytes.view(), ExtractKeys(forged.offer, forged.secret.view(),
                                        BootId({2}), PadSource::kGenerator)[0]
                                .bytes.view()));
}

INSTANTIATE_TEST_SUITE_P(Hubs, HubFaultsTest,
                         testing::Range(1, kMostFaultTestHubs + 1));

}  // namespace
}  // namespace skex
