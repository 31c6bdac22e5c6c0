// A responder gets shares of honest hubs and of hubs that lie in every way, of
// several exchanges and of two initiators, while time passes. What comes out is
// compared with what its model promises.

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "skex/base/bytes.h"
#include "skex/base/ids.h"
#include "skex/base/instant.h"
#include "skex/base/secret.h"
#include "skex/base/seeded_entropy.h"
#include "skex/dske/fake_dealing.h"
#include "skex/dske/offer.h"
#include "skex/dske/policy.h"
#include "skex/dske/responder.h"
#include "tests/fuzz/responder_model.h"
#include "tests/fuzz/steps.h"

namespace skex {
namespace {

constexpr size_t kMostCollecting = 3;
constexpr uint8_t kSlots = 4;  // exchanges of one initiator at a time

struct Setting {
  uint8_t threshold;
  uint8_t min_hubs;
  int hubs;
};
constexpr Setting kSettings[] = {
    {3, 3, 5}, {2, 2, 3}, {1, 1, 2}, {2, 4, 4}, {3, 3, 4}};

// What a step does. Unless it says otherwise, hub number `who` sends its share
// of the exchange in slot `which`, as it was dealt but for one thing.
enum What : uint8_t {
  kHonest,
  kBentShare,
  kBentTag,
  kOtherThreshold,
  kOtherHubs,
  kOtherExpiry,
  kOtherTerms,
  kForged,     // its share of the colluders' polynomial
  kConcert,    // its share of the polynomial with the same secret
  kNeighbour,  // the next hub's share
  kSwapped,    // its share of the next slot's exchange
  kStranger,   // from a hub that is not in the offer
  kOtherAgents,
  kCut,    // a body or a pad range that is too short
  kTime,   // `value` seconds pass
  kAnew,   // the next share of the slot is of a new exchange
  kFlood,  // begins exchanges that nobody dealt
  kWhats,
};

PeerPolicy PolicyOf(const AgentId& peer, uint8_t byte) {
  const Setting& setting = kSettings[byte % std::size(kSettings)];
  PeerPolicy policy = FakePolicy(peer, setting.threshold, setting.hubs);
  policy.min_hubs = setting.min_hubs;
  return policy;
}

class ResponderFuzz {
 public:
  explicit ResponderFuzz(uint8_t setting)
      : key_count_(setting >= 128 ? 2 : 1),
        policies_({PolicyOf(Alice(), setting), PolicyOf(Carol(), setting)}),
        entropy_(1),
        options_({Bob(), BootId({2}), &entropy_, kMostCollecting}),
        bob_(options_),
        model_(options_, policies_) {
    for (const PeerPolicy& policy : policies_) bob_.AddPeer(policy);
  }

  void Do(const Step& step) {
    switch (step.what % kWhats) {
      case kTime:
        now_.wall += absl::Seconds(step.value);
        now_.mono += absl::Seconds(step.value);
        bob_.OnTime(now_);
        model_.OnTime(now_);
        break;
      case kAnew:
        slots_.erase(SlotOf(step.which));
        break;
      case kFlood:
        for (int i = 0; i < step.value % 8; ++i) Invent(step);
        break;
      default:
        Send(ShareOf(step));
    }
    Require(bob_.collecting() == model_.collecting(),
            "exchanges under way are counted right");
  }

 private:
  // Initiator and number.
  using Slot = std::pair<size_t, uint8_t>;
  static Slot SlotOf(uint8_t which) {
    return {which / kSlots % 2, which % kSlots};
  }

  Offer NewOffer(size_t peer) {
    Offer offer = FakeOffer(policies_[peer], key_count_);
    ++exchanges_;
    offer.exchange.mutable_bytes()[14] = static_cast<uint8_t>(exchanges_ >> 8);
    offer.exchange.mutable_bytes()[15] = static_cast<uint8_t>(exchanges_);
    offer.initiator = policies_[peer].peer;
    offer.expiry = now_.wall + absl::Seconds(4);
    return offer;
  }

  const DealtExchange& Dealt(Slot slot) {
    const DealtExchange*& dealt = slots_[slot];
    if (dealt == nullptr) {
      const Offer offer = NewOffer(slot.first);
      all_dealt_.push_back(std::make_unique<DealtExchange>(offer, exchanges_));
      dealt = all_dealt_.back().get();
    }
    return *dealt;
  }

