#include "skex/ratchet/lane_policy.h"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/ratchet/fake_lane.h"

namespace skex {
namespace {

using absl::StatusCode;

using Change = std::function<void(LanePolicy&)>;

LanePolicy Changed(const Change& change) {
  LanePolicy policy = FakeLanePolicy();
  change(policy);
  return policy;
}

std::string HashHex(const LanePolicy& policy) {
  return absl::BytesToHexString(AsText(policy.ContextHash()));
}

// The vectors come from a second implementation, with Python's hashlib only:
//   sha256(b'skex unmediated' + u16(1) + p(b'alice@north.example')
//          + p(b'bob@south.example') + b'\x01' + u16(32) + u32(3600)
//          + u32(1 << 20))
// and the same with b'\x02', u16(48), u32(60), u32(1) at its end.
TEST(LanePolicyTest, ContextHashMatchesItsVectors) {
  EXPECT_EQ(HashHex(FakeLanePolicy()),
            "c6510d9580a267af739043ad8030588b"
            "d9a18ba3d9e7f99924a751aa1ac53a07");
  EXPECT_EQ(HashHex(Changed([](LanePolicy& policy) {
              policy.freshness = Freshness::kExchange;
              policy.key_bytes = 48;
              policy.key_lifetime = absl::Minutes(1);
            })),
            "578d7ae179c81429ac7cc4e8be217bd8"
            "5ec1d30527a6d8f0fd4106138d25dd8b");
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
