#include "service/config/hub_reader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/config/config_file_testing.h"
#include "skex/pad/pad_layout.h"

namespace service {
namespace {

// Files with one hub, whose `pad` is in line 6.
class HubReaderTest : public ConfigFileTest {
 protected:
  static std::string Hub(absl::string_view pad, absl::string_view rest = "") {
    return absl::StrCat(
        "name = \"alice@north.example\"\nstate_dir = \"s\"\n[[hub]]\nname = "
        "\"hub1@one.example\"\naddress = \"127.0.0.1:7001\"\npad = ",
        pad, "\n", rest);
  }
  static std::string Another(absl::string_view pad) {
    return absl::StrCat(
        "[[hub]]\nname = \"hub2@two.example\"\naddress = \"127.0.0.1:7002\"\n"
        "pad = ",
        pad, "\n");
  }
  std::vector<std::string> Pads(absl::string_view pad) {
    auto config = LoadAgent(Hub(pad));
    EXPECT_TRUE(config.ok()) << config.status();
    return config.ok() ? config->hubs[0].pads : std::vector<std::string>();
  }
  std::optional<skex::PadSource> LeastSource(absl::string_view line) {
    auto config = LoadAgent(Hub("\"hub1.pad\"", line));
    EXPECT_TRUE(config.ok()) << config.status();
    return config.ok() ? config->hubs[0].least_source : std::nullopt;
  }
};

TEST_F(HubReaderTest, TakesOnePad) {
  EXPECT_EQ(Pads("\"hub1.pad\""), std::vector<std::string>{Path("hub1.pad")});
}

TEST_F(HubReaderTest, TakesSeveralPadsInTheirOrder) {
  EXPECT_EQ(Pads("[\"hub2.pad\"]"), std::vector<std::string>{Path("hub2.pad")});
  EXPECT_EQ(Pads("[\"hub2.pad\", \"hub1.pad\"]"),
            (std::vector<std::string>{Path("hub2.pad"), Path("hub1.pad")}));
}

TEST_F(HubReaderTest, TakesAsManyPadsAsArePossibleAndNoMore) {
  std::string list;
  for (size_t i = 0; i < skex::kMostPads; ++i) {
    Write(absl::StrCat("p", i), "");
    absl::StrAppend(&list, i == 0 ? "" : ", ", "\"p", i, "\"");
  }
  EXPECT_EQ(Pads(absl::StrCat("[", list, "]")).size(), skex::kMostPads);
  EXPECT_EQ(AgentError(Hub(absl::StrCat("[", list, ", \"hub1.pad\"]"))),
            "agent.toml:6:56: 'pad' names 9 pads, but 8 at most are possible; "
            "remove those that are used up");
}

TEST_F(HubReaderTest, RefusesWhatIsNoListOfPaths) {
  EXPECT_EQ(AgentError(Hub("[]")),
            "agent.toml:6:7: 'pad' is empty; write for example pad = "
            "[\"pads/hub1.pad\"]");
  EXPECT_EQ(AgentError(Hub("\"\"")),
            "agent.toml:6:7: 'pad' is empty; write for example pad = "
            "\"pads/hub1.pad\"");
  EXPECT_EQ(AgentError(Hub("[\"hub1.pad\", \"\"]")),
            "agent.toml:6:20: 'pad' contains an empty string; write for "
            "example pad = [\"pads/hub1.pad\"]");
  EXPECT_EQ(AgentError(Hub("[\"hub1.pad\", 2]")),
            "agent.toml:6:20: 'pad' contains an integer; write for example pad "
            "= [\"pads/hub1.pad\"]");
  EXPECT_EQ(AgentError(Hub("5")),
            "agent.toml:6:7: 'pad' is an integer; write for example pad = "
            "\"pads/hub1.pad\"");
}

TEST_F(HubReaderTest, RefusesAMissingPadAtItsPlace) {
  EXPECT_EQ(AgentError(Hub("[\"hub1.pad\", \"none.pad\"]")),
            "agent.toml:6:20: pad none.pad: cannot look at: No such file or "
            "directory; put there what the operator of hub1@one.example made "
            "with skexctl enrol");
  EXPECT_EQ(AgentError(Hub("[\"hub1.pad\", \".\"]")),
            "agent.toml:6:20: pad . is not a regular file; give the path of "
            "the pad itself");
}

TEST_F(HubReaderTest, RefusesAPadThatIsListedTwice) {
  EXPECT_EQ(AgentError(Hub("[\"hub1.pad\", \"hub2.pad\", \"hub1.pad\"]")),
            "agent.toml:6:32: pad hub1.pad is listed twice; remove one");
}

TEST_F(HubReaderTest, KnowsAPadByAnotherNameOfItsFile) {
  EXPECT_EQ(AgentError(Hub("[\"hub1.pad\", \"./hub1.pad\"]")),
            "agent.toml:6:20: pad ./hub1.pad is listed twice; remove one");
  char folder[4096];
  ASSERT_NE(getcwd(folder, sizeof(folder)), nullptr);
  const std::string absolute = absl::StrCat(folder, "/", Path("hub1.pad"));
  const std::string text =
      Hub(absl::StrCat("[\"hub1.pad\", \"", absolute, "\"]"));
  EXPECT_TRUE(absl::StrContains(AgentError(text), "is listed twice"));
  ASSERT_EQ(symlink("hub1.pad", Path("link.pad").c_str()), 0);
  EXPECT_EQ(AgentError(Hub("[\"hub1.pad\", \"link.pad\"]")),
            "agent.toml:6:20: pad link.pad is listed twice; remove one");
}

TEST_F(HubReaderTest, RefusesAPadOfAnotherHubAtItsPlace) {
  EXPECT_EQ(AgentError(Hub("[\"hub1.pad\", \"hub2.pad\"]") +
                       Another("[\"hub3.pad\", \"./hub2.pad\"]")),
            "agent.toml:10:20: pad ./hub2.pad belongs to hub "
            "'hub1@one.example'; give each hub its own");
}

TEST_F(HubReaderTest, TakesTheLeastSourceOfAPad) {
  EXPECT_EQ(LeastSource(""), std::nullopt);
  EXPECT_EQ(LeastSource("least_source = \"physical\""),
            skex::PadSource::kPhysical);
  EXPECT_EQ(LeastSource("least_source = \"generator\""),
            skex::PadSource::kGenerator);
  EXPECT_EQ(LeastSource("least_source = \"stretch\""),
            skex::PadSource::kStretch);
}

TEST_F(HubReaderTest, RefusesAnUnknownLeastSource) {
  EXPECT_EQ(AgentError(Hub("\"hub1.pad\"", "least_source = \"dice\"\n")),
            "agent.toml:7:16: 'least_source' cannot be 'dice'; use one of: "
            "physical, generator, stretch");
  EXPECT_EQ(AgentError(Hub("\"hub1.pad\"", "least_source = 2\n")),
            "agent.toml:7:16: 'least_source' is an integer; write for example "
            "least_source = \"physical\"");
}

}  // namespace
}  // namespace service
