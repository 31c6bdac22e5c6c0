#include "service/config/agent_config.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "service/config/config_file_testing.h"

namespace service {
namespace {

using AgentConfigTest = ConfigFileTest;

constexpr char kTop[] = "name = \"alice@north.example\"\nstate_dir = \"s\"\n";

TEST_F(AgentConfigTest, ReadsAFullFile) {
  const std::string hubs =
      absl::StrReplaceAll(ThreeHubs(), {{"pad = \"hub1.pad\"",
                                         "pad = [\"hub1.pad\", \"hub4.pad\"]\n"
                                         "least_source = \"generator\""}});
  auto config = LoadAgent(hubs + R"(operator = "four.example"
[admin]
socket = "a.sock"
[metrics]
listen = "127.0.0.1:0"
[log]
level = "debug"
format = "json"
[audit]
pad_log = "use.log"
[tls]
cipher = "aes128gcm"
groups = ["p384", "x25519"]
[limits]
connections = 10
handshakes = 11
connections_per_source = 12
connect_timeout = "1s"
handshake_timeout = "2s"
idle_timeout = "3s"
max_age = "6s"
drain_timeout = "4s"
key_wait = "5s"
[[peer]]
name = "bob@south.example"
mode = "both"
hubs_down = "unmediated_only"
address = "10.0.0.3:8443"
hubs = ["hub1@one.example", "hub3@three.example"]
threshold = 2
min_hubs = 2
freshness = "exchange"
rekey_interval = "10s"
key_lifetime = "20s"
overlap = "5s"
connections_per_key = 100
pool_low = 3
pool_high = 5
exchange_timeout = "1s"
[[outbound]]
name = "to-bob"
listen = "unix:bob.sock"
peer = "bob@south.example"
connect = "10.0.0.2:8443"
[[inbound]]
name = "web"
listen = "0.0.0.0:8443"
allow = ["bob@south.example"]
forward = "127.0.0.1:80"
)");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->name.text(), "alice@north.example");
  EXPECT_EQ(config->daemon.file, Path("agent.toml"));
  EXPECT_EQ(config->daemon.state_dir, Path("state"));
  EXPECT_EQ(config->daemon.admin_socket, Path("a.sock"));
  EXPECT_EQ(config->daemon.metrics_listen->ToString(), "127.0.0.1:0");
  EXPECT_EQ(config->daemon.log_level, LogLevel::kDebug);
  EXPECT_EQ(config->daemon.log_format, LogFormat::kJson);
  EXPECT_EQ(config->daemon.pad_log, Path("use.log"));
  EXPECT_EQ(config->tls.cipher, TlsCipher::kAes128Gcm);
  EXPECT_EQ(config->tls.groups,
            (std::vector<TlsGroup>{TlsGroup::kP384, TlsGroup::kX25519}));
  EXPECT_EQ(config->limits.connections, 10u);
  EXPECT_EQ(config->limits.handshakes, 11u);
  EXPECT_EQ(config->limits.connections_per_source, 12u);
  EXPECT_EQ(config->limits.connect_timeout, absl::Seconds(1));
  EXPECT_EQ(config->limits.handshake_timeout, absl::Seconds(2));
  EXPECT_EQ(config->limits.idle_timeout, absl::Seconds(3));
  EXPECT_EQ(config->limits.max_age, absl::Seconds(6));
  EXPECT_EQ(config->limits.drain_timeout, absl::Seconds(4));
  EXPECT_EQ(config->limits.key_wait, absl::Seconds(5));
  ASSERT_EQ(config->hubs.size(), 3u);
  EXPECT_EQ(config->hubs[0].name.text(), "hub1@one.example");
  EXPECT_EQ(config->hubs[0].address.port, 7001);
  EXPECT_EQ(config->hubs[0].pads,
            (std::vector<std::string>{Path("hub1.pad"), Path("hub4.pad")}));
  EXPECT_EQ(config->hubs[0].operator_name, "one.example");
  EXPECT_EQ(config->hubs[0].least_source, skex::PadSource::kGenerator);
  EXPECT_EQ(config->hubs[2].operator_name, "four.example");
  ASSERT_EQ(config->peers.size(), 1u);
  const PeerEntry& peer = config->peers[0];
  EXPECT_EQ(peer.mode, skex::KeySource::kBoth);
  EXPECT_TRUE(peer.unmediated_when_hubs_down);
  EXPECT_EQ(peer.address->ToString(), "10.0.0.3:8443");
  EXPECT_EQ(peer.hubs.size(), 2u);
  EXPECT_EQ(peer.threshold, 2u);
  EXPECT_EQ(peer.min_hubs, 2u);
  EXPECT_FALSE(peer.central_trust);
  EXPECT_EQ(peer.freshness, skex::Freshness::kExchange);
  EXPECT_EQ(peer.rekey_interval, absl::Seconds(10));
  EXPECT_EQ(peer.key_lifetime, absl::Seconds(20));
  EXPECT_EQ(peer.overlap, absl::Seconds(5));
  EXPECT_EQ(peer.connections_per_key, 100u);
  EXPECT_EQ(peer.pool_low, 3u);
  EXPECT_EQ(peer.pool_high, 5u);
  EXPECT_EQ(peer.exchange_timeout, absl::Seconds(1));
  ASSERT_EQ(config->outbounds.size(), 1u);
  EXPECT_EQ(config->outbounds[0].listen.path, Path("bob.sock"));
  EXPECT_EQ(config->outbounds[0].connect.ToString(), "10.0.0.2:8443");
  ASSERT_EQ(config->inbounds.size(), 1u);
  EXPECT_EQ(config->inbounds[0].allow[0].text(), "bob@south.example");
  EXPECT_EQ(config->inbounds[0].forward.ToString(), "127.0.0.1:80");
}

TEST_F(AgentConfigTest, HasTheDocumentedDefaults) {
  auto config = LoadAgent(OnePeer());
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->hubs[0].least_source, std::nullopt);
  EXPECT_EQ(config->daemon.admin_socket, Path("state/admin.sock"));
  EXPECT_FALSE(config->daemon.metrics_listen.has_value());
  EXPECT_EQ(config->daemon.log_level, LogLevel::kInfo);
  EXPECT_EQ(config->daemon.log_format, LogFormat::kText);
  EXPECT_EQ(config->daemon.pad_log, "");
  EXPECT_EQ(config->tls.cipher, TlsCipher::kAes256Gcm);
  EXPECT_EQ(config->tls.groups.size(), 3u);
  EXPECT_EQ(config->limits.connections, 9000u);
  EXPECT_EQ(config->limits.handshakes, 512u);
  EXPECT_EQ(config->limits.connections_per_source, 0u);
  EXPECT_EQ(config->limits.connect_timeout, absl::Seconds(5));
  EXPECT_EQ(config->limits.handshake_timeout, absl::Seconds(10));
  EXPECT_EQ(config->limits.idle_timeout, absl::ZeroDuration());
  EXPECT_EQ(config->limits.max_age, absl::ZeroDuration());
  EXPECT_EQ(config->limits.drain_timeout, absl::Seconds(10));
  EXPECT_EQ(config->limits.key_wait, absl::Milliseconds(500));
  const PeerEntry& peer = config->peers[0];
  EXPECT_EQ(peer.mode, skex::KeySource::kDske);
  EXPECT_FALSE(peer.unmediated_when_hubs_down);
  EXPECT_FALSE(peer.address.has_value());
  EXPECT_EQ(peer.hubs.size(), 3u);
  EXPECT_EQ(peer.min_hubs, 2u);
  EXPECT_EQ(peer.freshness, skex::Freshness::kDerived);
  EXPECT_EQ(peer.rekey_interval, absl::Minutes(1));
  EXPECT_EQ(peer.key_lifetime, absl::Hours(1));
  EXPECT_EQ(peer.overlap, absl::Seconds(30));
  EXPECT_EQ(peer.connections_per_key, 1u << 20);
  EXPECT_EQ(peer.pool_low, 2u);
  EXPECT_EQ(peer.pool_high, 4u);
  EXPECT_EQ(peer.exchange_timeout, absl::Seconds(3));
}

TEST_F(AgentConfigTest, RefusesErrorsOfTheTop) {
  EXPECT_EQ(AgentError("state_dir = \"s\"\n"),
            "agent.toml:1:1: the key 'name' is missing; add for example name = "
            "\"alice@north.example\"");
  EXPECT_EQ(AgentError("name = \"alice@north.example\"\n"),
            "agent.toml:1:1: the key 'state_dir' is missing; add for example "
            "state_dir = \"state\"");
  EXPECT_EQ(AgentError("name = \"Alice\"\nstate_dir = \"s\"\n"),
            "agent.toml:1:8: 'Alice' is not a name: want name@domain in "
            "lower-case letters, digits, '.', '-' and '_', at most 128 bytes");
  EXPECT_EQ(AgentError(std::string(kTop) + "[limit]\n"),
            "agent.toml:3:2: unknown key 'limit'; did you mean 'limits'?");
}

TEST_F(AgentConfigTest, RefusesErrorsOfTheDaemon) {
  const std::string top = kTop;
  EXPECT_EQ(AgentError(top + "[log]\nlevel = \"loud\"\n"),
            "agent.toml:4:9: 'level' cannot be 'loud'; use one of: debug, "
            "info, warning, error, off");
  EXPECT_EQ(AgentError(top + "[log]\nformat = \"xml\"\n"),
            "agent.toml:4:10: 'format' cannot be 'xml'; use one of: text, "
            "json");
  EXPECT_EQ(AgentError(top + "[metrics]\n"),
            "agent.toml:3:1: the key 'listen' is missing in this [metrics]; "
            "add for example listen = \"127.0.0.1:9464\"");
  EXPECT_EQ(AgentError(top + "[metrics]\nlisten = \"unix:/a\"\n"),
            "agent.toml:4:10: 'listen' cannot be a Unix socket; write for "
            "example listen = \"127.0.0.1:9464\"");
}

TEST_F(AgentConfigTest, RefusesALongAdminSocketAtItsPlace) {
  const std::string text = std::string(kTop) + "[admin]\nsocket = \"" +
                           std::string(200, 'x') + "\"\n";
  EXPECT_EQ(AgentError(text).substr(0, 16), "agent.toml:4:10:");
  EXPECT_NE(AgentError(text).find("to a shorter path"), std::string::npos);
  const std::string long_state =
      "name = \"alice@north.example\"\nstate_dir = \"" + std::string(200, 'x') +
      "\"\n";
  EXPECT_EQ(AgentError(long_state).substr(0, 16), "agent.toml:2:13:");
}

TEST_F(AgentConfigTest, RefusesErrorsOfTls) {
  const std::string top = std::string(kTop) + "[tls]\n";
  EXPECT_EQ(AgentError(top + "cipher = \"rc4\"\n"),
            "agent.toml:4:10: 'cipher' cannot be 'rc4'; use one of: aes256gcm, "
            "aes128gcm, chacha20poly1305");
  EXPECT_EQ(AgentError(top + "groups = []\n"),
            "agent.toml:4:10: 'groups' is empty; name at least one of: x25519, "
            "p256, p384");
  EXPECT_EQ(AgentError(top + "groups = [\"p256\", \"p521\"]\n"),
            "agent.toml:4:19: unknown group 'p521'; use some of: x25519, p256, "
            "p384");
  EXPECT_EQ(AgentError(top + "groups = [\"p256\", \"p256\"]\n"),
            "agent.toml:4:19: group 'p256' is listed twice; remove one");
}

TEST_F(AgentConfigTest, RefusesErrorsOfLimits) {
  const std::string top = std::string(kTop) + "[limits]\n";
  EXPECT_EQ(AgentError(top + "connections = 0\n"),
            "agent.toml:4:15: 'connections' is 0; choose an integer from 1 to "
            "1000000");
  EXPECT_EQ(AgentError(top + "handshake_timeout = \"0s\"\n"),
            "agent.toml:4:21: 'handshake_timeout' is 0; choose a duration from "
            "10ms to 10m");
  EXPECT_EQ(AgentError(top + "connections_per_source = 1000001\n"),
            "agent.toml:4:26: 'connections_per_source' is 1000001; choose an "
            "integer from 0 to 1000000");
  EXPECT_EQ(AgentError(top + "max_age = \"8761h\"\n"),
            "agent.toml:4:11: 'max_age' is 8761h; choose a duration from 0 to "
            "8760h");
  EXPECT_TRUE(LoadAgent(top + "idle_timeout = \"0s\"\n").ok());
  EXPECT_TRUE(LoadAgent(top + "max_age = \"0s\"\n").ok());
}

TEST_F(AgentConfigTest, RefusesErrorsOfHubs) {
  const std::string top =
      std::string(kTop) + "[[hub]]\nname = \"hub1@one.example\"\n";
  const std::string good =
      top + "address = \"127.0.0.1:7001\"\npad = \"hub1.pad\"\n";
  EXPECT_TRUE(LoadAgent(good).ok());
  EXPECT_EQ(AgentError(top + "address = \"127.0.0.1\"\npad = \"hub1.pad\"\n"),
            "agent.toml:5:11: '127.0.0.1' is not an address: no port; want "
            "ip:port, [ipv6]:port, host:port or unix:/path");
  EXPECT_EQ(AgentError(top + "address = \"127.0.0.1:0\"\npad = \"hub1.pad\"\n"),
            "agent.toml:5:11: 'address' has port 0, to which nobody can "
            "connect; give the port of the other end");
  EXPECT_EQ(AgentError(top + "address = \"a:1\"\npad = \"none.pad\"\n"),
            "agent.toml:6:7: pad none.pad: cannot look at: No such file or "
            "directory; put there what the operator of hub1@one.example made "
            "with skexctl enrol");
  EXPECT_EQ(AgentError(top + "address = \"a:1\"\npad = \".\"\n"),
            "agent.toml:6:7: pad . is not a regular file; give the path of the "
            "pad itself");
  EXPECT_EQ(AgentError(top + "address = \"a:1\"\n"),
            "agent.toml:3:1: the key 'pad' is missing in this [[hub]]; add for "
            "example pad = \"pads/hub1.pad\"");
  EXPECT_EQ(AgentError(good + "[[hub]]\nname = \"hub1@one.example\"\n"
                              "address = \"a:1\"\npad = \"hub2.pad\"\n"),
            "agent.toml:8:8: hub 'hub1@one.example' is configured twice; "
            "remove one");
  EXPECT_EQ(AgentError(good + "[[hub]]\nname = \"hub2@one.example\"\n"
                              "address = \"a:1\"\npad = \"hub1.pad\"\n"),
            "agent.toml:10:7: pad hub1.pad belongs to hub 'hub1@one.example'; "
            "give each hub its own");
}

TEST_F(AgentConfigTest, ReportsAMissingFileInOneLine) {
  EXPECT_EQ(Stripped(LoadAgentConfig(Path("no.toml")).status()),
            "no.toml: cannot open: No such file or directory; give the path of "
            "a file, or make one with skexctl init");
}

}  // namespace
}  // namespace service
