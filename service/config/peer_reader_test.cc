#include "service/config/peer_reader.h"

#include <gtest/gtest.h>
#include <string.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/config/config_file_testing.h"

namespace service {
namespace {

class PeerReaderTest : public ConfigFileTest {
 protected:
  // `count` hubs of as many operators.
  std::string Hubs(int count) {
    std::string text =
        "name = \"alice@north.example\"\nstate_dir = \"state\"\n";
    for (int i = 0; i < count; ++i) {
      Write(absl::StrCat("h", i, ".pad"), "");
      absl::StrAppend(&text, "[[hub]]\nname = \"h", i, "@o", i,
                      ".example\"\naddress = \"a:1\"\npad = \"h", i,
                      ".pad\"\n");
    }
    return text;
  }

  static std::string Peer(absl::string_view lines) {
    return absl::StrCat("[[peer]]\nname = \"bob@south.example\"\n", lines);
  }

  // A file without hubs, to be continued in line 6.
  static std::string NoHubs() {
    return absl::StrCat(
        "name = \"alice@north.example\"\nstate_dir = \"state\"\n",
        Peer("mode = \"unmediated\"\n"));
  }

  static std::string Tunnel(absl::string_view name, absl::string_view connect) {
    return absl::StrCat("[[outbound]]\nname = \"", name,
                        "\"\nlisten = \"127.0.0.1:0\"\npeer = "
                        "\"bob@south.example\"\nconnect = \"",
                        connect, "\"\n");
  }
};

TEST_F(PeerReaderTest, RefusesABadName) {
  EXPECT_EQ(AgentError(ThreeHubs() + "[[peer]]\nname = \"bob\"\n"),
            "agent.toml:16:8: 'bob' is not a name: want name@domain in "
            "lower-case letters, digits, '.', '-' and '_', at most 128 bytes");
}

TEST_F(PeerReaderTest, RefusesItself) {
  EXPECT_EQ(AgentError(ThreeHubs() + "[[peer]]\nname = \"alice@north.example\""
                                     "\nthreshold = 2\n"),
            "agent.toml:16:8: this agent cannot be its own peer; name the "
            "other agent");
}

TEST_F(PeerReaderTest, RefusesAPeerTwice) {
  EXPECT_EQ(AgentError(OnePeer() + Peer("threshold = 2\n")),
            "agent.toml:19:8: peer 'bob@south.example' is configured twice; "
            "remove one");
}

TEST_F(PeerReaderTest, RefusesUnknownAndRepeatedHubs) {
  EXPECT_EQ(AgentError(ThreeHubs() + Peer("hubs = [\"hub9@one.example\"]\n")),
            "agent.toml:17:9: hub 'hub9@one.example' is not configured; add a "
            "[[hub]] with this name");
  EXPECT_EQ(AgentError(ThreeHubs() + Peer("hubs = [\"hub9\"]\n")),
            "agent.toml:17:9: 'hub9' is not a name: want name@domain in "
            "lower-case letters, digits, '.', '-' and '_', at most 128 bytes");
  EXPECT_EQ(AgentError(ThreeHubs() + Peer("hubs = [\"hub1@one.example\", "
                                          "\"hub1@one.example\"]\n")),
            "agent.toml:17:29: hub 'hub1@one.example' is listed twice; remove "
            "one");
}

TEST_F(PeerReaderTest, RefusesAPeerWithoutHubs) {
  EXPECT_EQ(AgentError(ThreeHubs() + Peer("hubs = []\nthreshold = 2\n")),
            "agent.toml:15:1: peer 'bob@south.example' has no hub; add a "
            "[[hub]] for each hub at which both agents are enrolled");
}

TEST_F(PeerReaderTest, RequiresAThreshold) {
  EXPECT_EQ(AgentError(ThreeHubs() + Peer("")),
            "agent.toml:15:1: the key 'threshold' is missing in this [[peer]]; "
            "add for example threshold = 2");
}

TEST_F(PeerReaderTest, RefusesAThresholdOutOfRange) {
  EXPECT_EQ(AgentError(ThreeHubs() + Peer("threshold = 0\n")),
            "agent.toml:17:13: 'threshold' is 0; choose an integer from 1 to "
            "32");
  EXPECT_EQ(AgentError(ThreeHubs() + Peer("threshold = 4\n")),
            "agent.toml:17:13: a threshold of 4 needs as many hubs, this peer "
            "has 3; lower the threshold or add hubs");
}

TEST_F(PeerReaderTest, RefusesAMinimumOutOfRange) {
  EXPECT_EQ(AgentError(OnePeer() + "min_hubs = 1\n"),
            "agent.toml:18:12: 'min_hubs' is 1; choose from the threshold, 2, "
            "to the number of hubs, 3");
  EXPECT_EQ(AgentError(OnePeer() + "min_hubs = 4\n"),
            "agent.toml:18:12: 'min_hubs' is 4; choose from the threshold, 2, "
            "to the number of hubs, 3");
}

TEST_F(PeerReaderTest, TakesAThresholdOfOneOnlyWithCentralTrust) {
  EXPECT_EQ(AgentError(ThreeHubs() + Peer("threshold = 1\n")),
            "agent.toml:17:13: with a threshold of 1 every single hub can read "
            "every key; raise it, or accept that with central_trust = true");
  EXPECT_TRUE(
      LoadAgent(ThreeHubs() + Peer("threshold = 1\ncentral_trust = true\n"))
          .ok());
}

TEST_F(PeerReaderTest, RefusesAnOperatorWithThresholdManyHubs) {
  const std::string hubs = absl::StrCat(ThreeHubs(), R"([[hub]]
name = "hub4@four.example"
address = "a:1"
pad = "hub4.pad"
operator = "one.example"
)");
  EXPECT_EQ(AgentError(hubs + Peer("threshold = 2\n")),
            "agent.toml:22:13: operator 'one.example' runs 2 hubs "
            "(hub1@one.example, hub4@four.example) and with a threshold of 2 "
            "could read every key with 'bob@south.example'; raise the "
            "threshold, use hubs of other operators, or accept it with "
            "central_trust = true");
  EXPECT_TRUE(LoadAgent(hubs + Peer("threshold = 3\n")).ok());
  EXPECT_TRUE(
      LoadAgent(hubs + Peer("threshold = 2\ncentral_trust = true\n")).ok());
  EXPECT_TRUE(LoadAgent(hubs + Peer("hubs = [\"hub1@one.example\", "
                                    "\"hub2@two.example\"]\nthreshold = 2\n"))
                  .ok());
}

TEST_F(PeerReaderTest, BoundsTheSearchForConsistentShares) {
  // C(17, 8) = 24310, C(16, 8) = 12870.
  EXPECT_EQ(AgentError(Hubs(17) + Peer("threshold = 8\n")),
            "agent.toml:73:13: 17 hubs with a threshold of 8 have 24310 "
            "subsets, at most 20000 can be searched; use fewer hubs or another "
            "threshold");
  EXPECT_TRUE(LoadAgent(Hubs(16) + Peer("threshold = 8\n")).ok());
  EXPECT_TRUE(LoadAgent(Hubs(32) + Peer("threshold = 2\n")).ok());
  EXPECT_TRUE(LoadAgent(Hubs(32) + Peer("threshold = 32\n")).ok());
}

TEST_F(PeerReaderTest, RefusesTooManyHubs) {
  EXPECT_EQ(AgentError(Hubs(33) + Peer("threshold = 2\n")),
            "agent.toml:135:1: peer 'bob@south.example' has 33 hubs; choose at "
            "most 32");
}

TEST_F(PeerReaderTest, RefusesAKeyThatExpiresWhileInUse) {
  EXPECT_EQ(AgentError(OnePeer() + "key_lifetime = \"80s\"\n"),
            "agent.toml:18:16: a key would be used for 1m and kept 30s longer, "
            "but expires after 1m20s; make key_lifetime at least "
            "rekey_interval + overlap");
  EXPECT_TRUE(LoadAgent(OnePeer() + "key_lifetime = \"90s\"\n").ok());
}

TEST_F(PeerReaderTest, RefusesBadKeySettings) {
  EXPECT_EQ(AgentError(OnePeer() + "freshness = \"often\"\n"),
            "agent.toml:18:13: 'freshness' cannot be 'often'; use one of: "
            "derived, exchange, delivery");
  EXPECT_EQ(AgentError(OnePeer() + "rekey_interval = \"1ms\"\n"),
            "agent.toml:18:18: 'rekey_interval' is 1ms; choose a duration from "
            "100ms to 168h");
  EXPECT_EQ(AgentError(OnePeer() + "connections_per_key = 1048577\n"),
            "agent.toml:18:23: 'connections_per_key' is 1048577; choose an "
            "integer from 1 to 1048576");
  EXPECT_EQ(AgentError(OnePeer() + "pool_low = 3\npool_high = 2\n"),
            "agent.toml:19:13: 'pool_high' is 2, less than pool_low, 3; raise "
            "it or lower pool_low");
  EXPECT_EQ(LoadAgent(OnePeer() + "pool_low = 9\n")->peers[0].pool_high, 9u);
}

TEST_F(PeerReaderTest, RefusesKeySizesThatTheFreshnessDoesNotHave) {
  const std::string peer = Hubs(3) + Peer("threshold = 2\n");
  EXPECT_EQ(AgentError(peer + "key_bytes = 24\n"),
            "agent.toml:18:13: 'key_bytes' is 24; with freshness \"derived\" "
            "choose a multiple of 16 from 16 to 64");
  EXPECT_EQ(AgentError(peer + "key_bytes = 80\nfreshness = \"exchange\"\n"),
            "agent.toml:18:13: 'key_bytes' is 80; with freshness \"exchange\" "
            "choose a multiple of 16 from 16 to 64");
  EXPECT_EQ(AgentError(peer + "key_bytes = 8000\n"),
            "agent.toml:18:13: 'key_bytes' is 8000; choose an integer from 16 "
            "to 4096");
}

TEST_F(PeerReaderTest, TakesLongKeysForDelivery) {
  absl::StatusOr<AgentConfig> config =
      LoadAgent(Hubs(3) + "[delivery]\nsocket = \"keys.sock\"\n" +
                Peer("threshold = 2\nkey_bytes = 4096\n"
                     "freshness = \"delivery\"\n"));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->peers[0].key_bytes, 4096);
  EXPECT_EQ(config->peers[0].freshness, skex::Freshness::kDelivery);
  EXPECT_EQ(config->delivery_socket, Path("keys.sock"));
}

TEST_F(PeerReaderTest, RefusesKeysForDeliveryThatNobodyCouldTake) {
  EXPECT_EQ(
      AgentError(Hubs(3) + Peer("threshold = 2\nfreshness = \"delivery\"\n")),
      "agent.toml:1:1: a peer has freshness \"delivery\", but nobody could "
      "take its keys; add [delivery] with for example socket = "
      "\"delivery.sock\"");
}

TEST_F(PeerReaderTest, TakesUnmediatedPeersWithoutHubs) {
  absl::StatusOr<AgentConfig> config =
      LoadAgent(NoHubs() + "key_bytes = 64\nfreshness = \"exchange\"\n");
  ASSERT_TRUE(config.ok()) << config.status();
  const PeerEntry& peer = config->peers[0];
  EXPECT_EQ(peer.mode, skex::KeySource::kUnmediated);
  EXPECT_FALSE(peer.UsesHubs());
  EXPECT_TRUE(peer.UsesLanes());
  EXPECT_TRUE(peer.hubs.empty());
  EXPECT_EQ(peer.threshold, 0u);
  EXPECT_EQ(peer.key_bytes, 64);
  EXPECT_FALSE(peer.unmediated_when_hubs_down);
}

TEST_F(PeerReaderTest, GivesUnmediatedPeersNoneOfTheHubsOfTheFile) {
  absl::StatusOr<AgentConfig> config =
      LoadAgent(ThreeHubs() + Peer("mode = \"unmediated\"\n"));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(config->peers[0].hubs.empty());
}

TEST_F(PeerReaderTest, RefusesAPolicyForHubsThatAreNotUsed) {
  for (const auto& [key, value] :
       {std::pair("hubs", "[]"), std::pair("threshold", "2"),
        std::pair("min_hubs", "2"), std::pair("central_trust", "true"),
        std::pair("exchange_timeout", "\"3s\"")}) {
    EXPECT_EQ(AgentError(absl::StrCat(NoHubs(), key, " = ", value, "\n")),
              absl::StrCat("agent.toml:6:", strlen(key) + 4, ": '", key,
                           "' is there only with mode \"dske\" or \"both\"; "
                           "remove it, or change 'mode'"));
  }
}

TEST_F(PeerReaderTest, TakesBothSourcesAtOnce) {
  absl::StatusOr<AgentConfig> config =
      LoadAgent(OnePeer() + "mode = \"both\"\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->peers[0].mode, skex::KeySource::kBoth);
  EXPECT_TRUE(config->peers[0].UsesHubs());
  EXPECT_TRUE(config->peers[0].UsesLanes());
  EXPECT_EQ(config->peers[0].hubs.size(), 3u);
  EXPECT_FALSE(config->peers[0].unmediated_when_hubs_down);

  config = LoadAgent(OnePeer() +
                     "mode = \"both\"\nhubs_down = \"unmediated_only\"\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(config->peers[0].unmediated_when_hubs_down);

  EXPECT_EQ(AgentError(ThreeHubs() + Peer("mode = \"both\"\n")),
            "agent.toml:15:1: the key 'threshold' is missing in this [[peer]]; "
            "add for example threshold = 2");
}

TEST_F(PeerReaderTest, MixesKeysOfOneSizeOnly) {
  EXPECT_EQ(AgentError(OnePeer() + "mode = \"both\"\nkey_bytes = 64\n"),
            "agent.toml:19:13: 'key_bytes' is 64; with mode \"both\" choose "
            "32, the only size of keys that are mixed");
  EXPECT_TRUE(LoadAgent(OnePeer() + "mode = \"both\"\nkey_bytes = 32\n").ok());
}

TEST_F(PeerReaderTest, RefusesUnknownModes) {
  EXPECT_EQ(AgentError(OnePeer() + "mode = \"ratchet\"\n"),
            "agent.toml:18:8: 'mode' cannot be 'ratchet'; use one of: dske, "
            "unmediated, both");
  EXPECT_EQ(AgentError(OnePeer() + "mode = \"both\"\nhubs_down = \"wait\"\n"),
            "agent.toml:19:13: 'hubs_down' cannot be 'wait'; use one of: "
            "fail_closed, unmediated_only");
}

TEST_F(PeerReaderTest, RefusesToGoOnWithoutHubsUnlessKeysAreMixed) {
  const std::string line = "hubs_down = \"fail_closed\"\n";
  EXPECT_EQ(AgentError(OnePeer() + line),
            "agent.toml:18:13: 'hubs_down' is there only with mode \"both\"; "
            "remove it, or change 'mode'");
  EXPECT_EQ(AgentError(NoHubs() + line),
            "agent.toml:6:13: 'hubs_down' is there only with mode \"both\"; "
            "remove it, or change 'mode'");
}

TEST_F(PeerReaderTest, TakesTheAddressOfTheFirstTunnelToThePeer) {
  absl::StatusOr<AgentConfig> config = LoadAgent(
      NoHubs() + Tunnel("a", "10.0.0.2:8443") + Tunnel("b", "10.0.0.3:8443"));
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_TRUE(config->peers[0].address.has_value());
  EXPECT_EQ(config->peers[0].address->ToString(), "10.0.0.2:8443");
}

TEST_F(PeerReaderTest, TakesAnAddressBeforeThatOfATunnel) {
  absl::StatusOr<AgentConfig> config =
      LoadAgent(NoHubs() + "address = \"bob.example:9443\"\n" +
                Tunnel("a", "10.0.0.2:8443"));
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_TRUE(config->peers[0].address.has_value());
  EXPECT_EQ(config->peers[0].address->ToString(), "bob.example:9443");
}

TEST_F(PeerReaderTest, HasNoAddressOfAPeerThatOnlyDials) {
  EXPECT_FALSE(LoadAgent(NoHubs())->peers[0].address.has_value());
  // Nor of one without lanes.
  EXPECT_FALSE(LoadAgent(OnePeer() + Tunnel("a", "10.0.0.2:8443"))
                   ->peers[0]
                   .address.has_value());
}

TEST_F(PeerReaderTest, RefusesBadAddresses) {
  EXPECT_EQ(AgentError(OnePeer() + "address = \"10.0.0.2:8443\"\n"),
            "agent.toml:18:11: 'address' is there only with mode "
            "\"unmediated\" or \"both\"; remove it, or change 'mode'");
  EXPECT_EQ(AgentError(NoHubs() + "address = \"unix:/a\"\n"),
            "agent.toml:6:11: 'address' cannot be a Unix socket; write for "
            "example address = \"10.0.0.2:8443\"");
  EXPECT_EQ(AgentError(NoHubs() + "address = \"10.0.0.2:0\"\n"),
            "agent.toml:6:11: 'address' has port 0, to which nobody can "
            "connect; give the port of the other end");
}

TEST_F(PeerReaderTest, WantsAnAddressForUnmediatedDelivery) {
  const std::string peer = NoHubs() + "freshness = \"delivery\"\n";
  const std::string socket = "[delivery]\nsocket = \"keys.sock\"\n";
  EXPECT_EQ(AgentError(peer + socket),
            "agent.toml:6:13: no tunnel leads to peer 'bob@south.example' with "
            "freshness \"delivery\", so nothing says where it answers; add "
            "for example address = \"10.0.0.2:8443\"");
  const std::string address = "address = \"10.0.0.2:8443\"\n";
  absl::StatusOr<AgentConfig> config =
      LoadAgent(peer + address + "key_bytes = 4096\n" + socket);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->peers[0].key_bytes, 4096);
}

}  // namespace
}  // namespace service
