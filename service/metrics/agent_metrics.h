#ifndef SERVICE_METRICS_AGENT_METRICS_H_
#define SERVICE_METRICS_AGENT_METRICS_H_

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "prometheus/collectable.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "service/admin/control.h"
#include "service/base/mutex.h"
#include "service/sidecar/stats.h"

namespace service {

// The metrics of an agent. What the daemon knows anyhow is asked for at every
// scrape; what must be counted when it happens comes in by the functions below.
//
//   skex_build_info{version,boringssl}            gauge, 1
//   skex_keys_ready{peer}                         gauge
//   skex_hub_connected{hub}                       gauge, 0 or 1
//   skex_pad_...{hub}                             see PadFamilies
//   skex_lane_connected{peer}                     gauge, 0 or 1; this and the
//                                                 next: peers with lanes
//   skex_lane_leaves_left{peer}                   gauge
//   skex_lane_rollbacks_total{peer}               counter
//   skex_lane_skipped_leaves_total{peer}          counter
//   skex_lane_reroots_total{peer}                 counter
//   skex_exchanges_total{peer,result}             counter
//   skex_exchange_duration_seconds{peer}          histogram, successful ones
//   skex_share_inconsistent_total{hub,initiator}  counter
//   skex_messages_rejected_total{reason}          counter
//   tlsbridge_handshakes_total{role,result}       counter
//   tlsbridge_handshake_duration_seconds{role}    histogram, successful ones
//   sidecar_connections_open{tunnel}              gauge
//   sidecar_connections_total{tunnel,result}      counter
//   sidecar_bytes_total{tunnel,direction}         counter: sent to the peer,
//                                                 received from it
//
// Labels are names of the configuration and words of closed sets. A peer or
// hub that is not configured counts as "other". Thread-safe.
class AgentMetrics : public prometheus::Collectable, public SidecarObserver {
 public:
  struct Names {
    std::vector<std::string> peers;
    std::vector<std::string> hubs;
  };
  struct Snapshot {
    AgentView agent;
    std::vector<TunnelSnapshot> tunnels;
  };

  // `snapshot` is called at every scrape, from any thread.
  AgentMetrics(const Names& names, std::function<Snapshot()> snapshot);

  // The configured peers are these now. What was counted for others stays.
  void SetPeers(const std::vector<std::string>& peers);

  // An exchange that this agent began has ended.
  void ExchangeFinished(const std::string& peer, const absl::Status& result,
                        absl::Duration took);

  // A share that came through `hub` did not agree with the others: the hub
  // lied, or the initiator did.
  void ShareInconsistent(const std::string& hub, const std::string& initiator);

  // A message was not taken, for a reason that `code` tells: see
  // RejectReasonLabel().
  void MessageRejected(absl::StatusCode code);

  void OnHandshake(const HandshakeSample& sample) override;

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  // Of one TLS role.
  struct Handshakes {
    std::array<prometheus::Counter*, kHandshakeResults> results{};
    prometheus::Histogram* took = nullptr;
  };

  std::string PeerLabel(const std::string& peer) const;
  std::string HubLabel(const std::string& hub) const;
  Handshakes& HandshakesOf(TunnelKind kind);

  mutable Mutex mutex_;
  absl::flat_hash_set<std::string> peers_ ABSL_GUARDED_BY(mutex_);
  const absl::flat_hash_set<std::string> hubs_;
  const std::function<Snapshot()> snapshot_;
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& exchanges_;
  prometheus::Family<prometheus::Histogram>& exchange_durations_;
  prometheus::Family<prometheus::Counter>& inconsistent_;
  prometheus::Family<prometheus::Counter>& rejected_;
  // Made beforehand: handshakes are frequent, and looking a family's member up
  // takes a lock. Not taken from the tunnels' counters, which end with them.
  Handshakes client_;
  Handshakes server_;
};

}  // namespace service

#endif  // SERVICE_METRICS_AGENT_METRICS_H_
