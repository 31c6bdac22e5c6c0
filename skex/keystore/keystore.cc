#include "skex/keystore/keystore.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"

namespace skex {
namespace {

constexpr size_t kMostDeadBoots = 16;

absl::Status NoSuchPeer(const AgentId& peer) {
  return absl::NotFoundError(
      absl::StrCat(peer.text(), " is not a configured peer"));
}

}  // namespace

absl::string_view KeyStateName(KeyState state) {
  switch (state) {
    case KeyState::kReady:
      return "ready";
    case KeyState::kActive:
      return "active";
    case KeyState::kTentative:
      return "tentative";
    case KeyState::kConfirmed:
      return "confirmed";
    case KeyState::kRetired:
      return "retired";
  }
  return "unknown";
}

void Keystore::AddPeer(const KeystorePolicy& policy) {
  peers_.try_emplace(policy.peer, Peer{.policy = policy});
}

void Keystore::UpdatePeer(const KeystorePolicy& policy) {
  const auto found = peers_.find(policy.peer);
  if (found != peers_.end()) found->second.policy = policy;
}

void Keystore::RemovePeer(const AgentId& peer) {
  for (auto it = accept_.begin(); it != accept_.end();) {
    it = it->second.key.terms->initiator == peer ? Drop(it) : std::next(it);
  }
  peers_.erase(peer);
}

absl::Status Keystore::Put(Key key, bool dial, absl::Duration now) {
  const auto found =
      peers_.find(dial ? key.terms->responder : key.terms->initiator);
  if (found == peers_.end()) {
    return NoSuchPeer(dial ? key.terms->responder : key.terms->initiator);
  }
  Peer& peer = found->second;
  if (accept_.contains(key.id) || peer.dial.contains(key.id)) {
    return absl::AlreadyExistsError(
        absl::StrCat("there is a key ", key.id.Hex(), " already"));
  }
  absl::Status status = LearnBoot(
      peer, dial ? key.terms->responder_boot : key.terms->initiator_boot, now);
  if (!status.ok()) return status;
  if (dial) {
    PutDial(peer, std::move(key), now);
  } else {
    PutAccept(peer, std::move(key), now);
  }
  return absl::OkStatus();
}

absl::Status Keystore::LearnBoot(Peer& peer, const BootId& boot,
                                 absl::Duration now) {
  if (peer.boot == boot) return absl::OkStatus();
  std::erase_if(peer.dead_boots, [now](const DeadBoot& dead) {
    return now - dead.since >= kDeadBootMemory;
  });
  if (std::any_of(
          peer.dead_boots.begin(), peer.dead_boots.end(),
          [&boot](const DeadBoot& dead) { return dead.boot == boot; })) {
    return absl::FailedPreconditionError(absl::StrCat("an earlier start of ",
                                                      peer.policy.peer.text(),
                                                      " agreed to this key"));
  }
  if (peer.boot.has_value()) {
    peer.dead_boots.push_back({*peer.boot, now});
    if (peer.dead_boots.size() > kMostDeadBoots) peer.dead_boots.pop_front();
  }
  peer.boot = boot;
  DropOtherBoots(peer);
  return absl::OkStatus();
}

void Keystore::DropOtherBoots(Peer& peer) {
  const auto dead = [&peer](const DialKey& key) {
    return key.key.terms->responder_boot != peer.boot;
  };
  peer.dial.DropIf(dead);
  for (auto it = accept_.begin(); it != accept_.end();) {
    const KeyTerms& terms = *it->second.key.terms;
    const bool gone = terms.initiator == peer.policy.peer &&
                      terms.initiator_boot != peer.boot;
    it = gone ? Drop(it) : std::next(it);
  }
}

Keystore::AcceptKeys::iterator Keystore::Drop(AcceptKeys::iterator key) {
  peers_.at(key->second.key.terms->initiator)
      .accept_order.erase(key->second.sequence);
  return accept_.erase(key);
}

void Keystore::PutDial(Peer& peer, Key key, absl::Duration now) {
  const absl::Duration expires = now + key.terms->lifetime;
  DialKey dial = {.key = std::move(key), .put = now, .expires = expires};
  if (!peer.refused.has_value()) {
    peer.dial.PushBack(std::move(dial));
    return;
  }
  // The fresh key that a refusal asked for goes first.
  if (peer.dial.active().has_value() &&
      peer.dial.active()->key.id == *peer.refused) {
    peer.dial.DropActive();
  }
  peer.refused.reset();
  peer.dial.PushFront(std::move(dial));
}

void Keystore::PutAccept(Peer& peer, Key key, absl::Duration now) {
  if (peer.accept_order.size() >= kMostAcceptKeys + peer.policy.pool_high) {
    Drop(accept_.find(peer.accept_order.begin()->second));
  }
  const KeyId id = key.id;
  const absl::Duration expires =
      now + key.terms->lifetime + peer.policy.overlap;
  accept_.emplace(id, AcceptKey{.key = std::move(key),
                                .put = now,
                                .expires = expires,
                                .sequence = next_sequence_});
  peer.accept_order.emplace(next_sequence_++, id);
}

bool Keystore::ActivateNext(Peer& peer, absl::Duration now) {
  std::optional<DialKey> next = peer.dial.Pop(now);
  if (!next.has_value()) return false;
  // Between 0.9 and 1.1 of the interval.
  std::array<uint8_t, 2> random;
  entropy_->Fill(absl::MakeSpan(random));
  const double jitter = (random[0] * 256 + random[1]) / 65536.0;
  next->rekey = now + peer.policy.rekey_interval * (0.9 + 0.2 * jitter);
  peer.dial.Activate(*std::move(next));
  return true;
}

bool Keystore::HoldsBack(const Peer& peer, absl::Duration now) const {
  return peer.refused.has_value() && now - peer.refused_at < kFreshWait;
}

absl::StatusOr<Psk> Keystore::Take(const AgentId& peer_id, absl::Duration now) {
  const auto found = peers_.find(peer_id);
  if (found == peers_.end()) return NoSuchPeer(peer_id);
  Peer& peer = found->second;
  if (peer.policy.delivery) {
    return absl::UnavailableError(absl::StrCat(
        "the keys with ", peer_id.text(), " are for delivery, not for TLS"));
  }
  if (HoldsBack(peer, now)) {
    return absl::UnavailableError(absl::StrCat(
        peer_id.text(), " refused its last key; a fresh one is on its way"));
  }
  const std::optional<DialKey>& active = peer.dial.active();
  if (active.has_value() &&
      (active->expires <= now ||
       active->next_index >= active->key.terms->use_limit)) {
    peer.dial.DropActive();
  }
  if (!active.has_value()) {
    ActivateNext(peer, now);
  } else if (active->rekey <= now) {
    ActivateNext(peer, now);  // or goes on with the one it has
  }
  if (!active.has_value()) {
    return absl::UnavailableError(
        absl::StrCat("no key for ", peer_id.text(), " is left"));
  }
  return DerivePsk(active->key, peer.dial.NextIndex(), peer.policy.form);
}

void Keystore::ReportRefused(const AgentId& peer_id, absl::string_view identity,
                             absl::Duration now) {
  const auto found = peers_.find(peer_id);
  absl::StatusOr<PskName> name = ParsePskIdentity(identity);
  if (found == peers_.end() || !name.ok()) return;
  Peer& peer = found->second;
  if (now - peer.refused_at < kFreshInterval) return;
  peer.refused = name->key;
  peer.refused_at = now;
}

absl::StatusOr<KeyId> Keystore::Rotate(const AgentId& peer_id,
                                       absl::Duration now) {
  const auto found = peers_.find(peer_id);
  if (found == peers_.end()) return NoSuchPeer(peer_id);
  if (found->second.policy.delivery) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the keys with ", peer_id.text(), " are for delivery, not for TLS"));
  }
  if (!ActivateNext(found->second, now)) {
    return absl::UnavailableError(
        absl::StrCat("no other key for ", peer_id.text(), " is ready"));
  }
  return found->second.dial.active()->key.id;
}

