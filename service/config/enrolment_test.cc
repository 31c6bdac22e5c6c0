#include "service/config/enrolment.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/config/config_file_testing.h"
#include "skex/pad/pad_layout.h"

namespace service {
namespace {

class EnrolmentTest : public ConfigFileTest {
 protected:
  absl::StatusOr<Enrolment> Load(absl::string_view text) {
    return LoadEnrolment(Write("enrolment.toml", text));
  }
  void MakeFolder(const std::string& name) {
    ASSERT_EQ(mkdir(Path(name).c_str(), 0700), 0);
  }
};

TEST_F(EnrolmentTest, ReadsBackWhatItFormats) {
  for (const Enrolment& enrolment :
       {Enrolment{}, Enrolment{{*skex::AgentId::Parse("bob@south.example"),
                                *skex::AgentId::Parse("eve@west.example")},
                               123,
                               skex::PadSource::kStretch}}) {
    auto read = Load(FormatEnrolment(enrolment));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, enrolment);
  }
}

TEST_F(EnrolmentTest, RefusesErrorsAtTheirPlace) {
  EXPECT_EQ(Stripped(Load("allow = [\"bob@south.example\", \"bob\"]").status()),
            "enrolment.toml:1:31: 'bob' is not a name: want name@domain in "
            "lower-case letters, digits, '.', '-' and '_', at most 128 bytes");
  EXPECT_EQ(Stripped(Load("allow = [\"b@s\", \"b@s\"]").status()),
            "enrolment.toml:1:17: 'b@s' is listed twice; remove one");
  EXPECT_EQ(Stripped(Load("quota = 1").status()),
            "enrolment.toml:1:1: unknown key 'quota'; known here: allow, "
            "pair_quota_bytes, least_source");
  EXPECT_EQ(Stripped(Load("least_source = \"dice\"").status()),
            "enrolment.toml:1:16: 'least_source' cannot be 'dice'; use one of: "
            "physical, generator, stretch");
  EXPECT_EQ(Stripped(Load("pair_quota_bytes = -1").status()),
            "enrolment.toml:1:20: 'pair_quota_bytes' is -1; choose an integer "
            "from 0 to 1125899906842624");
}

TEST_F(EnrolmentTest, ListsAgentsByNameWithoutWhatIsUnfinished) {
  EXPECT_TRUE(ListEnrolments(folder_)->empty());
  for (const char* name :
       {"agents", "agents/bob@south.example", "agents/alice@north.example",
        "agents/.eve@west.example.partial"}) {
    MakeFolder(name);
  }
  Write("agents/bob@south.example/pad-7", "");
  for (const char* name : {"enrolment.toml", "pad-10", "pad", "pad-2",
                           ".pad.partial", ".pad-3.revoked"}) {
    Write(absl::StrCat("agents/alice@north.example/", name), "");
  }
  auto agents = ListEnrolments(folder_);
  ASSERT_TRUE(agents.ok()) << agents.status();
  ASSERT_EQ(agents->size(), 2u);
  EXPECT_EQ((*agents)[0].name.text(), "alice@north.example");
  EXPECT_EQ((*agents)[0].pads, (std::vector<std::string>{
                                   Path("agents/alice@north.example/pad"),
                                   Path("agents/alice@north.example/pad-2"),
                                   Path("agents/alice@north.example/pad-10")}));
  EXPECT_EQ((*agents)[0].enrolment,
            Path("agents/alice@north.example/enrolment.toml"));
  EXPECT_EQ((*agents)[1].pads,
            std::vector<std::string>{Path("agents/bob@south.example/pad-7")});
}

TEST_F(EnrolmentTest, RefusesAForeignFileBesideThePads) {
  MakeFolder("agents");
  MakeFolder("agents/alice@north.example");
  Write("agents/alice@north.example/pad", "");
  Write("agents/alice@north.example/pad.old", "");
  EXPECT_EQ(Stripped(ListEnrolments(folder_).status()),
            "agents/alice@north.example/pad.old: is neither enrolment.toml nor "
            "a pad (pad, pad-2, pad-3, ...); move it elsewhere");
}

TEST_F(EnrolmentTest, RefusesAnAgentWithoutAPadOrWithTooMany) {
  MakeFolder("agents");
  MakeFolder("agents/alice@north.example");
  EXPECT_EQ(Stripped(ListEnrolments(folder_).status()),
            "agents/alice@north.example: has no pad; put it back, or revoke "
            "the agent and enrol it again (skexctl revoke, skexctl enrol)");
  for (size_t number = 2; number <= skex::kMostPads + 1; ++number) {
    Write(absl::StrCat("agents/alice@north.example/pad-", number), "");
  }
  EXPECT_TRUE(ListEnrolments(folder_).ok());
  Write("agents/alice@north.example/pad", "");
  EXPECT_EQ(Stripped(ListEnrolments(folder_).status()),
            "agents/alice@north.example: has 9 pads, but 8 at most are "
            "possible; revoke those that are used up (skexctl revoke --table)");
}

class WithLeastSourceTest : public testing::Test {
 protected:
  static std::string Changed(absl::string_view text) {
    auto changed = WithLeastSource("e.toml", text, skex::PadSource::kStretch);
    EXPECT_TRUE(changed.ok()) << changed.status();
    return changed.value_or("");
  }
};

TEST_F(WithLeastSourceTest, AddsTheKeyAndKeepsWhatTheOperatorWrote) {
  EXPECT_EQ(Changed("# mine\nallow = [\n  \"b@s\", # bob\n]\n"),
            "# mine\nallow = [\n  \"b@s\", # bob\n]\n"
            "least_source = \"stretch\"\n");
  EXPECT_EQ(Changed("pair_quota_bytes = 5"),
            "pair_quota_bytes = 5\nleast_source = \"stretch\"\n");
  EXPECT_EQ(Changed(""), "least_source = \"stretch\"\n");
}

TEST_F(WithLeastSourceTest, ReplacesTheKeyWhereItStands) {
  EXPECT_EQ(Changed("allow = []\n least_source=\"physical\" # old\n# end\n"),
            "allow = []\nleast_source = \"stretch\"\n# end\n");
  EXPECT_EQ(Changed("least_source = \"stretch\""),
            "least_source = \"stretch\"");
}

TEST_F(WithLeastSourceTest, ChangesWhatItFormats) {
  Enrolment enrolment{{*skex::AgentId::Parse("bob@south.example")}, 5};
  const std::string text = Changed(FormatEnrolment(enrolment));
  enrolment.least_source = skex::PadSource::kStretch;
  EXPECT_EQ(*ParseEnrolment("e.toml", text), enrolment);
}

TEST_F(WithLeastSourceTest, LeavesASpellingOfItsOwnToThePerson) {
  const absl::Status status =
      WithLeastSource("e.toml", "\"least_source\" = \"physical\"\n",
                      skex::PadSource::kStretch)
          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            "e.toml: cannot be changed by a program as it is written; set "
            "least_source = \"stretch\" in it yourself");
}

TEST_F(WithLeastSourceTest, ReportsWhatIsWrongAlready) {
  EXPECT_EQ(WithLeastSource("e.toml", "alow = []", skex::PadSource::kStretch)
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(EnrolmentTest, RefusesAForeignEntry) {
  MakeFolder("agents");
  MakeFolder("agents/backup");
  EXPECT_NE(
      Stripped(ListEnrolments(folder_).status()).find("; move it elsewhere"),
      std::string::npos);
}

}  // namespace
}  // namespace service
