// An initiator deals to hubs whose streams come and go and whose pads run out,
// and gets confirmations and notices: true ones, altered ones, and those that
// answer something else. Keys may come of a true confirmation alone.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "skex/base/bytes.h"
#include "skex/base/ids.h"
#include "skex/base/instant.h"
#include "skex/base/seeded_entropy.h"
#include "skex/dske/fake_dealing.h"
#include "skex/dske/fake_links.h"
#include "skex/dske/initiator.h"
#include "skex/dske/messages.h"
#include "skex/dske/offer.h"
#include "skex/dske/policy.h"
#include "skex/pad/fake_pad_storage.h"
#include "skex/pad/mask.h"
#include "skex/pad/pad_layout.h"
#include "skex/wire/frame.h"
#include "skex/wire/link.h"
#include "tests/fuzz/computed_pad.h"
#include "tests/fuzz/initiator_model.h"
#include "tests/fuzz/pad_ledger.h"
#include "tests/fuzz/steps.h"

namespace skex {
namespace {

struct Setting {
  uint8_t threshold;
  uint8_t min_hubs;
  int hubs;
};
constexpr Setting kSettings[] = {{2, 3, 4}, {2, 2, 3}, {3, 3, 4}, {1, 1, 2}};

// A few of the largest use a pad up.
constexpr uint16_t kKeyCounts[] = {1, 2, 3, 1, 2, 3, 1, 256};

// What a step does. Answers are to the exchange in slot `which`, and come
// through hub number `who`.
enum What : uint8_t {
  kStart,  // an exchange in slot `which`; the one before is abandoned
  kConfirm,
  kBentConfirm,   // one bit flipped, or cut
  kOtherKey,      // sealed with the key of the exchange in the other slot
  kOtherMeaning,  // sealed with the true key, about something else
  kOtherDeal,     // true, but it names a deal through another hub or none
  kNotice,
  kOtherNotice,  // as kOtherDeal
  kTime,         // `value` / 16 seconds pass
  kStreamDown,
  kStreamUp,
  kUseUp,   // pad is used for something else
  kGrants,  // open requests for grants are answered
  kWhats,
};

class InitiatorFuzz {
 public:
  explicit InitiatorFuzz(uint8_t setting)
      : entropy_(setting), policy_(PolicyOf(setting)) {
    for (size_t hub = 0; hub < policy_.hubs.size(); ++hub) {
      const bool physical = hub > 0 && setting >= 128;
      ends_.push_back(std::make_unique<End>(
          policy_.hubs[hub], &entropy_,
          physical ? PadSource::kPhysical : PadSource::kGenerator));
    }
  }

  void Do(const Step& step) {
    const size_t hub = step.who % ends_.size();
    FakeLinks& links = *ends_[hub]->links;
    switch (step.what % kWhats) {
      case kStart:
        Start(SlotOf(step), step.value);
        break;
      case kTime:
        Pass(absl::Seconds(step.value / 16));
        break;
      case kStreamDown:
        links.Disconnect();
        break;
      case kStreamUp:
        links.Connect();
        break;
      case kUseUp:
        UseUp(links.agent_pad(),
              step.which % 2 == 0 ? Stream::kOtp : Stream::kMac, step.value);
        break;
      case kGrants:
        links.Settle();
        break;
      case kNotice:
      case kOtherNotice:
        if (SlotOf(step).exchange == nullptr) break;
        Notify(SlotOf(step), ends_[hub]->hub, step);
        break;
      default:
        if (SlotOf(step).exchange == nullptr) break;
        Confirm(SlotOf(step), ends_[hub]->hub, step);
    }
  }

 private:
  struct End {
    End(const HubId& id, Entropy* entropy, PadSource source)
        : hub(id),
          links(LinksOnComputedPad(Alice(), id, SmallGeometry(1), source,
                                   entropy)),
          agent_ledger(links->agent_pad()),
          hub_ledger(links->hub_pad()) {}

    bool Able(uint64_t size) {
      return links->agent().ready() &&
             links->agent_pad().Granted(Stream::kOtp) >= size;
    }

    HubId hub;
    std::unique_ptr<FakeLinks> links;
    PadLedger agent_ledger;
    PadLedger hub_ledger;
  };
  struct Slot {
    std::unique_ptr<InitiatorExchange> exchange;
    std::unique_ptr<InitiatorModel> model;
  };

