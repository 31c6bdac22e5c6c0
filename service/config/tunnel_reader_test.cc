#include "service/config/tunnel_reader.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "service/config/config_file_testing.h"

namespace service {
namespace {

class TunnelReaderTest : public ConfigFileTest {
 protected:
  static std::string Outbound(absl::string_view listen = "127.0.0.1:8080",
                              absl::string_view name = "to-bob",
                              absl::string_view peer = "bob@south.example",
                              absl::string_view connect = "10.0.0.2:8443") {
    return absl::StrCat("[[outbound]]\nname = \"", name, "\"\nlisten = \"",
                        listen, "\"\npeer = \"", peer, "\"\nconnect = \"",
                        connect, "\"\n");
  }
  static std::string Inbound(absl::string_view forward = "127.0.0.1:80",
                             absl::string_view allow = "\"bob@south.example\"",
                             absl::string_view listen = "0.0.0.0:8443") {
    return absl::StrCat("[[inbound]]\nname = \"web\"\nlisten = \"", listen,
                        "\"\nallow = [", allow, "]\nforward = \"", forward,
                        "\"\n");
  }
};

TEST_F(TunnelReaderTest, KeepsThePlainSideOnThisMachine) {
  EXPECT_EQ(AgentError(OnePeer() + Outbound("0.0.0.0:8080")),
            "agent.toml:20:10: 'listen' is 0.0.0.0:8080, where unprotected "
            "bytes would leave this machine; use a loopback address or "
            "unix:/path, or accept it with unsafe_listen = true");
  EXPECT_EQ(AgentError(OnePeer() + Inbound("10.0.0.9:80")),
            "agent.toml:22:11: 'forward' is 10.0.0.9:80, where unprotected "
            "bytes would leave this machine; use a loopback address or "
            "unix:/path, or accept it with unsafe_forward = true");
  EXPECT_TRUE(
      LoadAgent(OnePeer() + Outbound("0.0.0.0:8080") + "unsafe_listen = true\n")
          .ok());
  EXPECT_TRUE(
      LoadAgent(OnePeer() + Inbound("10.0.0.9:80") + "unsafe_forward = true\n")
          .ok());
  EXPECT_TRUE(LoadAgent(OnePeer() + Outbound("unix:a.sock")).ok());
  EXPECT_TRUE(LoadAgent(OnePeer() + Inbound("unix:/a.sock")).ok());
}

TEST_F(TunnelReaderTest, RefusesPeersThatAreNotConfigured) {
  EXPECT_EQ(
      AgentError(OnePeer() + Outbound("127.0.0.1:1", "x", "eve@west.example")),
      "agent.toml:21:8: peer 'eve@west.example' is not configured; add a "
      "[[peer]] with this name");
  EXPECT_EQ(
      AgentError(OnePeer() + Inbound("127.0.0.1:1", "\"eve@west.example\"")),
      "agent.toml:21:10: peer 'eve@west.example' is not configured; add "
      "a [[peer]] with this name");
}

TEST_F(TunnelReaderTest, RefusesAnAllowListThatIsEmptyOrRepeatsItself) {
  EXPECT_EQ(AgentError(OnePeer() + Inbound("127.0.0.1:1", "")),
            "agent.toml:21:9: an inbound tunnel without allowed peers serves "
            "nobody; add for example allow = [\"alice@north.example\"]");
  EXPECT_EQ(AgentError(OnePeer() +
                       Inbound("127.0.0.1:1",
                               "\"bob@south.example\", \"bob@south.example\"")),
            "agent.toml:21:31: 'bob@south.example' is listed twice; remove "
            "one");
  EXPECT_EQ(AgentError(OnePeer() + Inbound("127.0.0.1:1", "\"bob\"")),
            "agent.toml:21:10: 'bob' is not a name: want name@domain in "
            "lower-case letters, digits, '.', '-' and '_', at most 128 bytes");
}

TEST_F(TunnelReaderTest, AllowListMayBeEmptyForLaneMessagesAlone) {
  const std::string delivers =
      OnePeer() +
      "mode = \"both\"\nfreshness = \"delivery\"\naddress = \"10.0.0.2:1\"\n";
  EXPECT_TRUE(LoadAgent(delivers + Inbound("127.0.0.1:1", "") +
                        "[delivery]\nsocket = \"keys.sock\"\n")
                  .ok());
}

TEST_F(TunnelReaderTest, RefusesRepeatedNamesAndAddresses) {
  EXPECT_EQ(AgentError(OnePeer() + Outbound() + Outbound("127.0.0.1:8081")),
            "agent.toml:24:8: tunnel 'to-bob' is configured twice; rename one");
  EXPECT_EQ(
      AgentError(OnePeer() + Outbound() + Outbound("127.0.0.1:8080", "other")),
      "agent.toml:25:10: two tunnels listen on 127.0.0.1:8080; change "
      "one of them");
  EXPECT_TRUE(LoadAgent(OnePeer() + Outbound("127.0.0.1:0") +
                        Outbound("127.0.0.1:0", "other"))
                  .ok());
}

TEST_F(TunnelReaderTest, RefusesNamesThatDoNotFitALabel) {
  EXPECT_EQ(AgentError(OnePeer() + Outbound("127.0.0.1:1", "to bob")),
            "agent.toml:19:8: 'to bob' is not a tunnel's name; use letters, "
            "digits, '-', '_' and '.', at most 64 of them");
}

TEST_F(TunnelReaderTest, TakesTcpOnTheProtectedSideOnly) {
  EXPECT_EQ(AgentError(OnePeer() + Outbound("127.0.0.1:1", "x",
                                            "bob@south.example", "unix:/a")),
            "agent.toml:22:11: 'connect' cannot be a Unix socket; write for "
            "example connect = \"10.0.0.2:8443\"");
  EXPECT_EQ(AgentError(OnePeer() + Outbound("127.0.0.1:1", "x",
                                            "bob@south.example", "a:0")),
            "agent.toml:22:11: 'connect' has port 0, to which nobody can "
            "connect; give the port of the other end");
  EXPECT_EQ(AgentError(OnePeer() + Inbound("127.0.0.1:1",
                                           "\"bob@south.example\"", "unix:/a")),
            "agent.toml:20:10: 'listen' cannot be a Unix socket; write for "
            "example listen = \"0.0.0.0:8443\"");
}

TEST_F(TunnelReaderTest, ProxyHeadersAreForThoseWhoAskForThem) {
  const auto plain = LoadAgent(OnePeer() + Outbound() + Inbound());
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_FALSE(plain->outbounds[0].accept_proxy);
  EXPECT_FALSE(plain->outbounds[0].send_proxy);
  EXPECT_FALSE(plain->inbounds[0].accept_proxy);
  EXPECT_FALSE(plain->inbounds[0].send_proxy);
  const auto accepts =
      LoadAgent(OnePeer() + Outbound() + "accept_proxy = true\n" + Inbound() +
                "accept_proxy = true\n");
  ASSERT_TRUE(accepts.ok()) << accepts.status();
  EXPECT_TRUE(accepts->outbounds[0].accept_proxy);
  EXPECT_FALSE(accepts->outbounds[0].send_proxy);
  EXPECT_TRUE(accepts->inbounds[0].accept_proxy);
  EXPECT_FALSE(accepts->inbounds[0].send_proxy);
  const auto sends = LoadAgent(OnePeer() + Outbound() + "send_proxy = true\n" +
                               Inbound() + "send_proxy = true\n");
  ASSERT_TRUE(sends.ok()) << sends.status();
  EXPECT_FALSE(sends->outbounds[0].accept_proxy);
  EXPECT_TRUE(sends->outbounds[0].send_proxy);
  EXPECT_FALSE(sends->inbounds[0].accept_proxy);
  EXPECT_TRUE(sends->inbounds[0].send_proxy);
  EXPECT_EQ(AgentError(OnePeer() + Outbound() + "send_proxy = \"v2\"\n")
                .substr(0, 16),
            "agent.toml:23:14");
}

TEST_F(TunnelReaderTest, RefusesUnknownKeys) {
  EXPECT_EQ(AgentError(OnePeer() + Outbound() + "unsafe_forward = true\n"),
            "agent.toml:23:1: unknown key 'unsafe_forward' in [[outbound]]; "
            "known here: name, listen, peer, connect, accept_proxy, "
            "send_proxy, unsafe_listen");
}

}  // namespace
}  // namespace service
