#include "service/agent/views.h"

#include <algorithm>

namespace service {

KeyView ViewOf(const skex::KeyListing& key) {
  KeyView view;
  view.id = key.id.Hex();
  view.peer = key.peer.text();
  view.role = key.dial ? "dial" : "accept";
  view.state = std::string(skex::KeyStateName(key.state));
  view.source = std::string(skex::KeySourceName(key.source));
  view.label = std::string(skex::KeyLabelName(key.label));
  view.hubs = NamesOf(key.hubs);
  view.threshold = key.threshold;
  view.age = key.age;
  view.expires_in = key.expires_in;
  view.uses = key.uses;
  view.use_limit = key.use_limit;
  return view;
}

void CountKey(const skex::KeyListing& key, std::vector<KeyCountView>& counts) {
  const KeyView view = ViewOf(key);
  const auto like = std::find_if(
      counts.begin(), counts.end(), [&view](const KeyCountView& count) {
        return count.role == view.role && count.source == view.source &&
               count.label == view.label;
      });
  if (like == counts.end()) {
    counts.push_back({view.role, view.source, view.label, 1});
  } else {
    ++like->keys;
  }
}

TunnelView ViewOf(const TunnelSnapshot& tunnel) {
  TunnelView view;
  view.name = tunnel.name;
  view.kind = std::string(TunnelKindName(tunnel.kind));
  view.listen = tunnel.listen;
  view.target = tunnel.target;
  view.peers = tunnel.peers;
  view.connections_open = tunnel.open;
  view.connections_total = tunnel.total;
  view.connections_failed = tunnel.failed;
  view.handshakes_ok = tunnel.Count(HandshakeResult::kOk);
  view.handshakes_refused = tunnel.Count(HandshakeResult::kRefused);
  view.handshakes_failed = tunnel.Count(HandshakeResult::kError) +
                           tunnel.Count(HandshakeResult::kTimeout);
  view.sent_bytes = tunnel.sent_bytes;
  view.received_bytes = tunnel.received_bytes;
  return view;
}

}  // namespace service
