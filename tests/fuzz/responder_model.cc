#include "tests/fuzz/responder_model.h"

#include <algorithm>
#include <map>
#include <utility>

#include "skex/base/bytes.h"
#include "skex/dske/messages.h"
#include "skex/dske/shared_secret.h"
#include "skex/dske/sharing.h"
#include "skex/gf/gf128.h"
#include "skex/pad/pad_layout.h"
#include "skex/psk/key.h"
#include "tests/fuzz/steps.h"

namespace skex {
namespace {

using absl::StatusCode;

constexpr PadSource kOwnSource = PadSource::kGenerator;

bool Contains(const std::vector<HubId>& hubs, const HubId& hub) {
  return std::find(hubs.begin(), hubs.end(), hub) != hubs.end();
}

std::string Encoded(const Offer& offer) {
  ByteWriter writer;
  offer.Encode(writer);
  return std::move(writer).Take();
}

// A polynomial of degree k - 1 that is zero at 0 and at the first k - 2 hubs,
// added to each share.
std::vector<Secret> InConcert(const FakeDealing& dealing) {
  const std::vector<HubId>& hubs = dealing.offer.hubs;
  std::vector<Secret> shares;
  for (size_t i = 0; i < hubs.size(); ++i) {
    const Gf128 x = ShareX(hubs[i]);
    Gf128 offset = dealing.offer.threshold > 1 ? x : Gf128();
    for (size_t z = 0; z + 2 < dealing.offer.threshold; ++z) {
      offset *= x + ShareX(hubs[z]);
    }
    shares.push_back(dealing.shares[i].Clone());
    const absl::Span<uint8_t> all = shares.back().mutable_view();
    for (size_t at = 0; at < all.size(); at += Gf128::kSize) {
      const absl::Span<uint8_t> element = all.subspan(at, Gf128::kSize);
      (Gf128::FromBytes(element) + offset).CopyTo(element);
    }
  }
  return shares;
}

}  // namespace

DealtExchange::DealtExchange(const Offer& offer, uint64_t seed)
    : honest(offer, 2 * seed),
      honest_offer(Encoded(honest.offer)),
      forged(offer, 2 * seed + 1),
      forged_offer(Encoded(forged.offer)),
      concert(InConcert(honest)) {}

std::string SentShare::offer_bytes() const { return Encoded(offer); }

ResponderModel::ResponderModel(const Responder::Options& options,
                               std::vector<PeerPolicy> policies)
    : options_(options), policies_(std::move(policies)) {}

void ResponderModel::OnShare(SentShare sent,
                             const absl::StatusOr<RelayOutcome>& got,
                             const Instant& now) {
  const StatusCode refusal = Refusal(sent, now);
  if (refusal != StatusCode::kOk) {
    Require(got.status().code() == refusal, "a bad share is refused");
    return;
  }
  Exchange& exchange = FindOrBegin(sent, now);
  for (const SentShare& before : exchange.seen) {
    if (before.from != sent.from) continue;
    Require(got.status().code() == StatusCode::kAlreadyExists,
            "a hub's second share is refused");
    return;
  }
  exchange.seen.push_back(std::move(sent));
  if (exchange.accepted.empty()) {
    CheckCollecting(exchange, got);
  } else {
    Require(got.ok(), "a share after the keys is taken");
    CheckStraggler(exchange, *got);
  }
  if (got.ok()) CheckFewerLiarsThanThreshold(exchange, *got);
}

StatusCode ResponderModel::Refusal(const SentShare& sent,
                                   const Instant& now) const {
  if (!sent.whole) return StatusCode::kInvalidArgument;
  const Offer& offer = sent.offer;
  const auto policy = std::find_if(
      policies_.begin(), policies_.end(),
      [&offer](const PeerPolicy& p) { return p.peer == offer.initiator; });
  if (policy == policies_.end()) return StatusCode::kNotFound;
  const bool all_ours = std::all_of(
      offer.hubs.begin(), offer.hubs.end(),
      [&policy](const HubId& hub) { return Contains(policy->hubs, hub); });
  const bool admitted =
      offer.responder == options_.self &&
      offer.threshold == policy->threshold &&
      offer.hubs.size() >= policy->min_hubs && all_ours &&
      absl::Seconds(offer.lifetime_seconds) <= policy->key_lifetime &&
      offer.expiry >= now.wall - absl::Seconds(30) &&
      offer.expiry <= now.wall + absl::Seconds(90);
  return admitted && Contains(offer.hubs, sent.from) && sent.pad_fits
             ? StatusCode::kOk
             : StatusCode::kInvalidArgument;
}

ResponderModel::Exchange& ResponderModel::FindOrBegin(const SentShare& sent,
                                                      const Instant& now) {
  const std::pair id(sent.offer.initiator, sent.offer.exchange);
  for (Exchange& exchange : exchanges_) {
    if (exchange.id == id) return exchange;
  }
  MakeRoom(sent.offer.initiator);
  exchanges_.push_back({.id = id,
                        .forget_at = now.mono + kMostExpiry + 2 * kClockSkew +
                                     absl::Seconds(1)});
  return exchanges_.back();
}

// Of the hub that began most exchanges, the first by name, the oldest goes.
void ResponderModel::MakeRoom(const AgentId& initiator) {
  if (CollectingOf(initiator) < options_.most_collecting) return;
  std::map<HubId, std::list<std::list<Exchange>::iterator>> begun;
  for (auto it = exchanges_.begin(); it != exchanges_.end(); ++it) {
    if (it->id.first != initiator || !it->accepted.empty()) continue;
    begun[it->seen.front().from].push_back(it);
  }
  const auto most = std::max_element(begun.begin(), begun.end(),
                                     [](const auto& a, const auto& b) {
                                       return a.second.size() < b.second.size();
                                     });
  exchanges_.erase(most->second.front());
}

void ResponderModel::OnTime(const Instant& now) {
  exchanges_.remove_if([&now](const Exchange& exchange) {
    return exchange.forget_at <= now.mono;
  });
}

size_t ResponderModel::CollectingOf(const AgentId& initiator) const {
  return static_cast<size_t>(std::count_if(
      exchanges_.begin(), exchanges_.end(), [&](const Exchange& exchange) {
        return exchange.id.first == initiator && exchange.accepted.empty();
      }));
}

size_t ResponderModel::collecting() const {
  size_t count = 0;
  for (const PeerPolicy& policy : policies_) {
    const size_t of_peer = CollectingOf(policy.peer);
    Require(of_peer <= options_.most_collecting,
            "exchanges under way are bounded");
    count += of_peer;
  }
  return count;
}

std::vector<ResponderModel::Polynomial> ResponderModel::PolynomialsOf(
    const DealtExchange* dealt) {
  if (dealt == nullptr) return {};
  return {{&dealt->honest, &dealt->honest_offer, &dealt->honest.shares},
          {&dealt->honest, &dealt->honest_offer, &dealt->concert},
          {&dealt->forged, &dealt->forged_offer, &dealt->forged.shares}};
}

bool ResponderModel::LiesOn(const Polynomial& polynomial,
                            const SentShare& share) {
  if (share.offer_bytes() != *polynomial.offer) return false;
  const std::vector<HubId>& hubs = polynomial.dealing->offer.hubs;
  const auto at = std::find(hubs.begin(), hubs.end(), share.from);
  return at != hubs.end() &&
         EqualInConstantTime(
             share.share.view(),
             (*polynomial.shares)[static_cast<size_t>(at - hubs.begin())]
                 .view());
}

std::vector<HubId> ResponderModel::Misfits(const Exchange& exchange,
                                           const Polynomial& polynomial) {
  std::vector<HubId> misfits;
  for (const HubId& hub : polynomial.dealing->offer.hubs) {
    for (const SentShare& share : exchange.seen) {
      if (share.from == hub && !LiesOn(polynomial, share)) {
        misfits.push_back(hub);
      }
    }
  }
  return misfits;
}

void ResponderModel::CheckCollecting(Exchange& exchange,
                                     const absl::StatusOr<RelayOutcome>& got) {
  const SentShare& newest = exchange.seen.back();
  std::vector<Polynomial> passing;
  for (const Polynomial& polynomial : PolynomialsOf(newest.dealt)) {
    const auto fit = std::count_if(exchange.seen.begin(), exchange.seen.end(),
                                   [&polynomial](const SentShare& share) {
                                     return LiesOn(polynomial, share);
                                   });
    if (fit >= newest.offer.threshold) passing.push_back(polynomial);
  }
  if (!passing.empty()) {
    Require(got.ok(), "k shares that fit give the keys");
    CheckSettled(exchange, passing, *got);
    return;
  }
  const bool all_seen = std::all_of(
      newest.offer.hubs.begin(), newest.offer.hubs.end(),
      [&exchange](const HubId& hub) {
        return std::any_of(
            exchange.seen.begin(), exchange.seen.end(),
            [&hub](const SentShare& share) { return share.from == hub; });
      });
  Require(got.status().code() ==
              (all_seen ? StatusCode::kFailedPrecondition : StatusCode::kOk),
          "it is said when no k shares fit, and only then");
  if (!got.ok()) return;
  Require(got->keys.empty() && !got->receipt.has_value() &&
              !got->receipt_for_all && got->inconsistent.empty(),
          "fewer than k shares that fit lead to nothing");
}

void ResponderModel::CheckSettled(Exchange& exchange,
                                  const std::vector<Polynomial>& passing,
                                  const RelayOutcome& outcome) {
  // Polynomials that pass at once have their offer in common.
  const FakeDealing& dealing = *passing[0].dealing;
  Require(settled_.insert(exchange.id).second,
          "an exchange gives keys at most once");
  CheckKeys(dealing, outcome);
  for (const Polynomial& polynomial : passing) {
    if (Misfits(exchange, polynomial) == outcome.inconsistent) {
      exchange.accepted.push_back(polynomial);
    }
  }
  Require(!exchange.accepted.empty(),
          "the hubs whose share does not fit are reported, and no others");
  Require(outcome.receipt.has_value() && outcome.receipt_for_all &&
              outcome.hubs == dealing.offer.hubs,
          "all hubs of the exchange get a receipt");
  Require(outcome.receipt->initiator == exchange.id.first &&
              outcome.receipt->exchange == exchange.id.second,
          "the receipt names the exchange");
  const absl::StatusOr<Confirmation> confirmation =
      Confirmation::Open(ConfirmationKey(dealing.offer, dealing.secret.view()),
                         outcome.receipt->confirmation);
  Require(confirmation.ok(), "the initiator can verify the confirmation");
  Require(confirmation->exchange == exchange.id.second &&
              confirmation->initiator == exchange.id.first &&
              confirmation->responder == options_.self &&
              confirmation->responder_boot == options_.boot &&
              confirmation->source == kOwnSource &&
              confirmation->key_count == dealing.offer.key_count() &&
              confirmation->inconsistent == outcome.inconsistent,
          "the confirmation says what was agreed");
  exchange.receipt = outcome.receipt->Encode();
}

void ResponderModel::CheckKeys(const FakeDealing& dealing,
                               const RelayOutcome& outcome) const {
  const std::vector<Key> dealt = ExtractKeys(
      dealing.offer, dealing.secret.view(), options_.boot, kOwnSource);
  Require(outcome.keys.size() == dealt.size(), "all keys are given");
  for (size_t i = 0; i < dealt.size(); ++i) {
    Require(outcome.keys[i].id == dealt[i].id &&
                EqualInConstantTime(outcome.keys[i].bytes.view(),
                                    dealt[i].bytes.view()),
            "the keys are those that were dealt");
  }
}

void ResponderModel::CheckStraggler(Exchange& exchange,
                                    const RelayOutcome& outcome) {
  const SentShare& newest = exchange.seen.back();
  Require(outcome.keys.empty(), "an exchange gives keys at most once");
  Require(outcome.receipt.has_value() && !outcome.receipt_for_all &&
              outcome.receipt->Encode() == exchange.receipt,
          "receipts of an exchange are the same, byte for byte");
  const bool reported = outcome.inconsistent == std::vector{newest.from};
  Require(reported || outcome.inconsistent.empty(),
          "a late share accuses its own hub alone");
  std::erase_if(exchange.accepted, [&](const Polynomial& polynomial) {
    return LiesOn(polynomial, newest) == reported;
  });
  Require(!exchange.accepted.empty(),
          "a late share is reported if it does not fit, and only then");
}

void ResponderModel::CheckFewerLiarsThanThreshold(
    const Exchange& exchange, const RelayOutcome& outcome) const {
  const DealtExchange* dealt = exchange.seen.front().dealt;
  if (dealt == nullptr) return;
  const std::vector<Polynomial> polynomials = PolynomialsOf(dealt);
  size_t liars = 0;
  bool in_concert = false;
  std::vector<HubId> honest;
  for (const SentShare& share : exchange.seen) {
    if (LiesOn(polynomials[0], share)) {
      honest.push_back(share.from);
    } else {
      ++liars;
      in_concert = in_concert || LiesOn(polynomials[1], share);
    }
  }
  if (liars >= dealt->honest.offer.threshold) return;
  if (!outcome.keys.empty()) CheckKeys(dealt->honest, outcome);
  // Liars in concert can have honest hubs reported, see DealtExchange.
  if (in_concert) return;
  for (const HubId& hub : outcome.inconsistent) {
    Require(!Contains(honest, hub), "no honest hub is reported");
  }
}

}  // namespace skex
