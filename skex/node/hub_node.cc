#include "skex/node/hub_node.h"

#include <algorithm>

namespace skex {
namespace {

constexpr absl::Duration kLinkInterval = absl::Milliseconds(250);

}  // namespace

HubNode::HubNode(const Options& options)
    : options_(options), relay_(options.relay) {}

void HubNode::AddAgent(const AgentId& agent, Pad* pad,
                       const Relay::Enrolment& enrolment) {
  Agent& entry = agents_[agent];
  entry.link = std::make_unique<Link>(pad, options_.boot, options_.entropy);
  relay_.SetAgent(agent, entry.link.get(), enrolment);
}

void HubNode::AddPad(const AgentId& agent, Pad* pad) {
  agents_.at(agent).link->AddPad(pad);
}

void HubNode::RemovePad(const AgentId& agent, const TableId& table) {
  Agent& entry = agents_.at(agent);
  entry.link->RemovePad(table);
  Collect(entry);
}

void HubNode::UpdateAgent(const AgentId& agent,
                          const Relay::Enrolment& enrolment) {
  relay_.SetAgent(agent, agents_.at(agent).link.get(), enrolment);
}

std::optional<StreamNumber> HubNode::RemoveAgent(const AgentId& agent) {
  const auto found = agents_.find(agent);
  if (found == agents_.end()) return std::nullopt;
  const std::optional<StreamNumber> stream = found->second.stream;
  relay_.RemoveAgent(agent);
  agents_.erase(found);
  if (stream.has_value()) streams_.erase(*stream);
  return stream;
}

void HubNode::OnStreamUp(StreamNumber stream) {
  const Nonce nonce = RandomId<Nonce>(*options_.entropy);
  streams_[stream] = {.challenge = nonce};
  frames_.emplace_back(stream, EncodeChallenge(options_.self, nonce));
}

void HubNode::OnStreamDown(StreamNumber stream) {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  if (found->second.agent.has_value()) {
    Agent& agent = agents_.at(*found->second.agent);
    if (agent.stream == stream) {
      agent.link->Reset();
      agent.stream.reset();
    }
  }
  streams_.erase(found);
}

absl::Status HubNode::OnHello(StreamNumber number, Stream& stream,
                              absl::Span<const uint8_t> bytes) {
  absl::StatusOr<HelloNames> names = NamesOfHello(bytes);
  if (!names.ok()) return absl::UnauthenticatedError(names.status().message());
  const auto found = agents_.find(names->agent);
  if (found == agents_.end() ||
      !found->second.link->AcceptHello(stream.challenge, bytes).ok()) {
    // The same answer for an agent that is not enrolled and for a wrong key.
    // This hub may not have all pads of the agent: others may follow.
    const bool last = names->following == 0 || ++stream.refused >= kMostPads;
    return absl::Status(
        last ? absl::StatusCode::kUnauthenticated : absl::StatusCode::kNotFound,
        "hello does not verify");
  }
  Agent& agent = found->second;
  if (agent.stream.has_value()) {
    streams_.erase(*agent.stream);
    replaced_.push_back(*agent.stream);
  }
  agent.stream = number;
  stream.agent = names->agent;
  Collect(agent);
  return absl::OkStatus();
}

absl::Status HubNode::OnFrame(StreamNumber number,
                              absl::Span<const uint8_t> bytes,
                              const Instant& now) {
  const auto found = streams_.find(number);
  if (found == streams_.end()) {
    return absl::UnauthenticatedError("stream was replaced by a newer one");
  }
  Stream& stream = found->second;
  if (!stream.agent.has_value()) return OnHello(number, stream, bytes);
  const AgentId agent_id = *stream.agent;
  Agent& agent = agents_.at(agent_id);
  absl::StatusOr<std::optional<OpenedFrame>> opened = agent.link->Open(bytes);
  if (!opened.ok()) return opened.status();
  absl::Status status;
  if (opened->has_value()) {
    status = relay_.OnFrame(agent_id, **opened, now);
  } else {
    relay_.OnLinkReady(agent_id);
  }
  Collect(agent);
  for (const AgentId& touched : relay_.TakeTouched()) {
    const auto other = agents_.find(touched);
    if (other != agents_.end()) Collect(other->second);
  }
  return status;
}

void HubNode::OnTime(const Instant& now) {
  relay_.OnTime(now);
  // Links have time-outs of a second and more, and there may be many.
  if (now.mono < links_due_) return;
  links_due_ = now.mono + kLinkInterval;
  for (auto& [id, agent] : agents_) {
    agent.link->OnTime(now.mono);
    Collect(agent);
  }
}

void HubNode::Collect(Agent& agent) {
  for (std::string& frame : agent.link->TakeOutbox()) {
    if (agent.stream.has_value()) {
      frames_.emplace_back(*agent.stream, std::move(frame));
    }
  }
}

std::vector<std::pair<StreamNumber, std::string>> HubNode::TakeFrames() {
  return std::exchange(frames_, {});
}

std::vector<StreamNumber> HubNode::TakeReplaced() {
  return std::exchange(replaced_, {});
}

std::optional<AgentId> HubNode::AgentOf(StreamNumber stream) const {
  const auto found = streams_.find(stream);
  return found == streams_.end() ? std::nullopt : found->second.agent;
}

}  // namespace skex