  SentShare ShareOf(const Step& step) {
    const DealtExchange& dealt = Dealt(SlotOf(step.which));
    const size_t hubs = dealt.honest.offer.hubs.size();
    const size_t hub = step.who % hubs;
    SentShare sent = {.from = dealt.honest.offer.hubs[hub],
                      .offer = dealt.honest.offer,
                      .share = dealt.honest.shares[hub].Clone(),
                      .dealt = &dealt};
    switch (step.what % kWhats) {
      case kBentShare:
        sent.share.mutable_view()[step.value % sent.share.size()] ^= 1;
        break;
      case kForged:
        sent.offer = dealt.forged.offer;
        sent.share = dealt.forged.shares[hub].Clone();
        break;
      case kConcert:
        sent.share = dealt.concert[hub].Clone();
        break;
      case kNeighbour:
        sent.share = dealt.honest.shares[(hub + 1) % hubs].Clone();
        break;
      case kSwapped:
        sent.share = Dealt(SlotOf(static_cast<uint8_t>(step.which + 1)))
                         .honest.shares[hub]
                         .Clone();
        break;
      case kStranger:
        sent.from = NumberedHub(77);
        break;
      case kCut:
        (step.value % 2 == 0 ? sent.whole : sent.pad_fits) = false;
        break;
      default:
        Alter(sent.offer, step, hub);
    }
    return sent;
  }

  static void Alter(Offer& offer, const Step& step, size_t hub) {
    const uint8_t value = step.value;
    switch (step.what % kWhats) {
      case kBentTag:
        offer.tags[value / 16 % offer.tags.size()][value % 16] ^= 1;
        break;
      case kOtherThreshold:
        offer.threshold = static_cast<uint8_t>(value % 8);
        break;
      case kOtherHubs:
        if (value % 4 == 0) {
          offer.hubs[hub] = NumberedHub(78);
        } else {
          offer.hubs.erase(offer.hubs.begin() + value % offer.hubs.size());
        }
        break;
      case kOtherExpiry:
        offer.expiry += absl::Seconds(value - 128);
        break;
      case kOtherTerms:
        AlterTerms(offer, value);
        break;
      case kOtherAgents:
        (value % 2 == 0 ? offer.initiator : offer.responder) =
            *AgentId::Parse("dave@east.example");
        break;
      default:
        break;
    }
  }

  static void AlterTerms(Offer& offer, uint8_t value) {
    switch (value % 4) {
      case 0:
        offer.initiator_boot.mutable_bytes()[value / 4 % 16] ^= 1;
        break;
      case 1:
        offer.source = PadSource::kPhysical;
        break;
      case 2:
        ++offer.lifetime_seconds;
        break;
      default:
        --offer.use_limit;
    }
  }

  void Invent(const Step& step) {
    Offer offer = NewOffer(SlotOf(step.which).first);
    offer.tags[0][0] = 1;  // that of a share of zeros is zero
    Send({.from = offer.hubs[step.who % offer.hubs.size()],
          .offer = offer,
          .share = Secret::OfSize(LayoutOf(offer).total_size())});
  }

  void Send(SentShare sent) {
    constexpr uint8_t kPad = 0x5a;  // not secret here
    Secret otp = Secret::OfSize(sent.share.size() - (sent.pad_fits ? 0 : 16));
    for (uint8_t& byte : otp.mutable_view()) byte = kPad;
    std::string body = sent.offer_bytes();
    for (uint8_t byte : sent.share.view()) {
      body.push_back(static_cast<char>(byte ^ kPad));
    }
    if (!sent.whole) body.pop_back();
    const absl::StatusOr<RelayOutcome> got = bob_.OnShare(
        sent.from, AsBytes(body), otp, PadSource::kGenerator, now_);
    model_.OnShare(std::move(sent), got, now_);
  }

  const uint16_t key_count_;
  const std::vector<PeerPolicy> policies_;
  Instant now_ = TestStart();
  SeededEntropy entropy_;
  const Responder::Options options_;
  Responder bob_;
  ResponderModel model_;
  uint64_t exchanges_ = 0;
  std::vector<std::unique_ptr<DealtExchange>> all_dealt_;
  std::map<Slot, const DealtExchange*> slots_;
};

}  // namespace
}  // namespace skex

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  skex::Steps steps(data, size);
  skex::ResponderFuzz fuzz(steps.setting());
  for (skex::Step step; steps.Next(step);) fuzz.Do(step);
  return 0;
}