  static PeerPolicy PolicyOf(uint8_t byte) {
    const Setting& setting = kSettings[byte % std::size(kSettings)];
    PeerPolicy policy = FakePolicy(Bob(), setting.threshold, setting.hubs);
    policy.min_hubs = setting.min_hubs;
    return policy;
  }
  Slot& SlotOf(const Step& step) { return slots_[step.which % slots_.size()]; }
  Slot& OtherSlot(const Step& step) {
    return slots_[(step.which + 1u) % slots_.size()];
  }

  void Start(Slot& slot, uint8_t value) {
    slot = Slot();
    const uint16_t key_count = kKeyCounts[value % std::size(kKeyCounts)];
    const uint64_t size = ShareLayout{key_count}.total_size();
    std::vector<HubLink> links;
    std::vector<HubId> able;
    std::vector<uint64_t> granted;
    for (const std::unique_ptr<End>& end : ends_) {
      links.push_back({end->hub, &end->links->agent()});
      if (end->Able(size)) able.push_back(end->hub);
      granted.push_back(end->links->agent_pad().Granted(Stream::kOtp));
    }
    absl::StatusOr<std::unique_ptr<InitiatorExchange>> started =
        InitiatorExchange::Start({Alice(), BootId({1}), &entropy_, key_count},
                                 policy_, links, now_);
    if (able.size() < policy_.min_hubs) {
      Require(absl::IsUnavailable(started.status()),
              "too few hubs is an error");
      for (size_t i = 0; i < ends_.size(); ++i) {
        FakeLinks& unused = *ends_[i]->links;
        Require(unused.agent_pad().Granted(Stream::kOtp) == granted[i] &&
                    unused.TakeToHub().empty(),
                "no pad is used for an exchange that cannot be");
      }
      return;
    }
    Require(started.ok(), "an exchange begins if enough hubs can take part");
    slot.exchange = *std::move(started);
    Require(slot.exchange->offer().hubs == able, "those that can take part do");
    CheckOffer(slot.exchange->offer(), key_count);
    slot.model = std::make_unique<InitiatorModel>(
        slot.exchange->offer(), TakeDeals(slot.exchange->offer()));
  }

  void CheckOffer(const Offer& offer, uint16_t key_count) {
    Require(offer.CheckAgainst(PolicyOfBob(), Bob(), now_.wall).ok(),
            "a responder with the same policy admits the offer");
    Require(offer.key_count() == key_count, "all keys are offered");
    Require(exchanges_.insert(offer.exchange).second,
            "no two exchanges have one id");
    PadSource worst = PadSource::kPhysical;
    for (const std::unique_ptr<End>& end : ends_) {
      if (std::find(offer.hubs.begin(), offer.hubs.end(), end->hub) !=
          offer.hubs.end()) {
        worst = std::max(worst, end->links->agent_pad().identity().source);
      }
    }
    Require(offer.source == worst, "the worst pad's source is named");
  }
  PeerPolicy PolicyOfBob() const {
    PeerPolicy policy = policy_;
    policy.peer = Alice();
    return policy;
  }

  // What the hubs got: at most one deal each, with equal offers.
  std::map<HubId, DealtShare> TakeDeals(const Offer& offer) {
    ByteWriter offer_bytes;
    offer.Encode(offer_bytes);
    std::map<HubId, DealtShare> deals;
    for (const std::unique_ptr<End>& end : ends_) {
      for (const std::string& frame : end->links->TakeToHub()) {
        const absl::StatusOr<std::optional<OpenedFrame>> opened =
            end->links->hub().Open(AsBytes(frame));
        Require(opened.ok() && (*opened)->type == FrameType::kDeal,
                "a hub can open its deal");
        const absl::StatusOr<ShareMessage> message =
            ShareMessage::Parse((*opened)->body);
        Require(message.ok() && message->offer_bytes == offer_bytes.bytes() &&
                    message->masked.size() == (*opened)->otp.size(),
                "all hubs get the same offer, and a share of its size");
        DealtShare dealt = {(*opened)->mac_offset,
                            Secret::CopyOf(message->masked)};
        dealt.masked_is_zero =
            std::all_of(message->masked.begin(), message->masked.end(),
                        [](uint8_t byte) { return byte == 0; });
        Mask(dealt.share.mutable_view(), (*opened)->otp.view());
        Require(deals.emplace(end->hub, std::move(dealt)).second,
                "a hub gets one share");
      }
    }
    return deals;
  }

