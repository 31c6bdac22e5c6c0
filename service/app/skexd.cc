// skexd: the agent. Puts together key management, the sidecar's tunnels, the
// admin and delivery APIs and the metrics; all the work is elsewhere.

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/admin/admin_server.h"
#include "service/agent/agent_runtime.h"
#include "service/agent/views.h"
#include "service/app/agent_options.h"
#include "service/app/notify.h"
#include "service/app/run_daemon.h"
#include "service/app/status_log.h"
#include "service/app/watchdog.h"
#include "service/base/monotonic_time.h"
#include "service/config/agent_config.h"
#include "service/delivery/delivery_service.h"
#include "service/log/log.h"
#include "service/metrics/agent_metrics.h"
#include "service/metrics/metrics_server.h"
#include "service/sidecar/passed_sockets.h"
#include "service/sidecar/sidecar.h"
#include "service/storage/posix_file_system.h"
#include "service/storage/state_dir.h"

namespace service {
namespace {

// All parts of a running agent, in the order of their start; destroyed in the
// reverse.
class Agent {
 public:
  Agent(const AgentConfig& config, Log& log, const Notifier& notifier,
        ConfigReader<AgentConfig> read_config)
      : config_(config),
        log_(log),
        notifier_(notifier),
        read_config_(std::move(read_config)) {}

  // Opens and binds everything, then starts it. An error leaves nothing
  // running.
  absl::Status Start(PassedSockets sockets);

  absl::Status Reload() { return runtime_->Reload().status(); }
  void LogStatus() { service::LogStatus(runtime_->Status(), log_); }
  std::vector<Watchdog::Ping> Pings();

  // Ends in order: no new connections, drain, then the rest.
  void Stop();

 private:
  absl::Status StartTunnels(PassedSockets sockets);
  absl::Status StartApis();
  absl::StatusOr<AgentRuntime::ChangeTunnels> PlanTunnels(
      const AgentConfig& config);
  void OnReadiness(const std::string& why_not, size_t peers);
  std::vector<TunnelView> Tunnels() const {
    std::vector<TunnelView> views;
    for (const TunnelSnapshot& tunnel : sidecar_->Tunnels()) {
      views.push_back(ViewOf(tunnel));
    }
    return views;
  }

