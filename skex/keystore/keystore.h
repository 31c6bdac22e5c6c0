#ifndef SKEX_KEYSTORE_KEYSTORE_H_
#define SKEX_KEYSTORE_KEYSTORE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "skex/base/entropy.h"
#include "skex/base/ids.h"
#include "skex/keystore/dial_key_pool.h"
#include "skex/psk/derivation.h"
#include "skex/psk/key.h"
#include "skex/psk/psk.h"

namespace skex {

// How the keys of one peer are kept.
struct KeystorePolicy {
  AgentId peer;
  size_t pool_low = 2;   // below as many ready keys the pool is filled up
  size_t pool_high = 4;  // to as many
  // A key is replaced after this time, if another is ready; with jitter.
  absl::Duration rekey_interval = absl::Seconds(60);
  // How long the acceptor still takes a key after its successor was used.
  absl::Duration overlap = absl::Seconds(30);
  PskForm form = PskForm::kImported;
  // The keys are handed out to applications, see Deliver(), and give no PSK.
  bool delivery = false;
};

enum class KeyState : uint8_t {
  kReady,      // to dial with, not in use yet
  kActive,     // connections are dialled with it now
  kTentative,  // to accept with, not used by the peer yet
  kConfirmed,  // a binder with it has verified
  kRetired,    // its successor is in use; still accepted for the overlap
};

// "ready", "active", ...
absl::string_view KeyStateName(KeyState state);

// A key as an operator may see it.
struct KeyListing {
  KeyId id;
  AgentId peer;
  bool dial = false;
  KeyState state = KeyState::kReady;
  KeySource source = KeySource::kDske;
  KeyLabel label = KeyLabel::kComputational;
  std::vector<HubId> hubs;
  uint8_t threshold = 0;
  absl::Duration age;
  absl::Duration expires_in;
  uint32_t uses = 0;
  uint32_t use_limit = 0;
};

// Keystore holds the established keys of an agent and hands out one PSK for
// each connection: those to dial with from a pool per peer, those to accept
// with by identity.
//
// - No PSK twice: the dialler counts indices up, the acceptor keeps a bit for
//   each, read in Find() and set in Accept() once the binder has verified.
// - A key under an id that is there is refused; nothing is ever replaced.
// - Keys that an earlier start of the peer agreed to are dropped as soon as a
//   later start is seen in an authenticated exchange.
// - A key is either for PSKs or for delivery, as its terms say.
// - Rollover is soft: a key past its interval goes on while no other is ready,
//   up to its lifetime or use limit. No rollover fails a connection.
//
// Times are of the monotonic clock. Thread-compatible.
class Keystore {
 public:
  // `entropy` gives the jitter; it must outlive the keystore.
  explicit Keystore(Entropy* entropy) : entropy_(entropy) {}

  // Each peer once, before its keys come.
  void AddPeer(const KeystorePolicy& policy);
  // From now on the keys of a known peer are kept as `policy` says, whose
  // `form` and `delivery` are the same as before.
  void UpdatePeer(const KeystorePolicy& policy);
  // Wipes all keys with a peer, which is unknown from then on. Nothing if it is
  // unknown.
  void RemovePeer(const AgentId& peer);

  // Takes a key of an exchange with a known peer. `dial`: this agent was its
  // initiator. Returns ALREADY_EXISTS if there is a key under its id,
  // NOT_FOUND if the peer is unknown, FAILED_PRECONDITION if an earlier start
  // of the peer agreed to it.
  //
  // Starts bear no order: which one is earlier is known from the order of
  // their keys here. A start counts as dead for kDeadBootMemory, longer than
  // any share of it can be under way; a late share that turned the order
  // around does no harm for longer.
  static constexpr absl::Duration kDeadBootMemory = absl::Minutes(3);
  // Keys to accept with that are kept for one peer, besides as many as it may
  // hold ready in a pool as large as ours; beyond it the oldest goes.
  static constexpr size_t kMostAcceptKeys = 4096;
  absl::Status Put(Key key, bool dial, absl::Duration now);

  // A PSK for one new connection to `peer`. UNAVAILABLE if there is no key,
  // or a fresh one is on its way after ReportRefused(); NOT_FOUND if the peer
  // is unknown.
  absl::StatusOr<Psk> Take(const AgentId& peer, absl::Duration now);

