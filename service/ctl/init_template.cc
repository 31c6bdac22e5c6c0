#include "service/ctl/init_template.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace service {
namespace {

constexpr absl::string_view kHead = R"(# Durations: "250ms", "30s", "10m", "1h".
# Relative paths are relative to the folder of this file.
# A line beginning with # and no space shows a default or an example; remove
# the # to change it.

)";

constexpr absl::string_view kDaemon = R"(
#[admin]
# The Unix socket for skexctl.
#socket = "admin.sock"

#[metrics]
# Prometheus metrics at /metrics. No table: none.
#listen = "127.0.0.1:9464"

#[log]
# debug, info, warning, error or off; text or json.
#level = "info"
#format = "text"

#[audit]
# A line for every use of pad bytes.
#pad_log = "pad-use.log"
)";

constexpr absl::string_view kAgentLimits = R"(
#[tls]
# aes256gcm, aes128gcm or chacha20poly1305.
#cipher = "aes256gcm"
#groups = ["x25519", "p256", "p384"]

#[limits]
#connections = 9000
# Handshakes under way at a time.
#handshakes = 512
# From one address, of IPv6 from one /64; this machine is one. 0: no limit.
#connections_per_source = 0
#connect_timeout = "5s"
#handshake_timeout = "10s"
# 0s: connections may be idle for ever.
#idle_timeout = "0s"
# 0s: connections may be of any age.
#max_age = "0s"
# How long connections may go on after SIGTERM, or after max_age.
#drain_timeout = "10s"
# How long a new connection waits for a key.
#key_wait = "500ms"
)";

constexpr absl::string_view kAgentNetwork = R"(
# A hub at which this agent is enrolled; one table for each. The operator of
# the hub makes the pad with skexctl enrol.
#[[hub]]
#name = "hub1@one.example"
#address = "127.0.0.1:7001"
# One pad, or the oldest first as in ["hub1.pad", "hub1-2.pad"].
#pad = "hub1.pad"
# The lowest source of a pad: physical, generator or stretch. Default: that of
# the oldest pad, but not below generator.
#least_source = "generator"
# Hubs of one operator count as one. Default: the domain of the hub's name.
#operator = "one.example"
#[[hub]]
#name = "hub2@two.example"
#address = "127.0.0.1:7002"
#pad = "hub2.pad"
#[[hub]]
#name = "hub3@three.example"
#address = "127.0.0.1:7003"
#pad = "hub3.pad"

# Another agent, and the policy for keys with it. Both ends configure the same
# hubs and threshold.
#[[peer]]
#name = "bob@south.example"
# dske: keys through hubs. unmediated: keys of the two agents alone, which need
# a pair of credentials, see skexctl pair. both: one of each, mixed.
# With both also hubs_down = "unmediated_only", to go on without hubs. With the
# latter two also address = "10.0.0.2:8443", where no outbound tunnel leads to
# the peer.
#mode = "dske"
# Default: all hubs of this file.
#hubs = ["hub1@one.example", "hub2@two.example", "hub3@three.example"]
# How many hubs together could read the keys (k).
#threshold = 2
# The fewest hubs with which a key is still established. Default: threshold.
#min_hubs = 2
# true accepts that one operator alone could read the keys.
#central_trust = false
# derived: many connections per key. exchange: a new key for each.
#freshness = "derived"
#rekey_interval = "60s"
#key_lifetime = "1h"
#overlap = "30s"
#connections_per_key = 1048576
# Keys kept ready.
#pool_low = 2
#pool_high = 4
#exchange_timeout = "3s"

# Plain connections in, TLS out to the inbound tunnel of a peer.
#[[outbound]]
#name = "to-bob"
#listen = "127.0.0.1:8080"
#peer = "bob@south.example"
#connect = "10.0.0.2:8443"
# true: a load balancer in front puts a PROXY header (version 2) before each
# connection; and: the application behind the peer wants one.
#accept_proxy = false
#send_proxy = false
# true accepts plain connections from other machines.
#unsafe_listen = false

# TLS in from peers, plain connections out to a local application.
#[[inbound]]
#name = "web"
#listen = "0.0.0.0:8443"
#allow = ["bob@south.example"]
#forward = "127.0.0.1:80"
# true: a load balancer in front puts a PROXY header (version 2) before TLS;
# and: the application wants one, with the peer's address and name.
#accept_proxy = false
#send_proxy = false
# true forwards plain bytes to another machine.
#unsafe_forward = false
)";

constexpr absl::string_view kHubLimits = R"(
#[limits]
# Exchanges under way at a time.
#exchanges = 4096
# How long a share waits for its responder.
#share_wait = "30s"
)";

template <typename Name>
std::string Local(const Name& name) {
  return name.text().substr(0, name.text().find('@'));
}

}  // namespace

std::string AgentTemplate(const skex::AgentId& name) {
  return absl::StrCat("# Configuration of an agent (skexd).\n", kHead,
                      "name = \"", name.text(), "\"\n\n",
                      "# Made with mode 0700 if missing. Never restore it from "
                      "a backup.\n",
                      "state_dir = \"", Local(name), "-state\"\n", kDaemon,
                      kAgentLimits, kAgentNetwork);
}

std::string HubTemplate(const skex::HubId& name) {
  return absl::StrCat(
      "# Configuration of a security hub (skex-hub).\n", kHead, "name = \"",
      name.text(), "\"\n\n", "# Where agents connect to.\n",
      "listen = \"127.0.0.1:7001\"\n\n",
      "# Made with mode 0700 if missing; holds the pads of the "
      "enrolled agents. Never\n# restore it from a backup.\n",
      "state_dir = \"", Local(name), "-state\"\n", kDaemon, kHubLimits);
}

}  // namespace service
