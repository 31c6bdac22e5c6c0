#ifndef SKEX_NODE_HUB_NODE_H_
#define SKEX_NODE_HUB_NODE_H_

#include <cstddef>
#include <cstdint>
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
#include "skex/dske/relay.h"
#include "skex/pad/pad.h"
#include "skex/wire/link.h"

namespace skex {

// Names one stream of a transport; chosen by the transport, never reused.
using StreamNumber = uint64_t;

// HubNode is one hub: a link for each enrolled agent and the relay between
// them. A stream belongs to no agent until its hello has verified; a new
// stream of an agent replaces the one before.
//
// Does no I/O besides the pads' storage. Thread-compatible.
class HubNode {
 public:
  struct Options {
    HubId self;
    BootId boot;
    Entropy* entropy;  // must outlive the node
    Relay::Options relay;
  };

  explicit HubNode(const Options& options);

  // Takes an agent in; `pad` must live until RemovePad() or RemoveAgent(). Each
  // agent once.
  void AddAgent(const AgentId& agent, Pad* pad,
                const Relay::Enrolment& enrolment);
  // One more pad of an enrolled agent, the newest; see Link.
  void AddPad(const AgentId& agent, Pad* pad);
  // Lets a pad go; not an agent's last one.
  void RemovePad(const AgentId& agent, const TableId& table);
  // Changes what an enrolled agent allows.
  void UpdateAgent(const AgentId& agent, const Relay::Enrolment& enrolment);
  // Returns the stream that is to be closed, if there is one.
  std::optional<StreamNumber> RemoveAgent(const AgentId& agent);

  // A stream has begun. Its challenge is among the frames.
  void OnStreamUp(StreamNumber stream);
  void OnStreamDown(StreamNumber stream);

  // A frame came. Returns why it was refused; a refused frame has changed
  // nothing. UNAUTHENTICATED means that the stream is to be closed: what came
  // before a valid hello, or names no agent of this hub.
  absl::Status OnFrame(StreamNumber stream, absl::Span<const uint8_t> bytes,
                       const Instant& now);

  void OnTime(const Instant& now);

  // Frames to send, in the order of each stream.
  std::vector<std::pair<StreamNumber, std::string>> TakeFrames();
  // Streams that were replaced by newer ones of the same agent and are to be
  // closed.
  std::vector<StreamNumber> TakeReplaced();

  const Link& link(const AgentId& agent) const {
    return *agents_.at(agent).link;
  }
  const Relay& relay() const { return relay_; }
  // The agent that a stream has proven to be.
  std::optional<AgentId> AgentOf(StreamNumber stream) const;

 private:
  struct Agent {
    std::unique_ptr<Link> link;
    std::optional<StreamNumber> stream;
  };
  struct Stream {
    Nonce challenge;
    std::optional<AgentId> agent;  // once a hello of it has verified
    size_t refused = 0;            // hellos before that
  };

  // The first hellos, until one verifies.
  absl::Status OnHello(StreamNumber number, Stream& stream,
                       absl::Span<const uint8_t> bytes);
  void Collect(Agent& agent);

  const Options options_;
  Relay relay_;
  std::map<AgentId, Agent> agents_;
  std::map<StreamNumber, Stream> streams_;
  absl::Duration links_due_ = -absl::InfiniteDuration();
  std::vector<std::pair<StreamNumber, std::string>> frames_;
  std::vector<StreamNumber> replaced_;
};

}  // namespace skex

#endif  // SKEX_NODE_HUB_NODE_H_
