#ifndef SERVICE_CONFIG_CONFIG_FILE_TESTING_H_
#define SERVICE_CONFIG_CONFIG_FILE_TESTING_H_

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "service/config/agent_config.h"

namespace service {

// A folder of its own with configuration files and empty pads.
class ConfigFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/configXXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    // The whole path may be too long for a Unix socket.
    ASSERT_EQ(chdir(name.c_str()), 0);
    ASSERT_EQ(mkdir(folder_.c_str(), 0700), 0);
    for (int i = 1; i <= 4; ++i) Write(absl::StrCat("hub", i, ".pad"), "");
  }

  std::string Path(absl::string_view name) const {
    return absl::StrCat(folder_, "/", name);
  }

  std::string Write(absl::string_view name, absl::string_view text) {
    std::ofstream out(Path(name), std::ios::binary);
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    return Path(name);
  }

  absl::StatusOr<AgentConfig> LoadAgent(absl::string_view text) {
    return LoadAgentConfig(Write("agent.toml", text));
  }

  // The error for an agent's file, without the path before the line.
  std::string AgentError(absl::string_view text) {
    return Stripped(LoadAgent(text).status());
  }

  std::string Stripped(const absl::Status& status) {
    EXPECT_TRUE(status.ok() || absl::IsInvalidArgument(status)) << status;
    EXPECT_EQ(status.message().find('\n'), absl::string_view::npos);
    return absl::StrReplaceAll(status.message(), {{folder_ + "/", ""}});
  }

  // An agent with three hubs of three operators, to be continued in line 15.
  static std::string ThreeHubs() {
    return R"(name = "alice@north.example"
state_dir = "state"
[[hub]]
name = "hub1@one.example"
address = "127.0.0.1:7001"
pad = "hub1.pad"
[[hub]]
name = "hub2@two.example"
address = "127.0.0.1:7002"
pad = "hub2.pad"
[[hub]]
name = "hub3@three.example"
address = "127.0.0.1:7003"
pad = "hub3.pad"
)";
  }

  // The same with a peer, to be continued in line 18.
  static std::string OnePeer() {
    return absl::StrCat(ThreeHubs(), R"([[peer]]
name = "bob@south.example"
threshold = 2
)");
  }

  const std::string folder_ = "cfg";
};

}  // namespace service

#endif  // SERVICE_CONFIG_CONFIG_FILE_TESTING_H_
