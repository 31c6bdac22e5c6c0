#include "skex/base/ids.h"

#include <string>

#include "gtest/gtest.h"

namespace skex {
namespace {

TEST(NameTest, TakesNameAtDomain) {
  for (const char* text :
       {"a@b", "alice@north.example", "sensor-7_b@plant.2.example", "0@0"}) {
    absl::StatusOr<AgentId> id = AgentId::Parse(text);
    ASSERT_TRUE(id.ok()) << text;
    EXPECT_EQ(id->text(), text);
  }
}

TEST(NameTest, RefusesEveryOtherSpelling) {
  for (const char* text : {"", "alice", "@", "a@", "@b", "Alice@north", "a@b@c",
                           "a b@c", "a@-b", "a.@b", "\xc3\xa4@b", "a@b\n"}) {
    EXPECT_EQ(AgentId::Parse(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
  EXPECT_FALSE(AgentId::Parse(std::string(127, 'a') + "@b").ok());
  EXPECT_TRUE(AgentId::Parse(std::string(126, 'a') + "@b").ok());
}

TEST(NameTest, DomainIsWhatFollowsTheAt) {
  EXPECT_EQ(HubId::Parse("hub1@one.example")->domain(), "one.example");
}

TEST(NameTest, ErrorShowsTextEscaped) {
  EXPECT_NE(AgentId::Parse("a\nb").status().message().find("a\\nb"),
            absl::string_view::npos);
}

TEST(Id16Test, HexIs32LowerCaseDigits) {
  KeyId id;
  id.mutable_bytes()[0] = 0xAB;
  EXPECT_EQ(id.Hex(), "ab000000000000000000000000000000");
}

}  // namespace
}  // namespace skex
