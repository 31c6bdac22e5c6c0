#include "skex/dske/responder.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"
#include "skex/dske/shared_secret.h"
#include "skex/pad/mask.h"

namespace skex {
namespace {

bool Contains(const std::vector<HubId>& hubs, const HubId& hub) {
  return std::find(hubs.begin(), hubs.end(), hub) != hubs.end();
}

Secret Unmask(absl::Span<const uint8_t> masked, const Secret& otp) {
  Secret share = Secret::CopyOf(masked);
  Mask(share.mutable_view(), otp.view());
  return share;
}

size_t IndexOf(const Offer& offer, const HubId& hub) {
  return static_cast<size_t>(
      std::find(offer.hubs.begin(), offer.hubs.end(), hub) -
      offer.hubs.begin());
}

// Steps to the next way to choose subset.size() of `count`, in lexical order.
bool NextSubset(std::vector<size_t>& subset, size_t count) {
  const size_t k = subset.size();
  for (size_t i = k; i-- > 0;) {
    if (subset[i] == count - k + i) continue;
    ++subset[i];
    for (size_t j = i + 1; j < k; ++j) subset[j] = subset[j - 1] + 1;
    return true;
  }
  return false;
}

OneTimeTag HashShare(const Secret& key, absl::string_view offer_bytes,
                     absl::Span<const uint8_t> share) {
  return ComputeOneTimeMac(key.view(), {AsBytes(offer_bytes), share});
}

}  // namespace

void Responder::AddPeer(const PeerPolicy& policy) {
  peers_.insert_or_assign(policy.peer, policy);
}

void Responder::RemovePeer(const AgentId& peer) {
  peers_.erase(peer);
  // Exchanges lie side by side by their initiator. What oldest_first_ says of
  // them ends by its time.
  for (auto it = exchanges_.lower_bound({peer, ExchangeId()});
       it != exchanges_.end() && it->first.first == peer;) {
    Forget(it++);
  }
  collecting_.erase(peer);
}

absl::StatusOr<RelayOutcome> Responder::OnShare(const HubId& hub,
                                                absl::Span<const uint8_t> body,
                                                const Secret& otp,
                                                PadSource own_source,
                                                const Instant& now) {
  absl::StatusOr<ShareMessage> message = ShareMessage::Parse(body);
  if (!message.ok()) return message.status();
  const Offer& offer = message->offer;
  const auto peer = peers_.find(offer.initiator);
  if (peer == peers_.end()) {
    return absl::NotFoundError(absl::StrCat("offer of ", offer.initiator.text(),
                                            ", which is not a peer here"));
  }
  absl::Status status =
      offer.CheckAgainst(peer->second, options_.self, now.wall);
  if (!status.ok()) return status;
  if (!Contains(offer.hubs, hub)) {
    return absl::InvalidArgumentError(
        absl::StrCat("offer does not name ", hub.text(), ", which sent it"));
  }
  if (message->masked.size() != otp.size()) {
    return absl::InvalidArgumentError("share and its pad differ in size");
  }
  const ExchangeKey key = {offer.initiator, offer.exchange};
  auto found = exchanges_.find(key);
  if (found == exchanges_.end()) {
    MakeRoom(offer.initiator);
    found = exchanges_.try_emplace(key).first;
    ++collecting_[offer.initiator];
    // Longer than any offer is accepted, its last second included.
    found->second.forget_at =
        now.mono + kMostExpiry + 2 * kClockSkew + absl::Seconds(1);
    oldest_first_.push_back(key);
  }
  Exchange& exchange = found->second;
  if (Contains(exchange.seen, hub)) {
    return absl::AlreadyExistsError(
        absl::StrCat(hub.text(), " sent a second share for one exchange"));
  }
  exchange.seen.push_back(hub);
  if (exchange.receipt.has_value()) {
    return OnStraggler(exchange, hub, message->offer_bytes,
                       Unmask(message->masked, otp));
  }
  return Collect(exchange, hub, *std::move(message), otp, own_source);
}

absl::StatusOr<RelayOutcome> Responder::Collect(Exchange& exchange,
                                                const HubId& hub,
                                                ShareMessage message,
                                                const Secret& otp,
                                                PadSource own_source) {
  Secret share = Unmask(message.masked, otp);
  const auto found = exchange.groups
                         .try_emplace(std::move(message.offer_bytes),
                                      Group{std::move(message.offer), {}})
                         .first;
  Group& group = found->second;
  group.shares.push_back({hub, std::move(share)});
  absl::StatusOr<RelayOutcome> outcome =
      TrySubsets(exchange, found->first, group, own_source);
  if (!outcome.ok() || outcome->receipt.has_value()) return outcome;
  const Offer& offer = group.offer;
  const bool all_seen = std::all_of(
      offer.hubs.begin(), offer.hubs.end(),
      [&exchange](const HubId& id) { return Contains(exchange.seen, id); });
  if (all_seen) {
    return absl::FailedPreconditionError(absl::StrCat(
        "exchange of ", offer.initiator.text(), ": no ", offer.threshold,
        " of ", offer.hubs.size(), " shares pass their tags"));
  }
  return outcome;
}

absl::StatusOr<RelayOutcome> Responder::TrySubsets(
    Exchange& exchange, absl::string_view offer_bytes, const Group& group,
    PadSource own_source) {
  const Offer& offer = group.offer;
  const size_t k = offer.threshold;
  if (group.shares.size() < k) return RelayOutcome();
  absl::StatusOr<std::shared_ptr<const Sharing>> made =
      sharings_.Get(offer.threshold, offer.hubs);
  if (!made.ok()) return made.status();
  const Sharing& sharing = **made;
  // Every subset without the new share was tried before: choose k - 1 others.
  const size_t newest = group.shares.size() - 1;
  std::vector<size_t> others(k - 1);
  for (size_t i = 0; i < others.size(); ++i) others[i] = i;
  Secret secret = Secret::OfSize(LayoutOf(offer).total_size());
  do {
    std::vector<size_t> subset = others;
    subset.push_back(newest);
    std::vector<size_t> hubs;
    std::vector<absl::Span<const uint8_t>> shares;
    for (size_t i : subset) {
      hubs.push_back(IndexOf(offer, group.shares[i].hub));
      shares.push_back(group.shares[i].bytes.view());
    }
    absl::Status status =
        sharing.Reconstruct(hubs, shares, Gf128(), secret.mutable_view());
    if (!status.ok()) return status;
    if (KeyTagsVerify(offer, secret.view())) {
      return Settle(exchange, offer_bytes, group, subset, secret, sharing,
                    own_source);
    }
  } while (NextSubset(others, newest));
  return RelayOutcome();
}

RelayOutcome Responder::Settle(Exchange& exchange,
                               absl::string_view offer_bytes,
                               const Group& group,
                               const std::vector<size_t>& subset,
                               const Secret& secret, const Sharing& sharing,
                               PadSource own_source) {
  const Offer& offer = group.offer;
  std::vector<size_t> hubs;
  std::vector<absl::Span<const uint8_t>> shares;
  for (size_t i : subset) {
    hubs.push_back(IndexOf(offer, group.shares[i].hub));
    shares.push_back(group.shares[i].bytes.view());
  }
  RelayOutcome outcome;
  Secret should = Secret::OfSize(secret.size());
  for (size_t i = 0; i < offer.hubs.size(); ++i) {
    if (std::find(hubs.begin(), hubs.end(), i) != hubs.end()) continue;
    const HubId& hub = offer.hubs[i];
    // Cannot fail: hubs and shares are those that gave the secret.
    if (!sharing
             .Reconstruct(hubs, shares, sharing.xs()[i], should.mutable_view())
             .ok()) {
      continue;
    }
    if (!Contains(exchange.seen, hub)) {
      Expected expected = {Secret::OfSize(kOneTimeMacKeySize), {}};
      options_.entropy->Fill(expected.key.mutable_view());
      expected.hash = HashShare(expected.key, offer_bytes, should.view());
      exchange.expected.emplace(hub, std::move(expected));
      continue;
    }
    const auto share = std::find_if(
        group.shares.begin(), group.shares.end(),
        [&hub](const Share& candidate) { return candidate.hub == hub; });
    if (share == group.shares.end() ||
        !EqualInConstantTime(share->bytes.view(), should.view())) {
      outcome.inconsistent.push_back(hub);
    }
  }
  const Confirmation confirmation = {.exchange = offer.exchange,
                                     .initiator = offer.initiator,
                                     .responder = options_.self,
                                     .responder_boot = options_.boot,
                                     .source = own_source,
                                     .key_count = offer.key_count(),
                                     .inconsistent = outcome.inconsistent};
  outcome.keys = ExtractKeys(offer, secret.view(), options_.boot, own_source);
  exchange.receipt =
      Receipt{offer.initiator, offer.exchange,
              confirmation.Seal(ConfirmationKey(offer, secret.view()))};
  exchange.hubs = offer.hubs;
  --collecting_[offer.initiator];
  outcome.receipt = exchange.receipt;
  outcome.receipt_for_all = true;
  outcome.hubs = exchange.hubs;
  exchange.groups.clear();  // `group`, its bytes and `offer` end here
  return outcome;
}

RelayOutcome Responder::OnStraggler(Exchange& exchange, const HubId& hub,
                                    absl::string_view offer_bytes,
                                    const Secret& share) {
  RelayOutcome outcome;
  outcome.hubs = exchange.hubs;
  outcome.receipt = exchange.receipt;
  const auto expected = exchange.expected.find(hub);
  if (expected == exchange.expected.end() ||
      !EqualInConstantTime(
          HashShare(expected->second.key, offer_bytes, share.view()),
          expected->second.hash)) {
    outcome.inconsistent.push_back(hub);
  }
  if (expected != exchange.expected.end()) exchange.expected.erase(expected);
  return outcome;
}

void Responder::MakeRoom(const AgentId& initiator) {
  if (collecting_[initiator] < options_.most_collecting) return;
  const auto collecting = [&](const ExchangeKey& key) {
    const auto found = exchanges_.find(key);
    return key.first == initiator && found != exchanges_.end() &&
                   !found->second.receipt.has_value()
               ? found
               : exchanges_.end();
  };
  std::map<HubId, size_t> begun;
  for (const ExchangeKey& key : oldest_first_) {
    const auto found = collecting(key);
    if (found != exchanges_.end()) ++begun[found->second.seen.front()];
  }
  const auto most = std::max_element(
      begun.begin(), begun.end(),
      [](const auto& a, const auto& b) { return a.second < b.second; });
  for (auto it = oldest_first_.begin(); it != oldest_first_.end(); ++it) {
    const auto found = collecting(*it);
    if (found != exchanges_.end() &&
        found->second.seen.front() == most->first) {
      Forget(found);
      oldest_first_.erase(it);
      return;
    }
  }
}

void Responder::OnTime(const Instant& now) {
  while (!oldest_first_.empty()) {
    const auto found = exchanges_.find(oldest_first_.front());
    if (found != exchanges_.end() && found->second.forget_at > now.mono) break;
    if (found != exchanges_.end()) Forget(found);
    oldest_first_.pop_front();
  }
}

void Responder::Forget(std::map<ExchangeKey, Exchange>::iterator exchange) {
  if (!exchange->second.receipt.has_value()) {
    --collecting_[exchange->first.first];
  }
  exchanges_.erase(exchange);
}

size_t Responder::collecting() const {
  size_t count = 0;
  for (const auto& [initiator, exchanges] : collecting_) count += exchanges;
  return count;
}

}  // namespace skex
