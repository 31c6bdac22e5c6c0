#ifndef SERVICE_AGENT_AGENT_HUBS_H_
#define SERVICE_AGENT_AGENT_HUBS_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/admin/control.h"
#include "service/base/event_loop.h"
#include "service/config/agent_config.h"
#include "service/config/endpoint.h"
#include "service/log/log.h"
#include "service/metrics/agent_metrics.h"
#include "service/pads/open_pads.h"
#include "service/pads/pad_erasure.h"
#include "service/pads/pad_watch.h"
#include "service/relay/hub_connection.h"
#include "service/storage/file_system.h"
#include "service/storage/pad_audit.h"
#include "skex/base/ids.h"
#include "skex/node/agent_node.h"
#include "skex/pad/pad_storage.h"

namespace service {

// AgentHubs is what an agent has of its hubs: the pads, and the streams, which
// it opens again when they break. The node decides what is said.
//
// Except where noted it belongs to the thread of the event loop.
class AgentHubs {
 public:
  // All must outlive it.
  AgentHubs(const skex::AgentId& self, FileSystem* files, skex::AgentNode* node,
            EventLoop* loop, Log* log);

  // Opens all pads and adds the hubs to the node; before the loop starts.
  // Returns the first pad's error, or that of the audit file.
  absl::Status Open(const AgentConfig& config);
  // From now on streams are opened. Before the loop starts. `metrics` may be
  // null.
  void Start(AgentMetrics* metrics);

  // Opens the streams that are due.
  void Connect(absl::Duration now);
  // When one is due next; infinite if none is.
  absl::Duration NextTime() const;
  // Sends what the node wants to say.
  void Send(std::vector<std::pair<skex::HubId, std::string>> frames);
  // Says which hubs have come or gone.
  void Watch();
  // Sees to the pads, and to streams that come to nothing. Now and then.
  void Tend(absl::Duration now);

  std::vector<HubView> View() const;

  // No stream is opened any more, and those that run end; the loop has to run
  // until quiet().
  void Disconnect();
  bool quiet() const;
  // Erases all used pad bytes, once the loop has ended.
  void EraseUsed();

  // What a configuration, read anew, changes of the pads. Planning reads whole
  // files: not on the loop's thread, with what Identities() said there, and not
  // while another plan is carried out.
  using Identities = std::map<skex::HubId, std::vector<skex::PadIdentity>>;
  using Changes = std::map<skex::HubId, PadChange>;
  Identities OpenIdentities() const;
  // FAILED_PRECONDITION if a hub is new, else the pads' errors.
  absl::StatusOr<Changes> Plan(const AgentConfig& config,
                               const Identities& open) const;
  // Returns a sentence on what has changed.
  std::string TakeOver(Changes changes);

 private:
  struct Hub {
    skex::HubId name;
    Endpoint address;
    OpenPads pads;
    std::unique_ptr<HubConnection> connection;
    bool streaming = false;       // a stream runs
    bool connected = false;       // as last logged
    absl::Duration connect_at;    // when not streaming
    absl::Duration connected_at;  // when it began, while streaming
    std::string last_error;
  };

  void OnFrame(Hub& hub, const std::string& frame);
  void OnEnd(Hub& hub, const absl::Status& status);
  // Why a hub is not connected, in one sentence.
  std::string Detail(const Hub& hub) const;

  const skex::AgentId self_;
  FileSystem* const files_;
  skex::AgentNode* const node_;
  EventLoop* const loop_;
  Log* const log_;
  AgentMetrics* metrics_ = nullptr;
  std::unique_ptr<PadAudit> audit_;
  std::map<skex::HubId, Hub> hubs_;
  PadErasure erasure_;
  PadWatch pad_watch_;
  bool stopping_ = false;
};

}  // namespace service

#endif  // SERVICE_AGENT_AGENT_HUBS_H_
