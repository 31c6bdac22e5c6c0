#include "service/agent/views.h"

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
  return view;
}

}  // namespace service