  const AgentConfig& config_;
  Log& log_;
  const Notifier& notifier_;
  const ConfigReader<AgentConfig> read_config_;
  std::unique_ptr<StateDir> state_;
  std::unique_ptr<AgentRuntime> runtime_;
  std::shared_ptr<AgentMetrics> metrics_;
  std::unique_ptr<Sidecar> sidecar_;
  std::unique_ptr<AdminServer> admin_;
  std::unique_ptr<AdminServer> delivery_;
  std::unique_ptr<MetricsServer> metrics_server_;
  // Without a start its error is all there is to say.
  bool started_ = false;
};

absl::Status Agent::Start(PassedSockets sockets) {
  FileSystem* files = PosixFileSystem();
  absl::StatusOr<std::unique_ptr<StateDir>> state =
      StateDir::Open(files, config_.daemon.state_dir, "agent");
  if (!state.ok()) return state.status();
  state_ = *std::move(state);

  absl::StatusOr<std::unique_ptr<AgentRuntime>> runtime =
      AgentRuntime::Create(config_, files, &log_);
  if (!runtime.ok()) return runtime.status();
  runtime_ = *std::move(runtime);

  metrics_ = std::make_shared<AgentMetrics>(MetricNamesOf(config_), [this] {
    return AgentMetrics::Snapshot{runtime_->Status(), sidecar_->Tunnels()};
  });
  absl::Status status = StartTunnels(std::move(sockets));
  if (!status.ok()) return status;
  status = StartApis();
  if (!status.ok()) return status;
  if (config_.daemon.metrics_listen.has_value()) {
    absl::StatusOr<std::unique_ptr<MetricsServer>> server =
        MetricsServer::Start(config_.daemon.metrics_listen->ToString());
    if (!server.ok()) return server.status();
    metrics_server_ = *std::move(server);
  }

  runtime_->Start(
      {.metrics = metrics_.get(),
       .tunnels = [this] { return Tunnels(); },
       .on_readiness = [this](const std::string& why_not,
                              size_t peers) { OnReadiness(why_not, peers); },
       .read_config = read_config_,
       .plan_tunnels =
           [this](const AgentConfig& config) { return PlanTunnels(config); }});
  sidecar_->Start();
  if (metrics_server_ != nullptr) {
    metrics_server_->Add(metrics_);
    log_.Info("listening",
              {{"what", "metrics"}, {"address", metrics_server_->address()}});
  }
  started_ = true;
  return absl::OkStatus();
}

absl::Status Agent::StartTunnels(PassedSockets sockets) {
  absl::StatusOr<std::shared_ptr<const tlsbridge::Context>> tls =
      tlsbridge::Context::Create(TlsPolicyOf(config_.tls), MonotonicNow);
  if (!tls.ok()) return tls.status();
  absl::StatusOr<std::unique_ptr<Sidecar>> sidecar = Sidecar::Create(
      SidecarOptionsOf(config_), runtime_->psks(), *std::move(tls), log_,
      metrics_.get(), &runtime_->lanes(), &sockets);
  if (!sidecar.ok()) return sidecar.status();
  sidecar_ = *std::move(sidecar);
  return sockets.CheckAllTaken(
      "give a tunnel that address as its `listen`, or take the socket out of "
      "the socket unit");
}

void Agent::OnReadiness(const std::string& why_not, size_t peers) {
  admin_->SetServing(why_not.empty());
  notifier_.Status(
      why_not.empty()
          ? absl::StrCat("ready; ", peers, peers == 1 ? " peer" : " peers")
          : absl::StrCat("not ready: ", why_not));
}

std::vector<Watchdog::Ping> Agent::Pings() {
  return {[this](auto answer) { runtime_->Ping(std::move(answer)); },
          [this](auto answer) { sidecar_->Ping(std::move(answer)); }};
}

absl::Status Agent::StartApis() {
  absl::StatusOr<std::unique_ptr<AdminServer>> admin =
      AdminServer::StartAgent(config_.daemon.admin_socket, *runtime_, log_);
  if (!admin.ok()) return admin.status();
  admin_ = *std::move(admin);
  admin_->SetServing(false);
  if (config_.delivery_socket.empty()) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<AdminServer>> delivery = AdminServer::Start(
      config_.delivery_socket,
      std::make_unique<DeliveryService>(runtime_->delivery()),
      skex::delivery::v1::KeyDelivery::service_full_name(), log_);
  if (!delivery.ok()) return delivery.status();
  delivery_ = *std::move(delivery);
  return absl::OkStatus();
}

absl::StatusOr<AgentRuntime::ChangeTunnels> Agent::PlanTunnels(
    const AgentConfig& config) {
  absl::StatusOr<TunnelChange> change =
      sidecar_->Plan(SidecarOptionsOf(config));
  if (!change.ok()) return change.status();
  return [this, change = *std::move(change)]() mutable {
    const TunnelChanges done = sidecar_->Apply(std::move(change));
    return absl::StrCat("tunnels: ", done.added, " new, ", done.changed,
                        " changed, ", done.removed, " removed");
  };
}

void Agent::Stop() {
  if (sidecar_ != nullptr) {
    const size_t reset = sidecar_->Drain(config_.limits.drain_timeout);
    if (started_) log_.Info("drained", {{"reset", reset}});
  }
  if (runtime_ != nullptr) runtime_->Stop();
  const absl::Time deadline = absl::Now() + absl::Seconds(1);
  if (delivery_ != nullptr) delivery_->Shutdown(deadline);
  if (admin_ != nullptr) admin_->Shutdown(deadline);
  metrics_server_.reset();
}

}  // namespace
}  // namespace service

int main(int argc, char** argv) {
  return service::RunDaemon<service::Agent>(
      argc, argv, "skexd",
      "The agent: establishes keys with peers, through hubs or directly, and "
      "carries TCP connections to them over TLS 1.3 with those keys.",
      &service::LoadAgentConfig);
}