size_t Keystore::Deficit(const AgentId& peer_id, absl::Duration now) {
  const auto found = peers_.find(peer_id);
  if (found == peers_.end()) return 0;
  Peer& peer = found->second;
  peer.dial.DropIf([now](const DialKey& key) { return key.expires <= now; });
  const size_t ready = peer.dial.ready().size();
  size_t deficit =
      ready < peer.policy.pool_low ? peer.policy.pool_high - ready : 0;
  if (peer.refused.has_value()) deficit = std::max<size_t>(deficit, 1);
  return deficit;
}

Keystore::AcceptKey* Keystore::Lookup(absl::string_view identity,
                                      absl::Duration now, uint32_t& index) {
  absl::StatusOr<PskName> name = ParsePskIdentity(identity);
  if (!name.ok()) return nullptr;
  const auto found = accept_.find(name->key);
  if (found == accept_.end() || found->second.expires <= now ||
      found->second.key.terms->freshness == Freshness::kDelivery ||
      name->index >= found->second.key.terms->use_limit) {
    return nullptr;
  }
  index = name->index;
  return &found->second;
}

absl::StatusOr<Keystore::Found> Keystore::Find(absl::string_view identity,
                                               absl::Duration now) {
  uint32_t index = 0;
  const AcceptKey* key = Lookup(identity, now, index);
  if (key == nullptr || (index < key->used.size() && key->used[index])) {
    return absl::NotFoundError("no acceptable key for this identity");
  }
  const Peer& peer = peers_.at(key->key.terms->initiator);
  return Found{DerivePsk(key->key, index, peer.policy.form),
               key->key.terms->initiator};
}

