#include "service/config/hub_config.h"

#include <gtest/gtest.h>

#include "service/config/config_file_testing.h"

namespace service {
namespace {

class HubConfigTest : public ConfigFileTest {
 protected:
  absl::StatusOr<HubConfig> Load(absl::string_view text) {
    return LoadHubConfig(Write("hub.toml", text));
  }
  std::string Error(absl::string_view text) {
    return Stripped(Load(text).status());
  }
};

constexpr char kTop[] =
    "name = \"hub1@one.example\"\nlisten = \"127.0.0.1:0\"\n"
    "state_dir = \"state\"\n";

TEST_F(HubConfigTest, ReadsAFileWithDefaults) {
  auto config = Load(kTop);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->name.text(), "hub1@one.example");
  EXPECT_EQ(config->listen.ToString(), "127.0.0.1:0");
  EXPECT_EQ(config->daemon.state_dir, Path("state"));
  EXPECT_EQ(config->limits.exchanges, 4096u);
  EXPECT_EQ(config->limits.share_wait, absl::Seconds(30));
}

TEST_F(HubConfigTest, ReadsLimits) {
  auto config = Load(std::string(kTop) +
                     "[limits]\nexchanges = 5\nshare_wait = \"1s\"\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->limits.exchanges, 5u);
  EXPECT_EQ(config->limits.share_wait, absl::Seconds(1));
}

TEST_F(HubConfigTest, RefusesErrorsAtTheirPlace) {
  EXPECT_EQ(Error("name = \"hub1@one.example\"\n"),
            "hub.toml:1:1: the key 'listen' is missing; add for example listen "
            "= \"127.0.0.1:7001\"");
  EXPECT_EQ(Error("name = \"hub1@one.example\"\nlisten = \"unix:/a\"\n"),
            "hub.toml:2:10: 'listen' cannot be a Unix socket; write for "
            "example listen = \"127.0.0.1:7001\"");
  EXPECT_EQ(Error("name = \"hub1@one.example\"\nlisten = \"a:1\"\n"),
            "hub.toml:1:1: the key 'state_dir' is missing; add for example "
            "state_dir = \"state\"");
  EXPECT_EQ(Error(std::string(kTop) + "[limits]\nexchange = 5\n"),
            "hub.toml:5:1: unknown key 'exchange' in [limits]; did you mean "
            "'exchanges'?");
  EXPECT_EQ(Error(std::string(kTop) + "[[peer]]\nname = \"a@b\"\n"),
            "hub.toml:4:3: unknown key 'peer'; known here: name, listen, "
            "state_dir, admin, metrics, log, audit, limits");
}

}  // namespace
}  // namespace service
