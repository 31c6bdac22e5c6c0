#include "service/ctl/init_template.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/config/agent_config.h"
#include "service/config/hub_config.h"

namespace service {
namespace {

class InitTemplateTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/initXXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    // The whole path may be too long for a Unix socket.
    ASSERT_EQ(chdir(name.c_str()), 0);
    for (const char* pad : {"hub1.pad", "hub2.pad", "hub3.pad"}) {
      Write(pad, "");
    }
  }

  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(name) << text;
    return name;
  }

  // The text with every offered setting taken.
  static std::string AllTaken(const std::string& text) {
    std::string taken;
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      if (line.size() > 1 && line[0] == '#' && line[1] != ' ') {
        line.remove_prefix(1);
      }
      absl::StrAppend(&taken, line, "\n");
    }
    return taken;
  }

  const skex::AgentId agent_ = *skex::AgentId::Parse("alice@north.example");
  const skex::HubId hub_ = *skex::HubId::Parse("hub1@one.example");
};

TEST_F(InitTemplateTest, AnAgentsTemplateIsValid) {
  auto config = LoadAgentConfig(Write("a.toml", AgentTemplate(agent_)));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->name, agent_);
  EXPECT_EQ(config->daemon.state_dir, "alice-state");
}

TEST_F(InitTemplateTest, AnAgentsTemplateIsValidWithEverythingTaken) {
  const std::string text = AllTaken(AgentTemplate(agent_));
  auto config = LoadAgentConfig(Write("a.toml", text));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->hubs.size(), 3u);
  EXPECT_EQ(config->hubs[0].least_source, skex::PadSource::kGenerator);
  EXPECT_EQ(config->peers.size(), 1u);
  EXPECT_EQ(config->outbounds.size(), 1u);
  EXPECT_EQ(config->inbounds.size(), 1u);
}

TEST_F(InitTemplateTest, AnAgentsTemplateShowsTheDefaults) {
  auto plain = LoadAgentConfig(Write("a.toml", AgentTemplate(agent_)));
  auto taken =
      LoadAgentConfig(Write("b.toml", AllTaken(AgentTemplate(agent_))));
  ASSERT_TRUE(plain.ok() && taken.ok());
  EXPECT_EQ(taken->tls.cipher, plain->tls.cipher);
  EXPECT_EQ(taken->tls.groups, plain->tls.groups);
  EXPECT_EQ(taken->limits.connections, plain->limits.connections);
  EXPECT_EQ(taken->limits.handshakes, plain->limits.handshakes);
  EXPECT_EQ(taken->limits.connections_per_source,
            plain->limits.connections_per_source);
  EXPECT_EQ(taken->limits.connect_timeout, plain->limits.connect_timeout);
  EXPECT_EQ(taken->limits.handshake_timeout, plain->limits.handshake_timeout);
  EXPECT_EQ(taken->limits.idle_timeout, plain->limits.idle_timeout);
  EXPECT_EQ(taken->limits.max_age, plain->limits.max_age);
  EXPECT_EQ(taken->limits.drain_timeout, plain->limits.drain_timeout);
  EXPECT_EQ(taken->limits.key_wait, plain->limits.key_wait);
  EXPECT_EQ(taken->daemon.log_level, plain->daemon.log_level);
  EXPECT_EQ(taken->daemon.log_format, plain->daemon.log_format);
  const PeerEntry defaults{.name = agent_, .hubs = {}};
  EXPECT_FALSE(taken->outbounds[0].accept_proxy);
  EXPECT_FALSE(taken->outbounds[0].send_proxy);
  EXPECT_FALSE(taken->inbounds[0].accept_proxy);
  EXPECT_FALSE(taken->inbounds[0].send_proxy);
  const PeerEntry& peer = taken->peers[0];
  EXPECT_EQ(peer.mode, defaults.mode);
  EXPECT_EQ(peer.freshness, defaults.freshness);
  EXPECT_EQ(peer.rekey_interval, defaults.rekey_interval);
  EXPECT_EQ(peer.key_lifetime, defaults.key_lifetime);
  EXPECT_EQ(peer.overlap, defaults.overlap);
  EXPECT_EQ(peer.connections_per_key, defaults.connections_per_key);
  EXPECT_EQ(peer.pool_low, defaults.pool_low);
  EXPECT_EQ(peer.pool_high, defaults.pool_high);
  EXPECT_EQ(peer.exchange_timeout, defaults.exchange_timeout);
}

TEST_F(InitTemplateTest, AHubsTemplateIsValidAndShowsTheDefaults) {
  auto plain = LoadHubConfig(Write("h.toml", HubTemplate(hub_)));
  ASSERT_TRUE(plain.ok()) << plain.status();
  auto taken = LoadHubConfig(Write("h.toml", AllTaken(HubTemplate(hub_))));
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_EQ(plain->name, hub_);
  EXPECT_EQ(taken->limits.exchanges, plain->limits.exchanges);
  EXPECT_EQ(taken->limits.share_wait, plain->limits.share_wait);
}

TEST_F(InitTemplateTest, KeepsTo80Columns) {
  for (const std::string& text : {AgentTemplate(agent_), HubTemplate(hub_)}) {
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      EXPECT_LE(line.size(), 80u) << line;
    }
  }
}

}  // namespace
}  // namespace service
