#ifndef SERVICE_ADMIN_CONTROL_H_
#define SERVICE_ADMIN_CONTROL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace service {

// What the admin API shows of an agent and lets an operator do to it. Declared
// here by its user; the daemon implements it. All functions may be called from
// any thread. Values are snapshots. Never a secret byte in any of them.

// One pad.
struct PadView {
  uint64_t send_mac_bytes = 0;  // left in our sending direction
  uint64_t send_otp_bytes = 0;
  uint64_t receive_mac_bytes = 0;
  uint64_t receive_otp_bytes = 0;
  uint64_t total_bytes = 0;   // all of the pad, both directions
  uint64_t wasted_bytes = 0;  // given up unused: restarts and gaps
  std::string source;         // "physical", "generator" or "stretch"
  std::string table;          // table id, hexadecimal
  bool connected = false;     // the other end has shown that it has it, too
};

// The pads that this end has with one other end.
struct PadSupplyView {
  std::vector<PadView> pads;  // oldest first
  double left = 1;            // of the stream of which least is left, 0 to 1
  // How long that does at the pace of the last day; infinite: not known.
  absl::Duration time_left = absl::InfiniteDuration();
  uint64_t wasted_bytes = 0;  // of these pads, and of those that were let go
  uint64_t syncs = 0;         // waits for the medium since the start
};

struct HubView {
  std::string name;
  std::string address;
  bool connected = false;  // the stream is up and both ends hold grants
  std::string detail;      // why not, in one sentence; empty when connected
  PadSupplyView supply;
};

struct KeyView {
  std::string id;      // key id, hexadecimal
  std::string peer;    // the other agent
  std::string role;    // "dial" (we open connections with it) or "accept"
  std::string state;   // "ready", "active", "tentative", "confirmed", "retired"
  std::string source;  // "dske", "unmediated" or "both"
  std::string label;   // "information-theoretic" or "computational"
  std::vector<std::string> hubs;  // none of an unmediated key
  uint32_t threshold = 0;         // k of hubs.size()
  absl::Duration age;
  absl::Duration expires_in;
  uint32_t uses = 0;
  uint32_t use_limit = 0;
};

// The two lanes of a pair that agrees on keys without hubs: this agent begins
// on one of them, the peer on the other. Counted since the start.
struct LanesView {
  // Where the peer answers; empty: not known, only the peer begins.
  std::string address;
  bool connected = false;  // a connection to there is up; idle ones are closed
  std::string detail;      // why none can be had; else empty
  uint64_t leaves_left = 0;         // of this agent's lane
  uint64_t rollbacks_detected = 0;  // this end proved to be an old copy
  uint64_t skipped_leaves = 0;  // of the peer's lane: no message came for them
  uint64_t reroots = 0;         // new roots of this agent's lane
  bool jump_waits = false;      // no key comes before AllowJump()
  bool hubs_down = false;  // new keys are unmediated alone, for want of hubs
};

// How many keys with one peer are alike in this.
struct KeyCountView {
  std::string role;  // as of KeyView
  std::string source;
  std::string label;
  uint64_t keys = 0;
};

struct PeerView {
  std::string name;
  bool ready = false;     // a key to dial with is at hand
  std::string detail;     // why not, in one sentence; empty when ready
  std::string mode;       // "dske", "unmediated" or "both"
  std::string hubs_down;  // with "both": "fail_closed" or "unmediated_only"
  uint32_t threshold = 0;
  std::vector<std::string> hubs;  // none with "unmediated"
  std::string freshness;
  uint32_t keys_ready = 0;            // established, not yet in use
  uint32_t keys_accept = 0;           // with which the peer may dial us
  std::vector<KeyCountView> keys;     // that are here, for the metrics
  std::optional<KeyView> newest_key;  // of those that are here
  uint64_t exchanges_ok = 0;
  uint64_t exchanges_failed = 0;
  std::vector<std::string> left_out;  // hubs not used for now, and why
  std::optional<LanesView> lanes;     // with "unmediated" and "both"
};

