#ifndef SERVICE_AGENT_AGENT_RUNTIME_H_
#define SERVICE_AGENT_AGENT_RUNTIME_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/admin/control.h"
#include "service/agent/agent_hubs.h"
#include "service/agent/agent_lanes.h"
#include "service/agent/psk_source.h"
#include "service/base/event_loop.h"
#include "service/base/mutex.h"
#include "service/config/agent_config.h"
#include "service/config/config_change.h"
#include "service/config/managed_config.h"
#include "service/log/log.h"
#include "service/metrics/agent_metrics.h"
#include "service/storage/system_entropy.h"
#include "skex/node/agent_node.h"

namespace service {

// AgentRuntime runs an agent's key management: the state machines on an event
// loop, the streams to the hubs, the pads, the lanes, the keystore. It keeps
// every peer's pool filled and connects to hubs again when their streams break.
//
// All public functions are thread-safe, except where noted.
class AgentRuntime : public AgentControl {
 public:
  // Opens all pads and lanes; nothing runs yet. `files` and `log` must outlive
  // the runtime. Returns the first pad's or lane's error, or that of a policy.
  static absl::StatusOr<std::unique_ptr<AgentRuntime>> Create(
      const AgentConfig& config, FileSystem* files, Log* log);

  // Calls Stop().
  ~AgentRuntime() override;

  // Carries a change of the tunnels out; returns a sentence on it.
  using ChangeTunnels = absl::AnyInvocable<std::string()>;
  // Where exchanges, rejected messages and inconsistent shares are counted;
  // where the tunnels' state and a changed configuration come from, and what
  // follows a change of readiness.
  struct Surroundings {
    AgentMetrics* metrics = nullptr;  // may be null; outlives Stop()
    std::function<std::vector<TunnelView>()> tunnels;
    // Gets why the agent is not ready, as WhyNotReady(), empty: it is; and how
    // many peers it has. Called on the event loop, at the start and when one of
    // them changes.
    std::function<void(const std::string& why_not, size_t peers)> on_readiness;
    // For Reload(): reads the configuration file again, and prepares that the
    // tunnels become those of a configuration.
    std::function<absl::StatusOr<AgentConfig>()> read_config;
    std::function<absl::StatusOr<ChangeTunnels>(const AgentConfig&)>
        plan_tunnels;
  };
  void Start(Surroundings surroundings);

  // Fails what waits, ends the streams, erases used pad bytes. Not to be
  // called on a callback's thread.
  void Stop();

  // The PSKs of the sidecar's connections.
  PskProvider& psks() { return psks_; }
  // What answers lane messages that reach the sidecar.
  LaneAnswerer& lanes() { return lanes_; }
  // The keys for applications.
  KeyDelivery& delivery() { return psks_; }

  // Calls `answer` when the event loop comes round; never if it does not, or
  // has stopped.
  void Ping(std::function<void()> answer) { loop_.Post(std::move(answer)); }

  AgentView Status() override;
  std::vector<KeyView> Keys() override;
  absl::StatusOr<EstablishedView> Establish(const std::string& peer,
                                            absl::Time deadline) override;
  absl::StatusOr<EstablishedView> Rotate(const std::string& peer,
                                         absl::Time deadline) override;
  absl::Status AllowJump(const std::string& peer) override;
  // Carries out what the configuration, read anew, changes of pads, peers and
  // tunnels: all of it or, with an error, nothing, but for a peer whose lanes
  // cannot be opened again. Connections that are open stay. The sentence says
  // what has changed, and what takes a restart.
  absl::StatusOr<std::string> Reload() override;
  absl::StatusOr<std::string> AddTables(const std::string& toml,
                                        bool replace) override;
  absl::StatusOr<std::string> RemovePeer(const std::string& name) override;
  absl::StatusOr<std::string> RemoveTunnel(const std::string& name) override;

