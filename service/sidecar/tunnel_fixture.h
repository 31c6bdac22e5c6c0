#ifndef SERVICE_SIDECAR_TUNNEL_FIXTURE_H_
#define SERVICE_SIDECAR_TUNNEL_FIXTURE_H_

#include <cstddef>
#include <memory>
#include <sstream>
#include <string>

#include "gtest/gtest.h"
#include "service/log/log.h"
#include "service/sidecar/fake_psk_provider.h"
#include "service/sidecar/lane_answerer.h"
#include "service/sidecar/loopback.h"
#include "service/sidecar/options.h"
#include "service/sidecar/raw_tls_peer.h"
#include "service/sidecar/sidecar.h"
#include "skex/base/ids.h"
#include "tlsbridge/session.h"

namespace service {

// The names of the two agents in the tests of the sidecar.
skex::AgentId Alice();
skex::AgentId Bob();

// One agent of a test: its keys, its sidecar and what it logs. The sidecar has
// two workers, unless a test says otherwise.
struct TestAgent {
  // Starts the sidecar. Ends the test's process if it cannot.
  void Start();

  // The only tunnel, as it is now.
  TunnelSnapshot Tunnel() const;
  Endpoint endpoint() const;

  // Stops the sidecar in order, so that all is counted: lets connections end
  // by themselves for a minute. Returns how many did not.
  size_t Finish();
  // After Finish(): what was logged.
  std::string logged() const { return log_text.str(); }

  std::ostringstream log_text;
  Log log{LogLevel::kDebug, LogFormat::kText, log_text};
  FakePskProvider keys;
  SidecarOptions options;
  std::shared_ptr<const tlsbridge::Context> tls = TestTls();
  SidecarObserver* observer = nullptr;
  LaneAnswerer* lanes = nullptr;
  std::unique_ptr<Sidecar> sidecar;
};

// Alice dials; Bob answers and forwards to a backend that the test plays.
// Both have key 1. Tests change the agents, then call Start().
class TunnelFixture : public testing::Test {
 protected:
  TunnelFixture();

  // Starts both.
  void Start();
  // Starts one of them: the test plays the other end of the tunnel.
  void StartAlice(const Endpoint& connect);
  void StartBob();

  // Connects an app to Alice, and to what Bob forwards it to.
  struct Ends {
    TestStream app;
    TestStream backend;
  };
  Ends Open();

  TestServer backend_;
  TestAgent alice_;
  TestAgent bob_;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_TUNNEL_FIXTURE_H_
