// skex-hub: a security hub. Puts together the relay, the admin API and the
// metrics; all the work is elsewhere.

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/admin/admin_server.h"
#include "service/app/notify.h"
#include "service/app/run_daemon.h"
#include "service/app/status_log.h"
#include "service/app/watchdog.h"
#include "service/config/hub_config.h"
#include "service/hub/hub_runtime.h"
#include "service/log/log.h"
#include "service/metrics/hub_metrics.h"
#include "service/metrics/metrics_server.h"
#include "service/sidecar/passed_sockets.h"
#include "service/storage/posix_file_system.h"
#include "service/storage/state_dir.h"

namespace service {
namespace {

// All parts of a running hub, in the order of their start; destroyed in the
// reverse.
class HubProcess {
 public:
  // Enrolments are all that is read again.
  HubProcess(const HubConfig& config, Log& log, const Notifier& notifier,
             const ConfigReader<HubConfig>&)
      : config_(config), log_(log), notifier_(notifier) {}

  // Opens and binds everything, then starts it. An error leaves nothing
  // running.
  absl::Status Start(PassedSockets sockets);
  absl::Status Reload() { return runtime_->Reload().status(); }
  void LogStatus() { service::LogStatus(runtime_->Status(), log_); }
  std::vector<Watchdog::Ping> Pings() {
    return {[this](auto answer) { runtime_->Ping(std::move(answer)); }};
  }
  void Stop();

 private:
  const HubConfig& config_;
  Log& log_;
  const Notifier& notifier_;
  std::unique_ptr<StateDir> state_;
  std::unique_ptr<HubRuntime> runtime_;
  std::shared_ptr<HubMetrics> metrics_;
  std::unique_ptr<AdminServer> admin_;
  std::unique_ptr<MetricsServer> metrics_server_;
};

absl::Status HubProcess::Start(PassedSockets sockets) {
  // gRPC opens the relay's address by itself. Without a hub for a moment agents
  // connect again and go on with the keys that they have.
  absl::Status status =
      sockets.CheckAllTaken("a hub listens by itself: disable the socket unit");
  if (!status.ok()) return status;
  FileSystem* files = PosixFileSystem();
  absl::StatusOr<std::unique_ptr<StateDir>> state =
      StateDir::Open(files, config_.daemon.state_dir, "hub");
  if (!state.ok()) return state.status();
  state_ = *std::move(state);

  absl::StatusOr<std::unique_ptr<HubRuntime>> runtime =
      HubRuntime::Create(config_, files, &log_);
  if (!runtime.ok()) return runtime.status();
  runtime_ = *std::move(runtime);
  metrics_ =
      std::make_shared<HubMetrics>([this] { return runtime_->Status(); });

  if (config_.daemon.metrics_listen.has_value()) {
    absl::StatusOr<std::unique_ptr<MetricsServer>> server =
        MetricsServer::Start(config_.daemon.metrics_listen->ToString());
    if (!server.ok()) return server.status();
    metrics_server_ = *std::move(server);
  }
  status = runtime_->Start(
      metrics_.get(), [this](size_t connected, size_t enrolled) {
        notifier_.Status(absl::StrCat("ready; ", connected, " of ", enrolled,
                                      " agents connected"));
      });
  if (!status.ok()) return status;
  absl::StatusOr<std::unique_ptr<AdminServer>> admin =
      AdminServer::StartHub(config_.daemon.admin_socket, *runtime_, log_);
  if (!admin.ok()) return admin.status();
  admin_ = *std::move(admin);

  log_.Info("listening", {{"what", "relay"}, {"address", runtime_->address()}});
  if (metrics_server_ != nullptr) {
    metrics_server_->Add(metrics_);
    log_.Info("listening",
              {{"what", "metrics"}, {"address", metrics_server_->address()}});
  }
  return absl::OkStatus();
}

void HubProcess::Stop() {
  if (runtime_ != nullptr) runtime_->Stop();
  if (admin_ != nullptr) admin_->Shutdown(absl::Now() + absl::Seconds(1));
  metrics_server_.reset();
}

}  // namespace
}  // namespace service

int main(int argc, char** argv) {
  return service::RunDaemon<service::HubProcess>(
      argc, argv, "skex-hub",
      "A security hub: relays shares of keys between the agents that are "
      "enrolled with it.",
      &service::LoadHubConfig);
}
