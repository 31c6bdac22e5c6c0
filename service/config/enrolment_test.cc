#include "service/config/enrolment.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "service/config/config_file_testing.h"

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
                               123}}) {
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
            "pair_quota_bytes");
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
  auto agents = ListEnrolments(folder_);
  ASSERT_TRUE(agents.ok()) << agents.status();
  ASSERT_EQ(agents->size(), 2u);
  EXPECT_EQ((*agents)[0].name.text(), "alice@north.example");
  EXPECT_EQ((*agents)[0].pad, Path("agents/alice@north.example/pad"));
  EXPECT_EQ((*agents)[0].enrolment,
            Path("agents/alice@north.example/enrolment.toml"));
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
