#include "skex/keystore/keystore.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"

namespace skex {
namespace {

// Keys to accept with that are kept for one peer; beyond it the oldest goes.
constexpr size_t kMostAcceptKeys = 4096;
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

absl::Status Keystore::Put(Key key, bool dial, absl::Duration now) {
  const auto found =
      peers_.find(dial ? key.terms->responder : key.terms->initiator);
  if (found == peers_.end()) {
    return NoSuchPeer(dial ? key.terms->responder : key.terms->initiator);
  }
  Peer& peer = found->second;
  if (accept_.contains(key.id) || HasDialKey(peer, key.id)) {
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

bool Keystore::HasDialKey(const Peer& peer, const KeyId& id) const {
  if (peer.active.has_value() && peer.active->key.id == id) return true;
  return std::any_of(peer.ready.begin(), peer.ready.end(),
                     [&id](const DialKey& key) { return key.key.id == id; });
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
  std::erase_if(peer.ready, dead);
  if (peer.active.has_value() && dead(*peer.active)) peer.active.reset();
  peer.accept_keys -= std::erase_if(accept_, [&peer](const auto& entry) {
    return entry.second.key.terms->initiator == peer.policy.peer &&
           entry.second.key.terms->initiator_boot != peer.boot;
  });
}

void Keystore::PutDial(Peer& peer, Key key, absl::Duration now) {
  const absl::Duration expires = now + key.terms->lifetime;
  DialKey dial = {.key = std::move(key), .put = now, .expires = expires};
  if (!peer.refused.has_value()) {
    peer.ready.push_back(std::move(dial));
    return;
  }
  // The fresh key that a refusal asked for goes first.
  if (peer.active.has_value() && peer.active->key.id == *peer.refused) {
    peer.active.reset();
  }
  peer.refused.reset();
  peer.ready.push_front(std::move(dial));
}

void Keystore::PutAccept(Peer& peer, Key key, absl::Duration now) {
  if (peer.accept_keys >= kMostAcceptKeys) {
    auto oldest = accept_.end();
    for (auto it = accept_.begin(); it != accept_.end(); ++it) {
      if (it->second.key.terms->initiator == peer.policy.peer &&
          (oldest == accept_.end() ||
           it->second.sequence < oldest->second.sequence)) {
        oldest = it;
      }
    }
    if (oldest != accept_.end()) {
      accept_.erase(oldest);
      --peer.accept_keys;
    }
  }
  const KeyId id = key.id;
  const absl::Duration expires =
      now + key.terms->lifetime + peer.policy.overlap;
  accept_.emplace(id, AcceptKey{.key = std::move(key),
                                .put = now,
                                .expires = expires,
                                .sequence = next_sequence_++});
  ++peer.accept_keys;
}

bool Keystore::ActivateNext(Peer& peer, absl::Duration now) {
  while (!peer.ready.empty()) {
    DialKey next = std::move(peer.ready.front());
    peer.ready.pop_front();
    if (next.expires <= now) continue;
    // Between 0.9 and 1.1 of the interval.
    std::array<uint8_t, 2> random;
    entropy_->Fill(absl::MakeSpan(random));
    const double jitter = (random[0] * 256 + random[1]) / 65536.0;
    next.rekey = now + peer.policy.rekey_interval * (0.9 + 0.2 * jitter);
    peer.active = std::move(next);
    return true;
  }
  return false;
}

bool Keystore::HoldsBack(const Peer& peer, absl::Duration now) const {
  return peer.refused.has_value() && now - peer.refused_at < kFreshWait;
}

absl::StatusOr<Psk> Keystore::Take(const AgentId& peer_id, absl::Duration now) {
  const auto found = peers_.find(peer_id);
  if (found == peers_.end()) return NoSuchPeer(peer_id);
  Peer& peer = found->second;
  if (HoldsBack(peer, now)) {
    return absl::UnavailableError(absl::StrCat(
        peer_id.text(), " refused its last key; a fresh one is on its way"));
  }
  std::optional<DialKey>& active = peer.active;
  if (active.has_value() &&
      (active->expires <= now ||
       active->next_index >= active->key.terms->use_limit)) {
    active.reset();
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
  return DerivePsk(active->key, active->next_index++, peer.policy.form);
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
  if (!ActivateNext(found->second, now)) {
    return absl::UnavailableError(
        absl::StrCat("no other key for ", peer_id.text(), " is ready"));
  }
  return found->second.active->key.id;
}

size_t Keystore::Deficit(const AgentId& peer_id, absl::Duration now) {
  const auto found = peers_.find(peer_id);
  if (found == peers_.end()) return 0;
  Peer& peer = found->second;
  std::erase_if(peer.ready,
                [now](const DialKey& key) { return key.expires <= now; });
  const size_t ready = peer.ready.size();
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
    --peers_.at(key->key.terms->initiator).accept_keys;
    accept_.erase(key->key.id);
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

void Keystore::Expire(absl::Duration now) {
  for (auto it = accept_.begin(); it != accept_.end();) {
    if (it->second.expires > now) {
      ++it;
      continue;
    }
    --peers_.at(it->second.key.terms->initiator).accept_keys;
    it = accept_.erase(it);
  }
  for (auto& [id, peer] : peers_) {
    std::erase_if(peer.ready,
                  [now](const DialKey& key) { return key.expires <= now; });
    if (peer.active.has_value() && peer.active->expires <= now) {
      peer.active.reset();
    }
  }
}

size_t Keystore::DialKeys(const AgentId& peer) const {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return 0;
  return found->second.ready.size() + found->second.active.has_value();
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
    if (peer.active.has_value()) {
      const DialKey& key = *peer.active;
      add(key.key, id, true, KeyState::kActive, key.put, key.expires,
          key.next_index);
    }
    for (const DialKey& key : peer.ready) {
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
