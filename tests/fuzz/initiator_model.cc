#include "tests/fuzz/initiator_model.h"

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "skex/dske/shared_secret.h"
#include "skex/dske/sharing.h"
#include "skex/gf/gf128.h"
#include "skex/pad/pad_layout.h"
#include "skex/psk/key.h"
#include "tests/fuzz/steps.h"

namespace skex {

using absl::StatusCode;

InitiatorModel::InitiatorModel(const Offer& offer,
                               std::map<HubId, DealtShare> deals)
    : offer_(offer), deals_(std::move(deals)), secret_(SecretOf()) {}

Secret InitiatorModel::SecretOf() const {
  const size_t k = offer_.threshold;
  const size_t n = offer_.hubs.size();
  Require(deals_.size() == n, "the hubs of the offer get shares, no others");
  Secret value = Secret::OfSize(LayoutOf(offer_).total_size());
  std::vector<Gf128> xs;
  // The last k hubs: the first k are what was dealt from.
  std::vector<size_t> last;
  std::vector<absl::Span<const uint8_t>> shares;
  for (size_t i = 0; i < n; ++i) {
    const DealtShare& dealt = deals_.at(offer_.hubs[i]);
    Require(dealt.share.size() == value.size(), "shares have the right size");
    Require(i >= k || dealt.masked_is_zero,
            "the first k shares are the pad itself");
    xs.push_back(ShareX(offer_.hubs[i]));
    if (i + k < n) continue;
    last.push_back(i);
    shares.push_back(dealt.share.view());
  }
  const absl::StatusOr<Sharing> sharing = Sharing::Create(k, xs);
  Require(sharing.ok(), "the hubs of an offer make a scheme");
  for (size_t i = 0; i < n; ++i) {
    sharing->Reconstruct(last, shares, xs[i], value.mutable_view())
        .IgnoreError();  // cannot fail: they are k of one size
    Require(EqualInConstantTime(value.view(),
                                deals_.at(offer_.hubs[i]).share.view()),
            "all shares lie on polynomials of degree k - 1");
  }
  sharing->Reconstruct(last, shares, Gf128(), value.mutable_view())
      .IgnoreError();
  Require(KeyTagsVerify(offer_, value.view()), "the tags are the secret's");
  return value;
}

absl::Span<const uint8_t> InitiatorModel::confirmation_key() const {
  return ConfirmationKey(offer_, secret_.view());
}

uint64_t InitiatorModel::DealOffset(const HubId& hub) const {
  const auto deal = deals_.find(hub);
  return deal == deals_.end() ? 0 : deal->second.mac_offset;
}

bool InitiatorModel::Answers(const HubId& hub, uint64_t deal_offset) const {
  const auto deal = deals_.find(hub);
  return deal != deals_.end() && deal->second.mac_offset == deal_offset;
}

void InitiatorModel::OnConfirm(const HubId& hub, uint64_t deal_offset,
                               Worth worth, const Confirmation& confirmation,
                               const absl::StatusOr<ConfirmedKeys>& got) {
  Require(got.status().code() == ConfirmCode(hub, deal_offset, worth),
          "a true confirmation gives the keys, once, and nothing else does");
  if (got.ok()) CheckKeys(confirmation, *got);
}

StatusCode InitiatorModel::ConfirmCode(const HubId& hub, uint64_t deal_offset,
                                       Worth worth) {
  if (!Answers(hub, deal_offset)) return StatusCode::kFailedPrecondition;
  if (done_ || !tried_.insert(hub).second) return StatusCode::kAlreadyExists;
  switch (worth) {
    case Worth::kUnverifiable:
      return StatusCode::kDataLoss;
    case Worth::kOfSomethingElse:
      return StatusCode::kInvalidArgument;
    case Worth::kTrue:
      break;
  }
  done_ = true;
  return StatusCode::kOk;
}

void InitiatorModel::CheckKeys(const Confirmation& confirmation,
                               const ConfirmedKeys& confirmed) const {
  const std::vector<Key> dealt = ExtractKeys(
      offer_, secret_.view(), confirmation.responder_boot, confirmation.source);
  Require(confirmed.keys.size() == dealt.size(), "all keys are given");
  for (size_t i = 0; i < dealt.size(); ++i) {
    const Key& key = confirmed.keys[i];
    Require(key.id == dealt[i].id &&
                EqualInConstantTime(key.bytes.view(), dealt[i].bytes.view()),
            "the keys are those that were dealt");
    Require((key.terms->label == KeyLabel::kInformationTheoretic) ==
                (offer_.source == PadSource::kPhysical &&
                 confirmation.source == PadSource::kPhysical),
            "the label is what both agents' pads allow");
  }
  Require(confirmed.inconsistent == confirmation.inconsistent,
          "the responder's report is passed on");
}

void InitiatorModel::OnNotice(const HubId& hub, uint64_t deal_offset,
                              const absl::Status& got) {
  const bool answers = Answers(hub, deal_offset);
  if (answers) refused_.insert(hub);
  const bool hopeless = deals_.size() - refused_.size() < offer_.threshold;
  Require(got.code() == (answers && hopeless ? StatusCode::kUnavailable
                                             : StatusCode::kOk),
          "notices of more than n - k hubs end an exchange, no fewer do");
}

}  // namespace skex
