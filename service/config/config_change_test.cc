#include "service/config/config_change.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace service {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ConfigChangeTest : public testing::Test {
 protected:
  static skex::AgentId Agent(absl::string_view name) {
    return *skex::AgentId::Parse(name);
  }
  static PeerEntry Peer(absl::string_view name) {
    return {.name = Agent(name),
            .hubs = {*skex::HubId::Parse("hub1@one.example")},
            .threshold = 1,
            .min_hubs = 1};
  }
  static AgentConfig Config() {
    AgentConfig config{.name = Agent("alice@north.example")};
    config.hubs.push_back({.name = *skex::HubId::Parse("hub1@one.example"),
                           .address = Endpoint::Parse("10.0.0.9:7001").value(),
                           .pads = {"hub1.pad"},
                           .operator_name = "one.example"});
    config.peers = {Peer("bob@south.example"), Peer("carol@west.example")};
    return config;
  }

  ConfigChange Compare() const { return CompareConfigs(running_, read_); }
  static std::vector<std::string> Names(const std::vector<PeerEntry>& peers) {
    std::vector<std::string> names;
    for (const PeerEntry& peer : peers) names.push_back(peer.name.text());
    return names;
  }

  const AgentConfig running_ = Config();
  AgentConfig read_ = Config();
};

TEST_F(ConfigChangeTest, SameConfigurationChangesNothing) {
  const ConfigChange change = Compare();
  EXPECT_THAT(change.removed, IsEmpty());
  EXPECT_THAT(change.added, IsEmpty());
  EXPECT_THAT(change.replaced, IsEmpty());
  EXPECT_THAT(change.paced, IsEmpty());
  EXPECT_THAT(change.restart, IsEmpty());
}

TEST_F(ConfigChangeTest, PeersComeAndGo) {
  read_.peers.erase(read_.peers.begin());
  read_.peers.push_back(Peer("dave@east.example"));
  const ConfigChange change = Compare();
  EXPECT_THAT(change.removed, ElementsAre(Agent("bob@south.example")));
  EXPECT_THAT(Names(change.added), ElementsAre("dave@east.example"));
  EXPECT_THAT(change.replaced, IsEmpty());
}

TEST_F(ConfigChangeTest, OtherTermsReplaceAPeer) {
  read_.peers[0].key_lifetime = absl::Minutes(7);
  read_.peers[0].pool_high = 9;
  const ConfigChange change = Compare();
  EXPECT_THAT(Names(change.replaced), ElementsAre("bob@south.example"));
  EXPECT_THAT(change.paced, IsEmpty());
}

TEST_F(ConfigChangeTest, AnotherPaceKeepsTheKeys) {
  read_.peers[1].rekey_interval = absl::Seconds(7);
  read_.peers[1].pool_high = 9;
  const ConfigChange change = Compare();
  EXPECT_THAT(Names(change.paced), ElementsAre("carol@west.example"));
  EXPECT_THAT(change.replaced, IsEmpty());
}

TEST_F(ConfigChangeTest, FirstTunnelToAPeerSetsItsPace) {
  read_.outbounds.push_back({"to-bob", Endpoint::Parse("127.0.0.1:1").value(),
                             Agent("bob@south.example"),
                             Endpoint::Parse("10.0.0.2:8443").value()});
  EXPECT_FALSE(Dials(running_, running_.peers[0]));
  EXPECT_TRUE(Dials(read_, read_.peers[0]));
  EXPECT_THAT(Names(Compare().paced), ElementsAre("bob@south.example"));
}

TEST_F(ConfigChangeTest, SaysWhatTakesARestart) {
  read_.limits.connections = 7;
  read_.tls.cipher = TlsCipher::kAes128Gcm;
  read_.daemon.log_level = LogLevel::kDebug;
  read_.hubs[0].address = Endpoint::Parse("10.0.0.9:7002").value();
  EXPECT_THAT(Compare().restart, ElementsAre("[log]", "[tls]", "[limits]",
                                             "hub hub1@one.example"));
}

TEST_F(ConfigChangeTest, PadsTakeNoRestart) {
  read_.hubs[0].pads.emplace_back("hub1-2.pad");
  EXPECT_THAT(Compare().restart, IsEmpty());
}

}  // namespace
}  // namespace service
