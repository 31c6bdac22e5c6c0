// A hub with three agents gets deals and receipts, true ones and others, while
// streams come and go, enrolments change and time passes. What each agent
// receives is compared with what the hub's model allows.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "skex/base/bytes.h"
#include "skex/base/ids.h"
#include "skex/base/instant.h"
#include "skex/base/secret.h"
#include "skex/base/seeded_entropy.h"
#include "skex/dske/fake_dealing.h"
#include "skex/dske/fake_links.h"
#include "skex/dske/messages.h"
#include "skex/dske/offer.h"
#include "skex/dske/policy.h"
#include "skex/dske/relay.h"
#include "skex/pad/fake_pad_storage.h"
#include "skex/pad/mask.h"
#include "skex/pad/pad.h"
#include "skex/wire/frame.h"
#include "skex/wire/link.h"
#include "tests/fuzz/computed_pad.h"
#include "tests/fuzz/pad_ledger.h"
#include "tests/fuzz/relay_model.h"
#include "tests/fuzz/steps.h"

namespace skex {
namespace {

constexpr size_t kMostWaiting = 3;
constexpr size_t kAgents = 3;
constexpr uint64_t kPadChunks = 2;
// The largest share is more than what a link keeps granted, so that some wait.
constexpr uint16_t kKeyCounts[] = {1, 3, 100, 256};
// All steps together stay below the quota's period.
constexpr int kMostSecondsAStep = 20;
static_assert(absl::Seconds(kMostSecondsAStep * Steps::kMost) <
              RelayModel::kQuotaPeriod);

// What a step does; agent number `who` does it.
enum What : uint8_t {
  kDeal,         // of exchange `which` % 8 to agent `which` / 8
  kAlteredDeal,  // the same with an offer that is not right
  kReceipt,      // for exchange `which` % 8 of agent `which` / 8
  kReceive,      // all that is under way between it and the hub arrives
  kStreamDown,
  kStreamUp,
  kRemove,
  kEnrol,  // again, or for other initiators
  kUseUp,  // the hub uses pad with it for something else
  kOtherFrame,
  kTime,
  kQuotaTime,
  kWhats,
};

class RelayFuzz {
 public:
  explicit RelayFuzz(uint8_t setting)
      : quota_((setting >> kAgents) % 4 * uint64_t{10'000}),
        entropy_(setting),
        options_({NumberedHub(0), kMostWaiting}),
        relay_(options_),
        model_(options_, SmallGeometry(kPadChunks).otp_bytes) {
    for (const AgentId& agent : {Alice(), Bob(), Carol()}) {
      ends_.push_back(std::make_unique<End>(agent, &entropy_));
    }
    for (size_t agent = 0; agent < kAgents; ++agent) Enrol(agent, setting);
  }

  void Do(const Step& step) {
    const size_t agent = step.who % kAgents;
    switch (step.what % kWhats) {
      case kDeal:
      case kAlteredDeal:
        Deal(agent, step);
        break;
      case kReceipt:
        SendReceipt(agent, step);
        break;
      case kReceive:
        Receive(agent);
        break;
      case kStreamDown:
        ends_[agent]->links->Disconnect();
        break;
      case kStreamUp:
        if (!model_.HasAgent(ends_[agent]->agent)) break;
        ends_[agent]->links->Connect();
        break;
      case kRemove:
        Remove(agent);
        break;
      case kEnrol:
        Enrol(agent, step.value);
        break;
      case kUseUp:
        UseUp(ends_[agent]->links->hub_pad(), StreamOf(step), step.value);
        break;
      case kOtherFrame:
        SendOtherFrame(agent, step);
        break;
      default:
        Pass(step);
    }
    model_.Check(relay_);
  }

 private:
  struct End {
    End(const AgentId& id, Entropy* entropy)
        : agent(id),
          links(LinksOnComputedPad(id, NumberedHub(0),
                                   SmallGeometry(kPadChunks),
                                   PadSource::kGenerator, entropy)),
          agent_ledger(links->agent_pad()),
          hub_ledger(links->hub_pad()) {}

    AgentId agent;
    std::unique_ptr<FakeLinks> links;
    PadLedger agent_ledger;
    PadLedger hub_ledger;
  };

  // Each of the lowest bits of `rules` lets one agent in.
  void Enrol(size_t agent, uint8_t rules) {
    Relay::Enrolment enrolment;
    for (size_t i = 0; i < kAgents; ++i) {
      if (rules >> i & 1) enrolment.allow.insert(ends_[i]->agent);
    }
    enrolment.pair_quota_bytes = quota_;
    End& end = *ends_[agent];
    relay_.SetAgent(end.agent, &end.links->hub(), enrolment);
    model_.SetAgent(end.agent, enrolment);
  }

  // As a hub does: nothing of the agent comes in from then on.
  void Remove(size_t agent) {
    ends_[agent]->links->Disconnect();
    relay_.RemoveAgent(ends_[agent]->agent);
    model_.RemoveAgent(ends_[agent]->agent);
  }

  static ExchangeId ExchangeOf(uint8_t which) {
    return ExchangeId({static_cast<uint8_t>(which % 8)});
  }

  Offer OfferOf(size_t from, const Step& step) const {
    Offer offer =
        FakeOffer(policy_, kKeyCounts[step.value % std::size(kKeyCounts)]);
    offer.exchange = ExchangeOf(step.which);
    offer.initiator = ends_[from]->agent;
    const size_t responder = step.which / 8 % (kAgents + 1);
    offer.responder = responder < kAgents
                          ? ends_[responder]->agent
                          : *AgentId::Parse("dave@east.example");
    if (step.what % kWhats == kDeal) return offer;
    switch (step.value / 4 % 3) {
      case 0:
        offer.initiator = ends_[(from + 1) % kAgents]->agent;
        break;
      case 1:
        std::erase(offer.hubs, NumberedHub(0));
        break;
      default:
        offer.tags[0][0] ^= 1;  // nothing that concerns a hub
    }
    return offer;
  }

  void Deal(size_t from, const Step& step) {
    Link& link = ends_[from]->links->agent();
    SentDeal deal = {ends_[from]->agent, OfferOf(from, step), {}};
    const size_t size = LayoutOf(deal.offer).total_size();
    // Shares are told apart by their first bytes.
    deal.share.assign(size, static_cast<char>(++deals_));
    deal.share[1] = static_cast<char>(deals_ >> 8);
    if (!link.ready()) return;
    absl::StatusOr<LinkSlice> slice = link.Take(size);
    if (!slice.ok()) return;
    Secret masked = Secret::CopyOf(AsBytes(deal.share));
    Mask(masked.mutable_view(), slice->pad.bytes.view());
    ByteWriter offer;
    deal.offer.Encode(offer);
    const absl::StatusOr<uint64_t> offset = link.SealMasked(
        FrameType::kDeal, {offer.bytes(), AsText(masked.view())}, *slice);
    if (!offset.ok()) return;
    deal.mac_offset = *offset;
    for (const std::unique_ptr<End>& end : ends_) {
      if (end->agent != deal.offer.responder) continue;
      deal.responder_up = end->links->hub().connected();
      deal.lacks_otp = end->links->hub().Lacks(size);
      const Pad& pad = end->links->hub_pad();
      deal.otp_left = pad.Remaining(Direction::kHubToAgent, Stream::kOtp);
      deal.slots_left =
          pad.Remaining(Direction::kHubToAgent, Stream::kMac) / kMacSlotSize;
    }
    Require(ToHub(from).ok(), "a hub takes every deal");
    model_.OnDeal(deal, now_);
  }

  void SendReceipt(size_t from, const Step& step) {
    const Receipt receipt = {ends_[step.which / 8 % kAgents]->agent,
                             ExchangeOf(step.which),
                             std::string(step.value % 64, 'c')};
    if (!Seal(from, FrameType::kReceipt, receipt.Encode())) return;
    Require(ToHub(from).ok(), "a hub takes every receipt");
    model_.OnReceipt(ends_[from]->agent, receipt);
  }

  // What only a broken agent sends.
  void SendOtherFrame(size_t from, const Step& step) {
    constexpr FrameType kTypes[] = {FrameType::kRelay, FrameType::kConfirm,
                                    FrameType::kNotice, FrameType::kDeal,
                                    FrameType::kReceipt};
    const std::string body(step.value, 'x');
    if (!Seal(from, kTypes[step.which % std::size(kTypes)], body)) return;
    Require(absl::IsInvalidArgument(ToHub(from)), "a broken frame is refused");
  }

  static Stream StreamOf(const Step& step) {
    return step.which % 2 == 0 ? Stream::kOtp : Stream::kMac;
  }

  bool Seal(size_t from, FrameType type, const std::string& body) {
    return ends_[from]->links->agent().Seal(type, {body}).ok();
  }

  // The frame that `agent` has sealed reaches the relay.
  absl::Status ToHub(size_t agent) {
    const std::vector<std::string> frames = ends_[agent]->links->TakeToHub();
    Require(frames.size() == 1, "an agent sends one frame at a time");
    const absl::StatusOr<std::optional<OpenedFrame>> opened =
        ends_[agent]->links->hub().Open(AsBytes(frames[0]));
    Require(opened.ok(), "the hub opens every frame of an agent");
    return relay_.OnFrame(ends_[agent]->agent, **opened, now_);
  }

  void Receive(size_t agent) {
    End& end = *ends_[agent];
    if (!model_.HasAgent(end.agent)) return;
    end.links->Settle();
    // No request is open now, which would be made again.
    end.links->agent().OnTime(now_.mono);
    end.links->hub().OnTime(now_.mono);
    end.links->Settle();
    relay_.OnLinkReady(end.agent);
    for (const std::string& frame : end.links->TakeToAgent()) {
      const absl::StatusOr<std::optional<OpenedFrame>> opened =
          end.links->agent().Open(AsBytes(frame));
      Require(opened.ok(), "the agent opens every frame of the hub");
      model_.OnReceived(end.agent, **opened);
    }
  }

  void Pass(const Step& step) {
    absl::Duration time = absl::Seconds(step.value % (kMostSecondsAStep + 1));
    if (step.what % kWhats == kQuotaTime) {
      time = RelayModel::kQuotaPeriod;
      model_.PassQuotaPeriod();
    }
    now_.wall += time;
    now_.mono += time;
    relay_.OnTime(now_);
    model_.OnTime(now_);
  }

  const uint64_t quota_;
  const PeerPolicy policy_ = FakePolicy(Bob(), 2, 3);
  SeededEntropy entropy_;
  const Relay::Options options_;
  Instant now_ = TestStart();
  std::vector<std::unique_ptr<End>> ends_;
  Relay relay_;
  RelayModel model_;
  uint32_t deals_ = 0;
};

}  // namespace
}  // namespace skex

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  skex::Steps steps(data, size);
  skex::RelayFuzz fuzz(steps.setting());
  for (skex::Step step; steps.Next(step);) fuzz.Do(step);
  return 0;
}
