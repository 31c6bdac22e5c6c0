#include "service/pairing/inspect_pair.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/pairing/pair_folder.h"
#include "service/storage/lane_file.h"
#include "skex/base/secret.h"
#include "skex/ratchet/lane_events.h"
#include "skex/ratchet/lane_state.h"

namespace service {
namespace {

using skex::AgentId;
using skex::LaneSide;

absl::Status ReadView(FileSystem& files, LaneSide side,
                      const AgentId& initiator, const AgentId& responder,
                      LaneView& view) {
  absl::StatusOr<skex::Secret> bytes = ReadLaneState(files, view.path);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<skex::LaneState> state =
      skex::LaneState::Decode(bytes->view());
  if (!state.ok()) {
    return absl::Status(state.status().code(),
                        absl::StrCat(view.path, ": ", state.status().message(),
                                     "; revoke the pair and make a new one"));
  }
  if (state->side != side || state->initiator != initiator ||
      state->responder != responder) {
    return absl::FailedPreconditionError(absl::StrCat(
        view.path, ": is the lane from ", state->initiator.text(), " to ",
        state->responder.text(),
        ", or its other end; put each lane back into its own folder"));
  }
  view.state_bytes = bytes->size();
  for (const skex::Lane& lane : state->lanes) {
    // The last leaf is never used.
    const uint64_t end = uint64_t{skex::kLastLeaf} + 1;
    const uint64_t tail = lane.tree.tail();
    view.roots.push_back(
        {lane.id, tail < end ? end - tail : 0, lane.tree.node_count()});
  }
  return absl::OkStatus();
}

LaneView View(FileSystem& files, const std::string& path, LaneSide side,
              const AgentId& initiator, const AgentId& responder) {
  LaneView view{.outgoing = side == LaneSide::kInitiator, .path = path};
  view.status = ReadView(files, side, initiator, responder, view);
  return view;
}

}  // namespace

absl::StatusOr<PairView> InspectPair(FileSystem& files,
                                     const std::string& state_dir,
                                     const AgentId& self, const AgentId& peer) {
  const std::string folder = PairFolder(state_dir, peer);
  absl::Status status = files.Info(folder).status();
  if (absl::IsNotFound(status)) {
    return absl::NotFoundError(
        absl::StrCat(self.text(), " has no lanes with ", peer.text(),
                     "; skexctl pair make, then pair import make some"));
  }
  if (!status.ok()) return status;
  return PairView{
      peer,
      View(files, OutgoingLanePath(folder), LaneSide::kInitiator, self, peer),
      View(files, IncomingLanePath(folder), LaneSide::kResponder, peer, self)};
}

absl::StatusOr<PairList> ListPairs(FileSystem& files,
                                   const std::string& state_dir) {
  PairList list;
  const std::string folder = PeersFolder(state_dir);
  absl::StatusOr<std::vector<std::string>> names = files.List(folder);
  if (absl::IsNotFound(names.status())) return list;
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    const std::string path = absl::StrCat(folder, "/", name);
    if (absl::StartsWith(name, ".")) {
      list.unfinished.push_back(path);
      continue;
    }
    absl::StatusOr<AgentId> peer = AgentId::Parse(name);
    if (!peer.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ": is not the folder of a peer; move it out of there"));
    }
    list.peers.push_back(*std::move(peer));
  }
  return list;
}

}  // namespace service
