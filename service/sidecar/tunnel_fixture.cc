#include "service/sidecar/tunnel_fixture.h"

#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/status/statusor.h"

namespace service {

skex::AgentId Alice() {
  return skex::AgentId::Parse("alice@north.example").value();
}

skex::AgentId Bob() {
  return skex::AgentId::Parse("bob@south.example").value();
}

void TestAgent::Start() {
  absl::StatusOr<std::unique_ptr<Sidecar>> created =
      Sidecar::Create(options, keys, tls, log, observer, lanes);
  if (!created.ok()) {
    std::cerr << created.status() << std::endl;
    std::abort();
  }
  sidecar = *std::move(created);
  sidecar->Start();
}

TunnelSnapshot TestAgent::Tunnel() const { return sidecar->Tunnels().front(); }

Endpoint TestAgent::endpoint() const {
  return Endpoint::Parse(Tunnel().listen).value();
}

size_t TestAgent::Finish() { return sidecar->Drain(absl::Minutes(1)); }

TunnelFixture::TunnelFixture() {
  for (TestAgent* agent : {&alice_, &bob_}) {
    agent->options.workers = 2;
    // A time-out that no test waits for must not end it on a busy machine.
    agent->options.limits.connect_timeout = absl::Minutes(1);
    agent->options.limits.handshake_timeout = absl::Minutes(1);
    agent->options.limits.key_wait = absl::Minutes(1);
  }
  alice_.keys.DialWith(1);
  bob_.keys.AcceptFrom(Alice(), 1);
  bob_.options.inbound.push_back(
      {"from-alice", AnyPort(), {Alice()}, backend_.endpoint()});
  alice_.options.outbound.push_back(
      {"to-bob", AnyPort(), Bob(), DeadEndpoint()});
}

void TunnelFixture::Start() {
  StartBob();
  StartAlice(bob_.endpoint());
}

void TunnelFixture::StartAlice(const Endpoint& connect) {
  alice_.options.outbound.front().connect = connect;
  alice_.Start();
}

void TunnelFixture::StartBob() { bob_.Start(); }

TunnelFixture::Ends TunnelFixture::Open() {
  TestStream app = TestStream::Connect(alice_.endpoint());
  return {std::move(app), backend_.Accept()};
}

}  // namespace service
