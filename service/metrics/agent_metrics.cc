#include "service/metrics/agent_metrics.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "service/metrics/families.h"
#include "service/sidecar/connection_result.h"

namespace service {
namespace {

using prometheus::MetricFamily;

constexpr char kOther[] = "other";

const prometheus::Histogram::BucketBoundaries& ExchangeBuckets() {
  static const auto* const buckets =
      new prometheus::Histogram::BucketBoundaries{
          0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
          0.25,  0.5,    1,     2.5,  5,     10};
  return *buckets;
}

const prometheus::Histogram::BucketBoundaries& HandshakeBuckets() {
  static const auto* const buckets =
      new prometheus::Histogram::BucketBoundaries{
          0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
          0.025,  0.05,    0.1,    0.25,  0.5,    1,     5};
  return *buckets;
}

prometheus::Family<prometheus::Counter>& CounterFamily(
    prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Family<prometheus::Histogram>& HistogramFamily(
    prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

void CollectHubs(const std::vector<HubView>& hubs,
                 std::vector<MetricFamily>& out) {
  auto connected = FamilyOfViews::Gauge(
      "skex_hub_connected", "Whether the hub can relay shares now.");
  PadFamilies pads("hub");
  for (const HubView& hub : hubs) {
    connected.Add({{"hub", hub.name}}, hub.connected ? 1 : 0);
    pads.Add(hub.name, hub.supply);
  }
  connected.AppendTo(out);
  pads.AppendTo(out);
}

void CollectLanes(const std::vector<PeerView>& peers,
                  std::vector<MetricFamily>& out) {
  auto connected = FamilyOfViews::Gauge(
      "skex_lane_connected", "Whether a connection for lane messages is up.");
  auto left = FamilyOfViews::Gauge("skex_lane_leaves_left",
                                   "Leaves that this agent can still use.");
  auto rollbacks = FamilyOfViews::Counter(
      "skex_lane_rollbacks_total",
      "How often this end proved to be restored from an old copy.");
  auto skipped =
      FamilyOfViews::Counter("skex_lane_skipped_leaves_total",
                             "Leaves of the peer for which no message came.");
  auto reroots = FamilyOfViews::Counter("skex_lane_reroots_total",
                                        "New roots of this agent's lane.");
  auto alone = FamilyOfViews::Gauge(
      "skex_lane_hubs_down",
      "Whether keys that are mixed otherwise are unmediated alone.");
  for (const PeerView& peer : peers) {
    if (!peer.lanes.has_value()) continue;
    const LanesView& lanes = *peer.lanes;
    const MetricLabels labels = {{"peer", peer.name}};
    connected.Add(labels, lanes.connected ? 1 : 0);
    left.Add(labels, static_cast<double>(lanes.leaves_left));
    rollbacks.Add(labels, static_cast<double>(lanes.rollbacks_detected));
    skipped.Add(labels, static_cast<double>(lanes.skipped_leaves));
    reroots.Add(labels, static_cast<double>(lanes.reroots));
    alone.Add(labels, lanes.hubs_down ? 1 : 0);
  }
  for (FamilyOfViews* family :
       {&connected, &left, &rollbacks, &skipped, &reroots, &alone}) {
    family->AppendTo(out);
  }
}

void CollectAgent(const AgentView& agent, std::vector<MetricFamily>& out) {
  FamilyOfViews::Gauge("skex_build_info", "What is running; always 1.")
      .Add({{"version", agent.version}, {"boringssl", agent.boringssl}}, 1)
      .AppendTo(out);
  auto ready = FamilyOfViews::Gauge(
      "skex_keys_ready", "Keys established with the peer and not yet in use.");
  for (const PeerView& peer : agent.peers) {
    ready.Add({{"peer", peer.name}}, peer.keys_ready);
  }
  ready.AppendTo(out);
  auto keys = FamilyOfViews::Gauge("skex_keys",
                                   "Keys with the peer, by what they rest on.");
  for (const PeerView& peer : agent.peers) {
    for (const KeyCountView& count : peer.keys) {
      keys.Add({{"peer", peer.name},
                {"role", count.role},
                {"source", count.source},
                {"label", count.label}},
               static_cast<double>(count.keys));
    }
  }
  keys.AppendTo(out);
  CollectHubs(agent.hubs, out);
  CollectLanes(agent.peers, out);
}

void CollectTunnels(const std::vector<TunnelSnapshot>& tunnels,
                    std::vector<MetricFamily>& out) {
  auto open = FamilyOfViews::Gauge("sidecar_connections_open",
                                   "Connections that are open.");
  auto total = FamilyOfViews::Counter("sidecar_connections_total",
                                      "Connections that ended, by result.");
  auto bytes = FamilyOfViews::Counter(
      "sidecar_bytes_total", "Application bytes, to and from the peer.");
  for (const TunnelSnapshot& tunnel : tunnels) {
    open.Add({{"tunnel", tunnel.name}}, static_cast<double>(tunnel.open));
    for (ConnectionResult result : AllConnectionResults()) {
      total.Add({{"tunnel", tunnel.name},
                 {"result", std::string(ConnectionResultName(result))}},
                static_cast<double>(tunnel.Count(result)));
    }
    bytes.Add({{"tunnel", tunnel.name}, {"direction", "sent"}},
              static_cast<double>(tunnel.sent_bytes));
    bytes.Add({{"tunnel", tunnel.name}, {"direction", "received"}},
              static_cast<double>(tunnel.received_bytes));
  }
  open.AppendTo(out);
  total.AppendTo(out);
  bytes.AppendTo(out);
}

}  // namespace

AgentMetrics::AgentMetrics(const Names& names,
                           std::function<Snapshot()> snapshot)
    : hubs_(names.hubs.begin(), names.hubs.end()),
      snapshot_(std::move(snapshot)),
      exchanges_(CounterFamily(registry_, "skex_exchanges_total",
                               "Exchanges that this agent began.")),
      exchange_durations_(
          HistogramFamily(registry_, "skex_exchange_duration_seconds",
                          "Time that a successful exchange took.")),
      inconsistent_(CounterFamily(
          registry_, "skex_share_inconsistent_total",
          "Shares that did not agree with the others of their exchange.")),
      rejected_(CounterFamily(registry_, "skex_messages_rejected_total",
                              "Messages that were not taken.")) {
  SetPeers(names.peers);
  // Handshakes belong to the TLS role: all tunnels of one kind together.
  auto& handshakes = CounterFamily(registry_, "tlsbridge_handshakes_total",
                                   "TLS handshakes, by result.");
  auto& durations =
      HistogramFamily(registry_, "tlsbridge_handshake_duration_seconds",
                      "Time that a successful TLS handshake took.");
  for (TunnelKind kind : {TunnelKind::kOutbound, TunnelKind::kInbound}) {
    Handshakes& of = HandshakesOf(kind);
    const std::string role(TlsRoleName(kind));
    for (size_t i = 0; i < kHandshakeResults; ++i) {
      const auto result = static_cast<HandshakeResult>(i);
      of.results[i] = &handshakes.Add(
          {{"role", role},
           {"result", std::string(HandshakeResultName(result))}});
    }
    of.took = &durations.Add({{"role", role}}, HandshakeBuckets());
  }
}

void AgentMetrics::SetPeers(const std::vector<std::string>& peers) {
  {
    MutexLock lock(&mutex_);
    peers_ = {peers.begin(), peers.end()};
  }
  // Series that begin at 0: a first failure is then seen as an increase.
  for (const std::string& peer : peers) {
    exchanges_.Add(
        {{"peer", peer}, {"result", ResultLabel(absl::StatusCode::kOk)}});
    exchange_durations_.Add({{"peer", peer}}, ExchangeBuckets());
  }
}

void AgentMetrics::ExchangeFinished(const std::string& peer,
                                    const absl::Status& result,
                                    absl::Duration took) {
  const std::string label = PeerLabel(peer);
  exchanges_.Add({{"peer", label}, {"result", ResultLabel(result.code())}})
      .Increment();
  if (result.ok()) {
    exchange_durations_.Add({{"peer", label}}, ExchangeBuckets())
        .Observe(absl::ToDoubleSeconds(took));
  }
}

void AgentMetrics::ShareInconsistent(const std::string& hub,
                                     const std::string& initiator) {
  inconsistent_
      .Add({{"hub", HubLabel(hub)}, {"initiator", PeerLabel(initiator)}})
      .Increment();
}

void AgentMetrics::MessageRejected(absl::StatusCode code) {
  rejected_.Add({{"reason", RejectReasonLabel(code)}}).Increment();
}

AgentMetrics::Handshakes& AgentMetrics::HandshakesOf(TunnelKind kind) {
  return kind == TunnelKind::kOutbound ? client_ : server_;
}

void AgentMetrics::OnHandshake(const HandshakeSample& sample) {
  Handshakes& of = HandshakesOf(sample.kind);
  of.results[static_cast<size_t>(sample.result)]->Increment();
  if (sample.result != HandshakeResult::kOk) return;
  of.took->Observe(absl::ToDoubleSeconds(sample.took));
}

std::vector<MetricFamily> AgentMetrics::Collect() const {
  std::vector<MetricFamily> families = registry_.Collect();
  const Snapshot snapshot = snapshot_();
  CollectAgent(snapshot.agent, families);
  CollectTunnels(snapshot.tunnels, families);
  return families;
}

std::string AgentMetrics::PeerLabel(const std::string& peer) const {
  MutexLock lock(&mutex_);
  return peers_.contains(peer) ? peer : kOther;
}

std::string AgentMetrics::HubLabel(const std::string& hub) const {
  return hubs_.contains(hub) ? hub : kOther;
}

}  // namespace service
