#include "service/app/agent_options.h"

namespace service {
namespace {

tlsbridge::Cipher ToTls(TlsCipher cipher) {
  switch (cipher) {
    case TlsCipher::kAes256Gcm:
      return tlsbridge::Cipher::kAes256Gcm;
    case TlsCipher::kAes128Gcm:
      return tlsbridge::Cipher::kAes128Gcm;
    case TlsCipher::kChaCha20Poly1305:
      return tlsbridge::Cipher::kChaCha20Poly1305;
  }
  return tlsbridge::Cipher::kAes256Gcm;
}

tlsbridge::Group ToTls(TlsGroup group) {
  switch (group) {
    case TlsGroup::kX25519:
      return tlsbridge::Group::kX25519;
    case TlsGroup::kP256:
      return tlsbridge::Group::kP256;
    case TlsGroup::kP384:
      return tlsbridge::Group::kP384;
  }
  return tlsbridge::Group::kX25519;
}

}  // namespace

tlsbridge::Policy TlsPolicyOf(const TlsConfig& config) {
  tlsbridge::Policy policy;
  policy.cipher = ToTls(config.cipher);
  policy.groups.clear();
  for (TlsGroup group : config.groups) policy.groups.push_back(ToTls(group));
  return policy;
}

SidecarOptions SidecarOptionsOf(const AgentConfig& config) {
  SidecarOptions options;
  for (const OutboundEntry& entry : config.outbounds) {
    options.outbound.push_back({.name = entry.name,
                                .listen = entry.listen,
                                .peer = entry.peer,
                                .connect = entry.connect,
                                .accept_proxy = entry.accept_proxy,
                                .send_proxy = entry.send_proxy});
  }
  for (const InboundEntry& entry : config.inbounds) {
    options.inbound.push_back({.name = entry.name,
                               .listen = entry.listen,
                               .allow = entry.allow,
                               .forward = entry.forward,
                               .accept_proxy = entry.accept_proxy,
                               .send_proxy = entry.send_proxy});
  }
  options.limits.connections = config.limits.connections;
  options.limits.handshakes = config.limits.handshakes;
  options.limits.connections_per_source = config.limits.connections_per_source;
  options.limits.connect_timeout = config.limits.connect_timeout;
  options.limits.handshake_timeout = config.limits.handshake_timeout;
  options.limits.idle_timeout = config.limits.idle_timeout;
  options.limits.max_age = config.limits.max_age;
  options.limits.max_age_patience = config.limits.drain_timeout;
  options.limits.key_wait = config.limits.key_wait;
  return options;
}

AgentMetrics::Names MetricNamesOf(const AgentConfig& config) {
  AgentMetrics::Names names;
  for (const PeerEntry& peer : config.peers) {
    names.peers.push_back(peer.name.text());
  }
  for (const HubEntry& hub : config.hubs) {
    names.hubs.push_back(hub.name.text());
  }
  return names;
}

}  // namespace service
