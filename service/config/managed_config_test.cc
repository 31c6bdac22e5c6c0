#include "service/config/managed_config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "gmock/gmock.h"
#include "service/config/config_file_testing.h"
#include "service/storage/posix_file_system.h"

namespace service {
namespace {

using testing::HasSubstr;

constexpr char kTunnel[] = R"([[outbound]]
name = "to-bob"
listen = "127.0.0.1:0"
peer = "bob@south.example"
connect = "10.0.0.2:8443"
)";

constexpr char kCarol[] = R"([[peer]]
name = "carol@west.example"
threshold = 2
)";

// Alice, with three hubs and a peer in her file.
class ManagedConfigTest : public ConfigFileTest {
 protected:
  void SetUp() override {
    ConfigFileTest::SetUp();
    file_ = Write("agent.toml", OnePeer());
    ASSERT_EQ(mkdir(Path("state").c_str(), 0700), 0);
    managed_ = std::make_unique<ManagedConfig>(PosixFileSystem(), file_,
                                               Path("state"));
  }

  AgentConfig Config() {
    absl::StatusOr<AgentConfig> config = LoadAgentConfig(file_);
    EXPECT_TRUE(config.ok()) << config.status();
    return *config;
  }
  std::string Stored() {
    std::ifstream in(Path("state/managed.toml"));
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }

  std::string file_;
  std::unique_ptr<ManagedConfig> managed_;
};

TEST_F(ManagedConfigTest, AddedTablesAreReadWithTheFile) {
  ASSERT_TRUE(managed_->Add(kTunnel, false).ok());
  ASSERT_TRUE(managed_->Add(kCarol, false).ok());
  const AgentConfig config = Config();
  ASSERT_EQ(config.peers.size(), 2u);
  EXPECT_EQ(config.peers[1].name.text(), "carol@west.example");
  ASSERT_EQ(config.outbounds.size(), 1u);
  EXPECT_EQ(config.outbounds[0].name, "to-bob");
}

TEST_F(ManagedConfigTest, PeerAndItsTunnelMayComeTogether) {
  const std::string both = std::string(R"([[inbound]]
name = "web"
listen = "0.0.0.0:8443"
forward = "127.0.0.1:80"
allow = ["carol@west.example"]
)") + kCarol;
  ASSERT_TRUE(managed_->Add(both, false).ok());
  EXPECT_EQ(Config().inbounds.size(), 1u);
}

TEST_F(ManagedConfigTest, ErrorsNameThePlaceInTheAddition) {
  absl::Status status = managed_->Add("\n[[peer]]\nname = \"bad\"\n", false);
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("addition:3:8: "));
  status = managed_->Add(
      "[[outbound]]\nname = \"x\"\nlisten = \"127.0.0.1:0\"\n"
      "peer = \"erin@west.example\"\nconnect = \"10.0.0.2:1\"\n",
      false);
  EXPECT_THAT(status.message(), HasSubstr("addition:4:8: "));
  EXPECT_EQ(Stored(), "");
}

TEST_F(ManagedConfigTest, NamesOfTheFileAreTaken) {
  const absl::Status status = managed_->Add(
      "[[peer]]\nname = \"bob@south.example\"\nthreshold = 2\n", true);
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("configured twice"));
}

TEST_F(ManagedConfigTest, AddressesOfTheFileAreTaken) {
  Write("agent.toml", OnePeer() + R"([[outbound]]
name = "first"
listen = "127.0.0.1:8080"
peer = "bob@south.example"
connect = "10.0.0.2:8443"
)");
  const absl::Status status = managed_->Add(
      "[[outbound]]\nname = \"second\"\nlisten = \"127.0.0.1:8080\"\n"
      "peer = \"bob@south.example\"\nconnect = \"10.0.0.2:8443\"\n",
      false);
  EXPECT_THAT(status.message(), HasSubstr("addition:3:10: "));
  EXPECT_THAT(status.message(), HasSubstr("two tunnels listen"));
}

TEST_F(ManagedConfigTest, ReplaceChanges) {
  ASSERT_TRUE(managed_->Add(kCarol, false).ok());
  const std::string other = std::string(kCarol) + "key_lifetime = \"2h\"\n";
  EXPECT_TRUE(absl::IsAlreadyExists(managed_->Add(other, false)));
  ASSERT_TRUE(managed_->Add(other, true).ok());
  ASSERT_EQ(Config().peers.size(), 2u);
  EXPECT_EQ(Config().peers[1].key_lifetime, absl::Hours(2));
}

TEST_F(ManagedConfigTest, RemovesWhatWasAddedAndNothingElse) {
  ASSERT_TRUE(managed_->Add(kTunnel, false).ok());
  ASSERT_TRUE(managed_->Add(kCarol, false).ok());
  EXPECT_TRUE(absl::IsNotFound(managed_->RemovePeer("bob@south.example")));
  EXPECT_TRUE(managed_->RemovePeer("carol@west.example").ok());
  EXPECT_TRUE(managed_->RemoveTunnel("to-bob").ok());
  EXPECT_EQ(Config().peers.size(), 1u);
  EXPECT_TRUE(Config().outbounds.empty());
}

TEST_F(ManagedConfigTest, PeerThatATunnelNeedsStays) {
  const std::string both = std::string(kCarol) +
                           "[[outbound]]\nname = \"to-carol\"\n"
                           "listen = \"127.0.0.1:0\"\n"
                           "peer = \"carol@west.example\"\n"
                           "connect = \"10.0.0.3:8443\"\n";
  ASSERT_TRUE(managed_->Add(both, false).ok());
  const absl::Status status = managed_->RemovePeer("carol@west.example");
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("carol@west.example"));
  EXPECT_EQ(Config().peers.size(), 2u);
}

TEST_F(ManagedConfigTest, UndoTakesTheLastChangeBack) {
  ASSERT_TRUE(managed_->Add(kCarol, false).ok());
  const std::string before = Stored();
  ASSERT_TRUE(managed_->Add(kTunnel, false).ok());
  EXPECT_NE(Stored(), before);
  ASSERT_TRUE(managed_->Undo().ok());
  EXPECT_EQ(Stored(), before);
}

TEST_F(ManagedConfigTest, DamagedFileIsNamed) {
  Write("state/managed.toml", "[[peer]\n");
  EXPECT_THAT(LoadAgentConfig(file_).status().message(),
              HasSubstr("state/managed.toml:1:"));
  EXPECT_THAT(managed_->Add(kCarol, false).message(),
              HasSubstr("state/managed.toml:1:"));
}

}  // namespace
}  // namespace service
