#ifndef SKEX_NODE_AGENT_NODE_H_
#define SKEX_NODE_AGENT_NODE_H_

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "skex/base/entropy.h"
#include "skex/base/ids.h"
#include "skex/base/instant.h"
#include "skex/dske/hub_health.h"
#include "skex/dske/initiator.h"
#include "skex/dske/policy.h"
#include "skex/dske/responder.h"
#include "skex/node/agent_events.h"
#include "skex/node/backoff.h"
#include "skex/node/pair_lanes.h"
#include "skex/pad/pad.h"
#include "skex/wire/link.h"

namespace skex {

// AgentNode is one agent: its links to the hubs, the exchanges that it began
// and those that it answers, and its lanes with peers. Events and the time go
// in; frames and lane messages to send and events come out.
//
// It keeps up to kMostUnderWay exchanges under way with each peer. After a
// failure it waits, longer each time (see Backoff), and asks for one key
// only, then for kMostGrowth times as many after each success, so that a peer
// that is away or short of pad costs little; it goes on at once when a link has
// become ready or the peer has shown itself.
//
// Does no I/O besides the pads' storage. Thread-compatible.
class AgentNode {
 public:
  struct Options {
    AgentId self;
    BootId boot;
    Entropy* entropy;  // must outlive the node
  };

  // As many exchanges hide one round trip, where a peer wants many keys.
  static constexpr size_t kMostUnderWay = 4;
  static constexpr size_t kMostGrowth = 4;
  // While pad grants are on their way, an exchange waits this long for hubs
  // that are connected but cannot take part yet,
  static constexpr absl::Duration kGrantPatience = absl::Milliseconds(250);
  // and this long while too few can without them: it could only fail.
  static constexpr absl::Duration kScarceGrantPatience = absl::Seconds(3);
  // Right after the start, an exchange waits this long for all its hubs.
  static constexpr absl::Duration kStartPatience = absl::Milliseconds(500);

  explicit AgentNode(const Options& options);

  // `pad` must live until RemovePad(), or outlive the node. Each hub once.
  void AddHub(const HubId& hub, Pad* pad);
  // One more pad with a hub that was added, the newest; see Link.
  void AddPad(const HubId& hub, Pad* pad);
  // Lets a pad go; not a hub's last one.
  void RemovePad(const HubId& hub, const TableId& table);
  // Keys with this peer come through hubs. `policy` is checked, and its hubs
  // were added.
  void AddPeer(const PeerPolicy& policy);
  // Keys with this peer are unmediated, or mixed of both if it was added by
  // AddPeer() before. Once for each peer.
  void AddLanes(std::unique_ptr<PairLanes> lanes);

  // Ends exchanges and runs that are under way with a peer, without an event,
  // and has nothing to do with it from then on, until it is added again. Events
  // are to be taken before. Nothing if it is no peer.
  void RemovePeer(const AgentId& peer);

  // The stream to a hub is gone, or has not begun.
  void OnStreamDown(const HubId& hub);
  // A frame came from a hub. Returns why it was refused; a refused frame has
  // changed nothing.
  absl::Status OnFrame(const HubId& hub, absl::Span<const uint8_t> bytes,
                       const Instant& now);
  // A lane message came from a peer, or from somebody else.
  struct LaneReply {
    // See LaneResponder::OnMessage(); NOT_FOUND also if it is of no lane.
    absl::Status status;
    std::optional<AgentId> peer;        // whose lane it is, if any
    std::vector<std::string> messages;  // to where it came from
  };
  // M1 or CONFIRM.
  LaneReply OnLaneRequest(absl::Span<const uint8_t> bytes, const Instant& now);
  // M2 or STALE; see LaneInitiator::OnMessage(). `peer` has lanes, as below.
  absl::Status OnLaneAnswer(const AgentId& peer,
                            absl::Span<const uint8_t> bytes,
                            const Instant& now);
  // There is a new way for lane messages to this peer.
  void OnLaneUp(const AgentId& peer, const Instant& now);
  // See LaneInitiator::AllowJump(). NOT_FOUND if there are no lanes.
  absl::Status AllowJump(const AgentId& peer, const Instant& now);
  // The lanes with a peer; null if there are none.
  const PairLanes* lanes(const AgentId& peer) const;

  // Time has passed. To be called at NextTime() at the latest.
  void OnTime(const Instant& now);