absl::Status Keystore::Accept(absl::string_view identity, absl::Duration now) {
  uint32_t index = 0;
  AcceptKey* key = Lookup(identity, now, index);
  if (key == nullptr) {
    return absl::NotFoundError("no acceptable key for this identity");
  }
  if (index >= key->used.size()) {
    // In steps, so that high indices of a lossy peer stay cheap.
    key->used.resize(std::min<size_t>(key->key.terms->use_limit,
                                      (index / 4096 + 1) * size_t{4096}));
  }
  if (key->used[index]) {
    return absl::AlreadyExistsError("identity was used before");
  }
  key->used[index] = true;
  ++key->uses;
  if (key->state == KeyState::kTentative) {
    key->state = KeyState::kConfirmed;
    RetireOlder(*key, now);
  }
  if (key->uses == key->key.terms->use_limit) {
    Drop(accept_.find(key->key.id));
  }
  return absl::OkStatus();
}

void Keystore::RetireOlder(const AcceptKey& used, absl::Duration now) {
  const absl::Duration end =
      now + peers_.at(used.key.terms->initiator).policy.overlap;
  for (auto& [id, key] : accept_) {
    if (key.key.terms->initiator == used.key.terms->initiator &&
        key.sequence < used.sequence && key.state == KeyState::kConfirmed) {
      key.state = KeyState::kRetired;
      key.expires = std::min(key.expires, end);
    }
  }
}

void Keystore::Lapse(const KeyId& id) {
  const auto found = accept_.find(id);
  if (found == accept_.end()) return;
  if (found->second.state == KeyState::kTentative) Drop(found);
}

void Keystore::ReplaceUnmediated(const AgentId& peer_id, absl::Duration now) {
  const auto found = peers_.find(peer_id);
  if (found == peers_.end()) return;
  DialKeyPool& dial = found->second.dial;
  const auto alone = [](const DialKey& key) {
    return key.key.terms->source == KeySource::kUnmediated;
  };
  dial.DropReadyIf(alone);
  if (dial.active().has_value() && alone(*dial.active())) {
    dial.RekeyActive(now);
  }
}

void Keystore::Expire(absl::Duration now) {
  for (auto it = accept_.begin(); it != accept_.end();) {
    it = it->second.expires <= now ? Drop(it) : std::next(it);
  }
  for (auto& [id, peer] : peers_) {
    peer.dial.DropIf([now](const DialKey& key) { return key.expires <= now; });
  }
}

absl::StatusOr<Keystore::Peer*> Keystore::DeliveryPeer(const AgentId& peer) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return NoSuchPeer(peer);
  if (!found->second.policy.delivery) {
    return absl::FailedPreconditionError(
        absl::StrCat("the keys with ", peer.text(),
                     " are for TLS; only those of a peer with freshness = "
                     "\"delivery\" are handed out"));
  }
  return &found->second;
}

absl::StatusOr<std::vector<Key>> Keystore::Deliver(const AgentId& peer,
                                                   size_t most,
                                                   absl::Duration now) {
  absl::StatusOr<Peer*> found = DeliveryPeer(peer);
  if (!found.ok()) return found.status();
  std::vector<Key> keys;
  while (keys.size() < most) {
    std::optional<DialKey> next = (*found)->dial.Pop(now);
    if (!next.has_value()) break;
    keys.push_back(std::move(next->key));
  }
  return keys;
}

absl::StatusOr<Key> Keystore::DeliverById(const AgentId& peer, const KeyId& id,
                                          absl::Duration now) {
  absl::Status status = DeliveryPeer(peer).status();
  if (!status.ok()) return status;
  const auto found = accept_.find(id);
  if (found == accept_.end() || found->second.expires <= now ||
      found->second.key.terms->initiator != peer) {
    return absl::NotFoundError(
        absl::StrCat("no key ", id.Hex(), " of ", peer.text(),
                     " is here: it is not known, has expired, or was taken"));
  }
  // The terms stay until the key is dropped, which asks them for the peer.
  Key& held = found->second.key;
  Key key = {held.id, std::move(held.bytes), held.terms};
  Drop(found);
  return key;
}

size_t Keystore::DialKeys(const AgentId& peer) const {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return 0;
  const DialKeyPool& keys = found->second.dial;
  return keys.ready().size() + keys.active().has_value();
}

std::vector<KeyListing> Keystore::List(absl::Duration now) const {
  std::vector<KeyListing> list;
  const auto add = [&list, now](const Key& key, const AgentId& peer, bool dial,
                                KeyState state, absl::Duration put,
                                absl::Duration expires, uint32_t uses) {
    list.push_back({key.id, peer, dial, state, key.terms->source,
                    key.terms->label, key.terms->hubs, key.terms->threshold,
                    now - put, expires - now, uses, key.terms->use_limit});
  };
  for (const auto& [id, peer] : peers_) {
    if (peer.dial.active().has_value()) {
      const DialKey& key = *peer.dial.active();
      add(key.key, id, true, KeyState::kActive, key.put, key.expires,
          key.next_index);
    }
    for (const DialKey& key : peer.dial.ready()) {
      add(key.key, id, true, KeyState::kReady, key.put, key.expires, 0);
    }
  }
  for (const auto& [id, key] : accept_) {
    add(key.key, key.key.terms->initiator, false, key.state, key.put,
        key.expires, key.uses);
  }
  return list;
}

}  // namespace skex
