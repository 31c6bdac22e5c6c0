#ifndef SERVICE_HUB_HUB_RUNTIME_H_
#define SERVICE_HUB_HUB_RUNTIME_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/admin/control.h"
#include "service/base/event_loop.h"
#include "service/config/enrolment.h"
#include "service/config/hub_config.h"
#include "service/log/log.h"
#include "service/metrics/hub_metrics.h"
#include "service/pads/open_pads.h"
#include "service/pads/pad_erasure.h"
#include "service/pads/pad_watch.h"
#include "service/relay/relay_server.h"
#include "service/storage/pad_audit.h"
#include "service/storage/system_entropy.h"
#include "skex/node/hub_node.h"

namespace service {

// HubRuntime runs a hub: the relay on an event loop, the streams of the
// agents, the pads of all that are enrolled.
//
// All public functions are thread-safe, except where noted.
class HubRuntime : public HubControl {
 public:
  // Opens the pads of all enrolled agents; nothing runs yet. `files` and `log`
  // must outlive the runtime. Returns the first error of a pad or enrolment.
  static absl::StatusOr<std::unique_ptr<HubRuntime>> Create(
      const HubConfig& config, FileSystem* files, Log* log);

  // Calls Stop().
  ~HubRuntime() override;

  // How many agents are connected, and how many enrolled.
  using OnAgents = std::function<void(size_t connected, size_t enrolled)>;

  // Listens and starts. `metrics` may be null; else it outlives Stop().
  // `on_agents` is called on the event loop, at the start and when a number
  // changes. Once. Returns the error of RelayServer::Start().
  absl::Status Start(HubMetrics* metrics, OnAgents on_agents);

  // Ends the streams, erases used pad bytes.
  void Stop();

  // Where it listens; after Start().
  const std::string& address() const { return server_->address(); }

  // Calls `answer` when the event loop comes round; never if it does not, or
  // has stopped.
  void Ping(std::function<void()> answer) { loop_.Post(std::move(answer)); }

  HubStatusView Status() override;
  absl::StatusOr<std::string> Reload() override;

 private:
  struct Agent {
    OpenPads pads;
    Enrolment enrolment;
    bool connected = false;  // as last logged
  };
  // An agent whose files were read, and what is to change for it.
  struct Candidate {
    Enrolment enrolment;
    PadChange pads;
  };
  using Candidates = std::map<skex::AgentId, Candidate>;

  HubRuntime(const HubConfig& config, FileSystem* files, Log* log);

  absl::StatusOr<Candidates> ReadEnrolments();
  std::string TakeOver(Candidates candidates);
  void ChangePads(const skex::AgentId& name, Agent& agent, PadChange change);
  void Remove(const skex::AgentId& agent);

  // On the loop's thread.
  absl::Duration AfterTasks();
  // False if the stream is closed now.
  bool OnFrame(skex::StreamNumber stream, const std::string& frame);
  void SendFrames();
  void WatchAgents();
  void CloseSilentStreams(absl::Duration now);
  void Housekeep(absl::Duration now);
  HubStatusView StatusOnLoop();

  const HubConfig config_;
  FileSystem* const files_;
  Log* const log_;
  HubMetrics* metrics_ = nullptr;
  OnAgents on_agents_;
  SystemEntropy entropy_;
  std::unique_ptr<PadAudit> audit_;
  std::map<skex::AgentId, Agent> agents_;
  skex::HubNode node_;
  // Streams that have not proven anything yet, and until when they may.
  std::map<skex::StreamNumber, absl::Duration> strangers_;
  absl::Duration started_;
  absl::Duration housekeep_at_;
  PadErasure erasure_;
  PadWatch pad_watch_;
  // Connected and enrolled agents, as last told.
  std::optional<std::pair<size_t, size_t>> told_agents_;
  bool running_ = false;
  EventLoop loop_;
  // Behind the loop: its callbacks post to it until Shutdown().
  std::unique_ptr<RelayServer> server_;
};

}  // namespace service

#endif  // SERVICE_HUB_HUB_RUNTIME_H_