struct TunnelView {
  std::string name;
  std::string kind;  // "outbound" or "inbound"
  std::string listen;
  std::string target;  // where connections go to
  std::vector<std::string> peers;
  uint64_t connections_open = 0;
  uint64_t connections_total = 0;
  uint64_t connections_failed = 0;
  uint64_t handshakes_ok = 0;
  uint64_t handshakes_refused = 0;  // authentication failed, at either end
  uint64_t handshakes_failed = 0;   // not TLS 1.3, cut, or too slow
  uint64_t sent_bytes = 0;          // of applications, to the other end
  uint64_t received_bytes = 0;
};

struct AgentView {
  std::string name;
  std::string version;
  std::string boringssl;
  absl::Duration uptime;
  bool ready = false;  // keys for every peer, every tunnel listening
  std::string detail;
  std::vector<HubView> hubs;
  std::vector<PeerView> peers;
  std::vector<TunnelView> tunnels;
};

struct EstablishedView {
  KeyView key;
  absl::Duration took;
};

class AgentControl {
 public:
  virtual ~AgentControl() = default;
  virtual AgentView Status() = 0;
  virtual std::vector<KeyView> Keys() = 0;

  // Establishes one new key with `peer` and waits for it, at most until
  // `deadline`. NOT_FOUND if the peer is not configured; else the reason why
  // no key came (UNAVAILABLE, RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED, ...).
  virtual absl::StatusOr<EstablishedView> Establish(const std::string& peer,
                                                    absl::Time deadline) = 0;

  // Retires the key that connections to `peer` use now, so that the next
  // connection uses a new one. Returns that one. Errors as Establish(). With
  // no ready key in the pool it establishes one first: no rollover fails a
  // connection.
  virtual absl::StatusOr<EstablishedView> Rotate(const std::string& peer,
                                                 absl::Time deadline) = 0;

  // Lets the lane to `peer` go on where the peer's STALE asked for a jump that
  // needs the operator, who has looked at both machines and their backups:
  // LaneInitiator::AllowJump(). NOT_FOUND if the peer is not configured,
  // FAILED_PRECONDITION if it has no lanes, or no jump waits.
  virtual absl::Status AllowJump(const std::string& peer) = 0;

  // Reads the configuration again and carries out what it changes of pads,
  // peers and tunnels. Connections that are open stay, and so do the keys of
  // peers whose terms are the same. Returns a sentence on what changed, and on
  // what waits for a restart, or the first error; with an error nothing has
  // changed.
  virtual absl::StatusOr<std::string> Reload() = 0;

  // Adds [[peer]], [[outbound]] and [[inbound]] tables to the configuration,
  // now and for later starts, as Reload(). `replace`: instead of what was added
  // under the same name. INVALID_ARGUMENT with the place if something is wrong
  // in `toml`, ALREADY_EXISTS if a name was added before and not `replace`.
  virtual absl::StatusOr<std::string> AddTables(const std::string& toml,
                                                bool replace) = 0;
  // Removes what was added so. NOT_FOUND if it was not, INVALID_ARGUMENT if a
  // tunnel needs the peer.
  virtual absl::StatusOr<std::string> RemovePeer(const std::string& name) = 0;
  virtual absl::StatusOr<std::string> RemoveTunnel(const std::string& name) = 0;
};

// The same for a hub.

struct EnrolledAgentView {
  std::string name;
  bool connected = false;
  std::string detail;
  std::vector<std::string> allow;  // initiators that may reach this agent
  PadSupplyView supply;
  uint64_t shares_relayed = 0;  // as initiator
  uint64_t shares_refused = 0;
};

struct HubStatusView {
  std::string name;
  std::string version;
  absl::Duration uptime;
  std::string listen;
  uint64_t exchanges_waiting = 0;  // shares not yet acknowledged
  // What became of the shares since the start: name of the result, number.
  std::vector<std::pair<std::string, uint64_t>> shares;
  std::vector<EnrolledAgentView> agents;
};

class HubControl {
 public:
  virtual ~HubControl() = default;
  virtual HubStatusView Status() = 0;

  // Reads the enrolments again: new agents and pads are taken in, what was
  // revoked is let go, nothing else is touched. Returns a sentence on what
  // changed, or the first error; with an error nothing has changed.
  virtual absl::StatusOr<std::string> Reload() = 0;
};

}  // namespace service

#endif  // SERVICE_ADMIN_CONTROL_H_