 private:
  struct Peer {
    PeerEntry entry;
    bool dials = false;  // keys to dial it with, or to deliver, are wanted
    uint64_t exchanges_ok = 0;
    uint64_t exchanges_failed = 0;
    bool failure_logged = false;  // said once until it works again
    absl::Duration hurry_at;      // when a demand may cut a back-off short
  };
  // One Establish() that waits for a key.
  struct Waiter {
    Waiter(skex::AgentId peer, absl::Time deadline)
        : peer(std::move(peer)), deadline(deadline) {}
    skex::AgentId peer;
    absl::Time deadline;
    Mutex mutex;
    CondVar changed;
    bool done ABSL_GUARDED_BY(mutex) = false;
    absl::StatusOr<EstablishedView> result ABSL_GUARDED_BY(mutex) =
        absl::UnavailableError("the agent is stopping");
  };

  AgentRuntime(const AgentConfig& config, FileSystem* files, Log* log);

  // What a peer needs before it can be added.
  struct PreparedPeer {
    PeerEntry entry;
    bool dials = false;
    std::optional<AgentLanes::OpenPair> lanes;
  };
  // Checks the policy of `entry`, which is of `config`, and opens its lanes if
  // it has any.
  absl::StatusOr<PreparedPeer> Prepare(const AgentConfig& config,
                                       const PeerEntry& entry) const;
  static absl::Status CheckPolicy(const PeerEntry& entry);
  // On the loop's thread, or before it starts.
  void TakeIn(PreparedPeer peer);
  void LetGo(const skex::AgentId& peer);
  void Pace(const PeerEntry& entry, bool dials);

  // A reload that nothing stands in the way of any more.
  struct Plan;
  // Reloads after `edit` has changed the managed configuration; takes that back
  // if nothing can come of it.
  absl::StatusOr<std::string> Change(
      absl::FunctionRef<absl::Status(ManagedConfig&)> edit);
  absl::StatusOr<Plan> PlanReload() ABSL_EXCLUSIVE_LOCKS_REQUIRED(reloading_);
  absl::StatusOr<std::string> CarryOut(Plan plan)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(reloading_);

  // On the loop's thread.
  absl::Duration AfterTasks();
  void HandleEvents();
  void HandleEvent(skex::AgentEvent& event);
  void OnKeys(skex::KeysEstablished& event);
  void OnFailure(const skex::ExchangeFailed& event);
  void OnLaneEvent(const skex::AgentEvent& event);
  // Says also why the peer's link is down, if it is.
  absl::Status WithLinkError(const skex::AgentId& peer,
                             absl::Status reason) const;
  void OnDemand();
  void UpdateDemand();
  void ServeWaiters();
  void Housekeep(absl::Duration now);
  void UpdateReadiness();
  AgentView StatusOnLoop();
  std::string WhyNotReady();
  static void Finish(Waiter& waiter, absl::StatusOr<EstablishedView> result);

  const skex::AgentId name_;
  Log* const log_;
  Surroundings surroundings_;
  SystemEntropy entropy_;
  const skex::BootId boot_;
  // The pads and lane files outlive the node, which uses them.
  AgentHubs hubs_;
  AgentLanes lanes_;
  std::map<skex::AgentId, Peer> peers_;
  skex::AgentNode node_;
  PskSource psks_;
  std::list<std::shared_ptr<Waiter>> waiters_;
  absl::Duration started_;
  absl::Duration housekeep_at_;
  // Why it is not ready, and the number of peers, as last told.
  std::optional<std::pair<std::string, size_t>> told_readiness_;
  bool stopping_ = false;
  bool running_ = false;
  std::atomic<bool> demand_posted_{false};
  std::atomic<bool> stopped_{false};
  Mutex reloading_;                                 // one at a time
  AgentConfig config_ ABSL_GUARDED_BY(reloading_);  // as last carried out
  ManagedConfig managed_ ABSL_GUARDED_BY(reloading_);
  EventLoop loop_;
};

}  // namespace service

#endif  // SERVICE_AGENT_AGENT_RUNTIME_H_