  Confirmation TrueConfirmation(const Slot& slot, uint8_t value) const {
    Confirmation confirmation = {
        .exchange = slot.exchange->offer().exchange,
        .initiator = Alice(),
        .responder = Bob(),
        .responder_boot = BootId({2}),
        .source = PadSource::kPhysical,
        .key_count = slot.exchange->offer().key_count(),
        .inconsistent = {}};
    for (size_t hub = 0; hub < ends_.size(); ++hub) {
      if (value >> hub & 1) {
        confirmation.inconsistent.push_back(ends_[hub]->hub);
      }
    }
    return confirmation;
  }

  static void ChangeMeaning(Confirmation& confirmation, uint8_t value) {
    switch (value % 5) {
      case 0:
        confirmation.exchange.mutable_bytes()[value / 5 % 16] ^= 1;
        break;
      case 1:
        confirmation.initiator = Carol();
        break;
      case 2:
        confirmation.responder = Carol();
        break;
      case 3:
        ++confirmation.key_count;
        break;
      default:
        confirmation.source = static_cast<PadSource>(4);
    }
  }

  // By which an answer through `hub` names its deal; wrong for kOtherDeal and
  // kOtherNotice.
  static uint64_t DealOffset(const Slot& slot, const HubId& hub,
                             const Step& step) {
    const uint64_t offset = slot.model->DealOffset(hub);
    const uint8_t what = step.what % kWhats;
    return what == kOtherDeal || what == kOtherNotice
               ? offset + kMacSlotSize * (1 + uint64_t{step.value})
               : offset;
  }

  void Confirm(Slot& slot, const HubId& hub, const Step& step) {
    Confirmation confirmation = TrueConfirmation(slot, step.value);
    Worth worth = Worth::kTrue;
    absl::Span<const uint8_t> key = slot.model->confirmation_key();
    const uint8_t what = step.what % kWhats;
    if (what == kOtherMeaning) {
      ChangeMeaning(confirmation, step.value);
      worth = Worth::kOfSomethingElse;
    } else if (what == kOtherKey) {
      if (OtherSlot(step).exchange == nullptr) return;
      key = OtherSlot(step).model->confirmation_key();
      worth = Worth::kUnverifiable;
    }
    std::string sealed = confirmation.Seal(key);
    if (what == kBentConfirm) {
      worth = Worth::kUnverifiable;
      if (step.value == 0) {
        sealed.pop_back();
      } else {
        sealed[step.value % sealed.size()] ^= 1;
      }
    }
    const uint64_t offset = DealOffset(slot, hub, step);
    slot.model->OnConfirm(
        hub, offset, worth, confirmation,
        slot.exchange->OnConfirm(
            hub, {slot.exchange->offer().exchange, offset, sealed}));
  }

  static void Notify(Slot& slot, const HubId& hub, const Step& step) {
    const Notice notice = {slot.exchange->offer().exchange,
                           DealOffset(slot, hub, step),
                           static_cast<NoticeCode>(1 + step.value % 7)};
    slot.model->OnNotice(hub, notice.deal_offset,
                         slot.exchange->OnNotice(hub, notice));
  }

  void Pass(absl::Duration time) {
    now_.wall += time;
    now_.mono += time;
    for (const std::unique_ptr<End>& end : ends_) {
      end->links->Settle();  // or a request would be made again
      end->links->agent().OnTime(now_.mono);
      end->links->hub().OnTime(now_.mono);
    }
    for (const Slot& slot : slots_) {
      if (slot.exchange == nullptr) continue;
      const bool late =
          now_.mono >= slot.exchange->started() + policy_.exchange_timeout;
      Require(absl::IsDeadlineExceeded(slot.exchange->OnTime(now_)) == late &&
                  slot.exchange->OnTime(now_).ok() == !late,
              "an exchange ends when its time is over");
    }
  }

  SeededEntropy entropy_;
  const PeerPolicy policy_;
  Instant now_ = TestStart();
  std::vector<std::unique_ptr<End>> ends_;
  std::array<Slot, 2> slots_;
  std::set<ExchangeId> exchanges_;
};

}  // namespace
}  // namespace skex

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  skex::Steps steps(data, size);
  skex::InitiatorFuzz fuzz(steps.setting());
  for (skex::Step step; steps.Next(step);) fuzz.Do(step);
  return 0;
}
