#include "skex/ratchet/lane_policy.h"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/psk/key.h"
#include "skex/ratchet/fake_lane.h"
#include "skex/ratchet/messages.h"

namespace skex {
namespace {

using absl::StatusCode;

using Change = std::function<void(LanePolicy&)>;

LanePolicy Changed(const Change& change) {
  LanePolicy policy = FakeLanePolicy();
  change(policy);
  return policy;
}

LanePolicy Used(LaneUse use) {
  return Changed([use](LanePolicy& policy) { policy.use = use; });
}

std::string HashHex(const LanePolicy& policy) {
  return absl::BytesToHexString(AsText(policy.ContextHash()));
}

// The vectors come from a second implementation, with Python's hashlib only:
//   sha256(b'skex unmediated' + u16(1) + p(b'alice@north.example')
//          + p(b'bob@south.example') + b'\x01' + u16(32) + u32(3600)
//          + u32(1 << 20) + b'\x01')
// and the same with b'\x02', u16(48), u32(60), u32(1), b'\x01' at its end, and
// as the first with b'\x02' and b'\x03' as its last byte.
TEST(LanePolicyTest, ContextHashMatchesItsVectors) {
  EXPECT_EQ(HashHex(FakeLanePolicy()),
            "08fc49bc515dc102f198917247255c7a"
            "3a903286e2a404ca5aa6c9b20f71aef3");
  EXPECT_EQ(HashHex(Changed([](LanePolicy& policy) {
              policy.freshness = Freshness::kExchange;
              policy.key_bytes = 48;
              policy.key_lifetime = absl::Minutes(1);
            })),
            "54f110a6a0371efca68cee07076dfedf"
            "33ff58c030f04fd75463ac6fce8a8f70");
  EXPECT_EQ(HashHex(Used(LaneUse::kMixed)),
            "a936e1210fcedfd8674d2ce249bf934a"
            "599600956dc83a2d0ee90455a47fd9bb");
  EXPECT_EQ(HashHex(Used(LaneUse::kMixedOrAlone)),
            "b7714de70225e0018737fa63ee298336"
            "1dde7585b52f0b1100d56e1bf5020d07");
}

TEST(LanePolicyTest, ContextHashDependsOnEveryTerm) {
  const std::vector<Change> changes = {
      [](LanePolicy&) {},
      [](LanePolicy& policy) { std::swap(policy.initiator, policy.responder); },
      [](LanePolicy& policy) {
        policy.initiator = *AgentId::Parse("alicf@north.example");
      },
      [](LanePolicy& policy) {
        policy.responder = *AgentId::Parse("boc@south.example");
      },
      [](LanePolicy& policy) { policy.freshness = Freshness::kExchange; },
      [](LanePolicy& policy) { policy.freshness = Freshness::kDelivery; },
      [](LanePolicy& policy) { policy.key_bytes = 48; },
      [](LanePolicy& policy) { policy.key_lifetime += absl::Seconds(1); },
      [](LanePolicy& policy) { policy.use_limit = 7; },
      [](LanePolicy& policy) { policy.use = LaneUse::kMixed; },
      [](LanePolicy& policy) { policy.use = LaneUse::kMixedOrAlone; },
  };
  std::set<std::string> hashes;
  for (const Change& change : changes) {
    hashes.insert(HashHex(Changed(change)));
  }
  EXPECT_EQ(hashes.size(), changes.size());
}

TEST(LanePolicyTest, LimitsAreChecked) {
  EXPECT_TRUE(FakeLanePolicy().Check().ok());
  const std::vector<Change> bad = {
      [](LanePolicy& policy) { policy.responder = policy.initiator; },
      [](LanePolicy& policy) { policy.key_bytes = 33; },
      [](LanePolicy& policy) { policy.key_bytes = 0; },
      [](LanePolicy& policy) { policy.key_bytes = 80; },
      [](LanePolicy& policy) { policy.use_limit = 0; },
      [](LanePolicy& policy) { policy.use_limit = kMostUses + 1; },
      [](LanePolicy& policy) { policy.key_lifetime = absl::ZeroDuration(); },
      [](LanePolicy& policy) { policy.key_lifetime = absl::Hours(9000); },
  };
  for (size_t i = 0; i < bad.size(); ++i) {
    EXPECT_EQ(Changed(bad[i]).Check().code(), StatusCode::kInvalidArgument)
        << i;
  }
}

TEST(LanePolicyTest, KeysThatAreMixedHaveOneSize) {
  for (const LaneUse use :
       {LaneUse::kAlone, LaneUse::kMixed, LaneUse::kMixedOrAlone}) {
    LanePolicy policy = Used(use);
    EXPECT_TRUE(policy.Check().ok());
    for (const uint16_t size : {16, 48}) {
      policy.key_bytes = size;
      EXPECT_EQ(policy.Check().code(), use == LaneUse::kAlone
                                           ? StatusCode::kOk
                                           : StatusCode::kInvalidArgument);
    }
  }
}

TEST(LanePolicyTest, UseSaysWhatARunMayBeFor) {
  struct Allowed {
    LaneUse use;
    bool key;
    bool mix;
  };
  for (const Allowed& allowed : {Allowed{LaneUse::kAlone, true, false},
                                 Allowed{LaneUse::kMixed, false, true},
                                 Allowed{LaneUse::kMixedOrAlone, true, true}}) {
    const LanePolicy policy = Used(allowed.use);
    EXPECT_EQ(policy.Allows(RunPurpose::kKey), allowed.key);
    EXPECT_EQ(policy.Allows(RunPurpose::kMix), allowed.mix);
    EXPECT_TRUE(policy.Allows(RunPurpose::kReroot));
  }
}

TEST(LanePolicyTest, TermsAreComputationalWithoutHubs) {
  const std::shared_ptr<const KeyTerms> terms =
      FakeLanePolicy().Terms(BootId({1}), BootId({2}));
  EXPECT_EQ(terms->initiator, FakeLanePolicy().initiator);
  EXPECT_EQ(terms->responder, FakeLanePolicy().responder);
  EXPECT_EQ(terms->initiator_boot, BootId({1}));
  EXPECT_EQ(terms->responder_boot, BootId({2}));
  EXPECT_EQ(terms->source, KeySource::kUnmediated);
  EXPECT_EQ(terms->label, KeyLabel::kComputational);
  EXPECT_EQ(terms->policy_hash, FakeLanePolicy().ContextHash());
  EXPECT_EQ(terms->lifetime, absl::Hours(1));
  EXPECT_EQ(terms->use_limit, kMostUses);
  EXPECT_TRUE(terms->hubs.empty());
  EXPECT_EQ(terms->threshold, 0);
}

TEST(LanePolicyTest, OnlyDerivedKeysHaveMoreThanOneUse) {
  for (const Freshness freshness :
       {Freshness::kExchange, Freshness::kDelivery}) {
    const LanePolicy policy = Changed(
        [freshness](LanePolicy& changed) { changed.freshness = freshness; });
    EXPECT_EQ(policy.Terms(BootId(), BootId())->use_limit, 1u);
  }
}

TEST(LanePolicyTest, OnlyKeysOfDskeBetweenTheTwoReRoot) {
  const LanePolicy policy = FakeLanePolicy();
  EXPECT_TRUE(policy.CheckFreshKey(FakeFreshKey(1)).ok());
  const auto code = [&policy](const std::function<void(KeyTerms&)>& change) {
    Key key = FakeFreshKey(1);
    auto terms = std::make_shared<KeyTerms>(*key.terms);
    change(*terms);
    key.terms = terms;
    return policy.CheckFreshKey(key).code();
  };
  EXPECT_EQ(code([](KeyTerms& terms) {
              std::swap(terms.initiator, terms.responder);
            }),
            StatusCode::kOk);
  EXPECT_EQ(
      code([](KeyTerms& terms) { terms.source = KeySource::kUnmediated; }),
      StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](KeyTerms& terms) {
              terms.initiator = *AgentId::Parse("carol@east.example");
            }),
            StatusCode::kInvalidArgument);
  Key shorter = FakeFreshKey(1);
  shorter.bytes = Secret::OfSize(16);
  EXPECT_EQ(policy.CheckFreshKey(shorter).code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace skex