  // The peer refused a PSK under `identity`'s key: it may have restarted.
  // Take() holds back until a fresh key comes, at most kFreshWait and once in
  // kFreshInterval, because an attacker can forge the alert.
  void ReportRefused(const AgentId& peer, absl::string_view identity,
                     absl::Duration now);
  static constexpr absl::Duration kFreshWait = absl::Milliseconds(400);
  static constexpr absl::Duration kFreshInterval = absl::Seconds(1);

  // Replaces the active key by the next ready one and returns its id.
  // UNAVAILABLE if none is ready; the active key then stays.
  // FAILED_PRECONDITION if the peer's keys are for delivery.
  absl::StatusOr<KeyId> Rotate(const AgentId& peer, absl::Duration now);

  // How many keys should be established with `peer` now.
  size_t Deficit(const AgentId& peer, absl::Duration now);

  // A PSK to accept with, and the peer that dials with it.
  struct Found {
    Psk psk;
    AgentId peer;
  };
  // NOT_FOUND for every identity that is not acceptable: malformed, unknown,
  // expired, index used or behind the limit.
  absl::StatusOr<Found> Find(absl::string_view identity, absl::Duration now);

  // The binder for `identity` has verified: marks its index as used.
  // ALREADY_EXISTS if it was, NOT_FOUND as Find().
  absl::Status Accept(absl::string_view identity, absl::Duration now);

  // An unmediated key to accept with was not confirmed in time: drops it,
  // unless a binder with it has verified.
  void Lapse(const KeyId& id);

  // Mixed keys for `peer` can be had again: drops the ready ones that are
  // unmediated alone. An active one goes on until another is ready.
  void ReplaceUnmediated(const AgentId& peer, absl::Duration now);

  // Wipes what has expired.
  void Expire(absl::Duration now);

  // Takes up to `most` of the keys that this agent established with `peer` for
  // delivery; they are here no more. Empty if none is ready. NOT_FOUND if the
  // peer is unknown, FAILED_PRECONDITION if its keys are for PSKs.
  absl::StatusOr<std::vector<Key>> Deliver(const AgentId& peer, size_t most,
                                           absl::Duration now);

  // Takes the key `id` that `peer` established for delivery. NOT_FOUND if it
  // is not here: unknown, of another peer, expired, or taken before; else as
  // Deliver().
  absl::StatusOr<Key> DeliverById(const AgentId& peer, const KeyId& id,
                                  absl::Duration now);

  // Keys to dial with that are ready or active.
  size_t DialKeys(const AgentId& peer) const;
  std::vector<KeyListing> List(absl::Duration now) const;

 private:
  struct AcceptKey {
    Key key;
    KeyState state = KeyState::kTentative;
    absl::Duration put;
    absl::Duration expires;
    uint64_t sequence = 0;   // order of arrival
    std::vector<bool> used;  // by index; grown with the indices seen
    uint32_t uses = 0;
  };
  struct DeadBoot {
    BootId boot;
    absl::Duration since;
  };
  struct Peer {
    KeystorePolicy policy;
    DialKeyPool dial;
    std::optional<BootId> boot;       // the latest start of the peer
    std::deque<DeadBoot> dead_boots;  // earlier ones
    std::optional<KeyId> refused;     // a fresh key is wanted instead of this
    absl::Duration refused_at = -absl::InfiniteDuration();
    // The keys to accept with, in the order of their arrival.
    std::map<uint64_t, KeyId> accept_order;
  };
  using AcceptKeys = std::map<KeyId, AcceptKey>;

  absl::Status LearnBoot(Peer& peer, const BootId& boot, absl::Duration now);
  void DropOtherBoots(Peer& peer);
  void PutDial(Peer& peer, Key key, absl::Duration now);
  void PutAccept(Peer& peer, Key key, absl::Duration now);
  // Wipes a key to accept with; returns the one behind it.
  AcceptKeys::iterator Drop(AcceptKeys::iterator key);
  // The peer, if its keys are for delivery; else the error.
  absl::StatusOr<Peer*> DeliveryPeer(const AgentId& peer);
  bool ActivateNext(Peer& peer, absl::Duration now);
  void RetireOlder(const AcceptKey& used, absl::Duration now);
  bool HoldsBack(const Peer& peer, absl::Duration now) const;
  // The key and index of an acceptable identity, else nullptr.
  AcceptKey* Lookup(absl::string_view identity, absl::Duration now,
                    uint32_t& index);

  Entropy* const entropy_;
  std::map<AgentId, Peer> peers_;
  AcceptKeys accept_;
  uint64_t next_sequence_ = 0;
};

}  // namespace skex

#endif  // SKEX_KEYSTORE_KEYSTORE_H_
