// Mallory is enrolled at the hub, too, and deals to bob over and over. Each
// deal costs bob as much pad as a wanted one.

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "skex/base/bytes.h"
#include "skex/base/seeded_entropy.h"
#include "skex/dske/fake_dealing.h"
#include "skex/dske/fake_links.h"
#include "skex/dske/messages.h"
#include "skex/dske/relay.h"
#include "skex/pad/fake_pad_storage.h"
#include "skex/pad/pad.h"

namespace skex {
namespace {

constexpr uint64_t kQuota = 8192;

AgentId Mallory() { return *AgentId::Parse("mallory@evil.example"); }

// A hub with alice, bob and mallory. Bob's pad is small, mallory's is not.
class OneHub {
 public:
  explicit OneHub(const Relay::Enrolment& bobs)
      : entropy_(31),
        relay_({.self = NumberedHub(0)}),
        alice_(Alice(), NumberedHub(0), SmallGeometry(2), &entropy_),
        bob_(Bob(), NumberedHub(0), SmallGeometry(2), &entropy_),
        mallory_(Mallory(), NumberedHub(0), SmallGeometry(8), &entropy_) {
    relay_.SetAgent(Alice(), &alice_.hub(), {});
    relay_.SetAgent(Bob(), &bob_.hub(), bobs);
    relay_.SetAgent(Mallory(), &mallory_.hub(), {});
  }

  // Mallory deals batches to bob until nothing comes of it, then smaller ones.
  void Burn() {
    for (uint16_t keys :
         {uint16_t{256}, uint16_t{32}, uint16_t{4}, uint16_t{1}}) {
      while (!Deal(Mallory(), mallory_, keys).has_value()) {
      }
    }
  }

  // What alice hears when she deals one key to bob; nullopt if it reaches him.
  std::optional<NoticeCode> AliceDeals() { return Deal(Alice(), alice_, 1); }

  void Allow(const std::set<AgentId>& initiators) {
    relay_.SetAgent(Bob(), &bob_.hub(), {.allow = initiators});
  }

  uint64_t LeftOfBobs() {
    return bob_.hub_pad().Remaining(Direction::kHubToAgent, Stream::kOtp);
  }

 private:
  std::optional<NoticeCode> Deal(const AgentId& from, FakeLinks& links,
                                 uint16_t keys) {
    Offer offer = FakeOffer(FakePolicy(Bob(), 3, 5), keys);
    offer.initiator = from;
    offer.exchange = RandomId<ExchangeId>(entropy_);
    const size_t size = LayoutOf(offer).total_size();
    links.agent().WantOtp(size);
    links.Settle();
    const LinkSlice slice = links.agent().Take(size).value();
    ByteWriter body;
    offer.Encode(body);
    body.Raw(std::string(size, 'x'));
    EXPECT_TRUE(
        links.agent().SealMasked(FrameType::kDeal, {body.bytes()}, slice).ok());
    const std::string deal = links.TakeToHub().at(0);
    EXPECT_TRUE(
        relay_.OnFrame(from, *links.hub().Open(AsBytes(deal)).value(), now_)
            .ok());
    bob_.Settle();
    relay_.OnLinkReady(Bob());
    const size_t relayed = bob_.TakeToAgent().size();
    for (const std::string& frame : links.TakeToAgent()) {
      const OpenedFrame notice = *links.agent().Open(AsBytes(frame)).value();
      return Notice::Parse(notice.body).value().code;
    }
    EXPECT_EQ(relayed, 1u);
    return std::nullopt;
  }

  const Instant now_ = TestStart();
  SeededEntropy entropy_;
  Relay relay_;
  FakeLinks alice_;
  FakeLinks bob_;
  FakeLinks mallory_;
};

// Alone on the list she shares what is kept for all with nobody.
TEST(BurningAttack, StarvesAnAgentThatAllowsHer) {
  OneHub hub({.allow = {Mallory()}});
  hub.Burn();
  hub.Allow({Alice(), Mallory()});
  EXPECT_EQ(hub.AliceDeals(), NoticeCode::kPadUsedUp);
}

TEST(BurningAttack, LeavesOthersWhatIsKeptForAll) {
  OneHub hub({.allow = {Alice(), Mallory()}});
  hub.Burn();
  EXPECT_EQ(hub.AliceDeals(), std::nullopt);
}

TEST(BurningAttack, CostsAnAgentNothingThatAllowsItsPeersOnly) {
  OneHub hub({.allow = {Alice()}});
  const uint64_t before = hub.LeftOfBobs();
  hub.Burn();
  EXPECT_EQ(hub.LeftOfBobs(), before);
  EXPECT_EQ(hub.AliceDeals(), std::nullopt);
}

TEST(BurningAttack, CostsAnAgentWithAQuotaNoMoreThanThat) {
  OneHub hub({.allow = {Alice(), Mallory()}, .pair_quota_bytes = kQuota});
  const uint64_t before = hub.LeftOfBobs();
  hub.Burn();
  EXPECT_LT(hub.LeftOfBobs(), before);
  EXPECT_GE(hub.LeftOfBobs(), before - kQuota);
  EXPECT_EQ(hub.AliceDeals(), std::nullopt);
}

}  // namespace
}  // namespace skex
