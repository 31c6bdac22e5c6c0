#ifndef SERVICE_SIDECAR_TUNNEL_H_
#define SERVICE_SIDECAR_TUNNEL_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "service/config/endpoint.h"
#include "service/log/log.h"
#include "service/sidecar/connection_count.h"
#include "service/sidecar/lane_answerer.h"
#include "service/sidecar/options.h"
#include "service/sidecar/psk_provider.h"
#include "service/sidecar/rate_budget.h"
#include "service/sidecar/source_count.h"
#include "service/sidecar/stats.h"
#include "skex/base/ids.h"
#include "tlsbridge/session.h"

namespace service {

// What all tunnels of a sidecar share. Its members are thread-safe or const.
struct TunnelSurroundings {
  TunnelSurroundings(PskProvider& provider,
                     std::shared_ptr<const tlsbridge::Context> tls, Log& log,
                     SidecarObserver* observer, LaneAnswerer* lanes,
                     const SidecarLimits& limits)
      : provider(provider),
        tls(std::move(tls)),
        log(log),
        observer(observer),
        lanes(lanes),
        limits(limits),
        connections(limits.connections),
        sources(limits.connections_per_source) {}

  PskProvider& provider;
  const std::shared_ptr<const tlsbridge::Context> tls;
  Log& log;
  SidecarObserver* const observer;  // may be null
  LaneAnswerer* const lanes;        // may be null: inbound takes only TLS
  const SidecarLimits limits;
  ConnectionCount connections;
  SourceCount sources;
};

// One tunnel, as all its connections see it: they share it. It never changes;
// when the tunnel's options do, new connections have another one, with the
// same stats. Thread-safe: const but for what locks itself.
struct Tunnel {
  // `shared` must outlive it.
  Tunnel(TunnelSurroundings& shared, std::shared_ptr<TunnelStats> stats,
         const OutboundOptions& options)
      : shared(shared),
        kind(TunnelKind::kOutbound),
        name(options.name),
        target(options.connect),
        peers({options.peer}),
        accept_proxy(options.accept_proxy),
        send_proxy(options.send_proxy),
        stats(std::move(stats)) {}
  Tunnel(TunnelSurroundings& shared, std::shared_ptr<TunnelStats> stats,
         const InboundOptions& options)
      : shared(shared),
        kind(TunnelKind::kInbound),
        name(options.name),
        target(options.forward),
        peers(options.allow),
        accept_proxy(options.accept_proxy),
        send_proxy(options.send_proxy),
        stats(std::move(stats)) {}

  TunnelSurroundings& shared;
  const TunnelKind kind;
  const std::string name;
  const Endpoint target;
  // Outbound: the one that is dialled. Inbound: those that may dial.
  const std::vector<skex::AgentId> peers;
  // See the options.
  const bool accept_proxy;
  const bool send_proxy;

  const std::shared_ptr<TunnelStats> stats;
  // Attempts after a refusal, an alert that anyone on the path can forge:
  // without a limit it would turn each connection into several, and burn keys.
  RateBudget retries{256};
  // Warnings that a limit is reached, and log lines about connections and
  // attempts without a complete handshake: a flood must not fill the log.
  RateBudget limit_warnings{1};
  RateBudget failure_lines{10};
};

}  // namespace service

#endif  // SERVICE_SIDECAR_TUNNEL_H_