  // Sets how many more keys this agent wants from `peer` to dial with, those
  // of exchanges under way included. The node begins exchanges until they are
  // there. NOT_FOUND if it is no peer.
  absl::Status SetWanted(const AgentId& peer, size_t keys, const Instant& now);

  // Begins at once where a back-off would wait.
  void HurryUp(const AgentId& peer);

  // When OnTime() is due, on the monotonic clock; nullopt if never.
  std::optional<absl::Duration> NextTime() const;

  // Why `hub` is left out of exchanges with `peer` now, if another one can be
  // had; empty if it is not.
  std::string HubObjection(const AgentId& peer, const HubId& hub,
                           const Instant& now) const {
    return health_.Objection(peer, hub, now.mono);
  }

  // Why there was no key from `peer` at the last attempt; OK after a success.
  absl::Status LastFailure(const AgentId& peer) const;

  std::vector<AgentEvent> TakeEvents();
  // M1 and CONFIRM to send to peers.
  std::vector<std::pair<AgentId, std::string>> TakeLaneMessages();
  // Frames to send, in the order of each hub.
  std::vector<std::pair<HubId, std::string>> TakeFrames();

  const Link& link(const HubId& hub) const { return *links_.at(hub); }

 private:
  struct Peer {
    PeerPolicy policy;
    size_t wanted = 0;
    size_t coming = 0;  // keys of the exchanges under way
    // Keys that one exchange may have: one after a failure, then more again.
    size_t most_keys = kMostKeys;
    std::vector<std::unique_ptr<InitiatorExchange>> exchanges;
    std::optional<absl::Duration> waiting_since;  // for grants
    absl::Duration waits_until;  // while it waits, if no grants come
    Backoff backoff;
    absl::Status last_failure;
    std::unique_ptr<PairLanes> lanes;  // null with keys of hubs alone
  };

  // An exchange under way, and the peer that it is with.
  struct UnderWay {
    Peer* peer;
    size_t at;  // in peer->exchanges
    InitiatorExchange& exchange() const { return *peer->exchanges[at]; }
  };

  // How many exchanges with the peer may be under way now.
  static size_t Window(const Peer& peer);
  // Whether another one should begin as soon as time and grants allow.
  static bool WantsExchange(const Peer& peer);
  void Advance(Peer& peer, const Instant& now);
  bool BeginExchange(Peer& peer, const Instant& now);
  // The links to deal over: without the hubs that health advises against, as
  // long as the policy's least number of those that are ready is left.
  std::vector<HubLink> ChooseHubs(const Peer& peer, const Instant& now) const;
  bool HubsAreComing(const Peer& peer, const Instant& now) const;
  // Asks the hubs for the grants that shares of this size lack. Returns whether
  // some are on their way.
  static bool GrantsAreComing(const std::vector<HubLink>& hubs,
                              uint64_t share_size);
  // Whether an exchange over `hubs` should wait for grants that are on their
  // way; notes since when it does.
  static bool WaitsForGrants(Peer& peer, const std::vector<HubLink>& hubs,
                             uint64_t share_size, const Instant& now);
  void Fail(Peer& peer, absl::Status reason, const Instant& now);
  absl::Status OnExchangeFrame(const HubId& hub, const OpenedFrame& frame,
                               const Instant& now);
  absl::Status OnRelay(const HubId& hub, const OpenedFrame& frame,
                       const Instant& now);
  absl::Status OnConfirm(const HubId& hub, const OpenedFrame& frame,
                         const Instant& now);
  absl::Status OnNotice(const HubId& hub, const OpenedFrame& frame,
                        const Instant& now);
  std::optional<UnderWay> Find(const ExchangeId& exchange);
  static void End(const UnderWay& exchange);
  // Keys have come through the hubs: they are ready, or to be mixed.
  void OnKeys(const AgentId& peer, bool initiator, std::vector<Key> keys,
              absl::Duration took, const Instant& now);
  PairLanes* LanesOf(const LaneId& lane);
  PadSource WorstSource() const;

  const Options options_;
  std::map<HubId, std::unique_ptr<Link>> links_;
  std::map<AgentId, Peer> peers_;
  Responder responder_;
  SharingCache sharings_;
  HubHealth health_;
  std::vector<AgentEvent> events_;
  std::optional<absl::Duration> started_;  // the first time that was seen
};

}  // namespace skex

#endif  // SKEX_NODE_AGENT_NODE_H_
