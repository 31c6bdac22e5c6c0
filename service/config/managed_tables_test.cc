#include "service/config/managed_tables.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace service {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kBob[] = R"(
[[peer]]
name = "bob@south.example"
threshold = 2

[[outbound]]
name = "to-bob"
listen = "127.0.0.1:8080"
peer = "bob@south.example"
connect = "10.0.0.2:8443"
)";

ManagedTables Parse(absl::string_view text) {
  absl::StatusOr<ManagedTables> tables = ManagedTables::Parse("t.toml", text);
  EXPECT_TRUE(tables.ok()) << tables.status();
  return tables.ok() ? *std::move(tables) : ManagedTables();
}

std::string ErrorOf(absl::string_view text) {
  const absl::Status status = ManagedTables::Parse("t.toml", text).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  return std::string(status.message());
}

TEST(ManagedTables, TextIsReadAsItWasWritten) {
  const ManagedTables tables = Parse(kBob);
  const std::string text = tables.ToText();
  EXPECT_EQ(Parse(text).ToText(), text);
  EXPECT_THAT(text, HasSubstr("[[peer]]"));
  EXPECT_THAT(text, HasSubstr("threshold = 2"));
  EXPECT_THAT(text, HasSubstr("[[outbound]]"));
}

TEST(ManagedTables, QuotesAndControlBytesSurvive) {
  const ManagedTables tables =
      Parse("[[inbound]]\nname = \"a'\\\"\\n\\u0001\"\nallow = ['x', 'y']\n");
  const std::string text = tables.ToText();
  EXPECT_EQ(Parse(text).ToText(), text);
  ManagedTables copy = Parse(text);
  EXPECT_TRUE(copy.RemoveTunnel("a'\"\n\x01").ok());
}

TEST(ManagedTables, NothingIsNoTable) {
  EXPECT_THAT(Parse("").ToText(), Not(HasSubstr("[[")));
  EXPECT_THAT(Parse(ManagedTables().ToText()).ToText(), Not(HasSubstr("[[")));
}

TEST(ManagedTables, AddedTwiceNeedsReplace) {
  ManagedTables tables = Parse(kBob);
  const ManagedTables other =
      Parse("[[peer]]\nname = \"bob@south.example\"\nthreshold = 3\n");
  const absl::Status status = tables.Add(other, false);
  EXPECT_TRUE(absl::IsAlreadyExists(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("bob@south.example"));
  EXPECT_THAT(tables.ToText(), HasSubstr("threshold = 2"));
  EXPECT_TRUE(tables.Add(other, true).ok());
  EXPECT_THAT(tables.ToText(), HasSubstr("threshold = 3"));
  EXPECT_THAT(tables.ToText(), HasSubstr("to-bob"));
}

TEST(ManagedTables, PeersAndTunnelsAreRemovedByName) {
  ManagedTables tables = Parse(kBob);
  EXPECT_TRUE(absl::IsNotFound(tables.RemovePeer("to-bob")));
  EXPECT_TRUE(absl::IsNotFound(tables.RemoveTunnel("bob@south.example")));
  EXPECT_TRUE(tables.RemoveTunnel("to-bob").ok());
  EXPECT_TRUE(absl::IsNotFound(tables.RemoveTunnel("to-bob")));
  EXPECT_THAT(tables.ToText(), Not(HasSubstr("[[outbound]]")));
  EXPECT_TRUE(tables.RemovePeer("bob@south.example").ok());
  EXPECT_THAT(tables.ToText(), Not(HasSubstr("[[peer]]")));
}

TEST(ManagedTables, OneOutboundAndOneInboundCannotShareAName) {
  EXPECT_THAT(ErrorOf("[[outbound]]\nname = \"x\"\n[[inbound]]\nname=\"x\"\n"),
              HasSubstr("twice"));
}

TEST(ManagedTables, RefusesAnythingElse) {
  EXPECT_THAT(ErrorOf("[limits]\nconnections = 1\n"),
              HasSubstr("t.toml:1:2: 'limits' cannot be changed"));
  EXPECT_THAT(ErrorOf("peer = 1\n"), HasSubstr("cannot be changed"));
  EXPECT_THAT(ErrorOf("[[peer]]\nthreshold = 2\n"), HasSubstr("no name"));
  EXPECT_THAT(ErrorOf("peer = [1]\n"), HasSubstr("no name"));
  EXPECT_THAT(ErrorOf("[[peer]]\nname = 7\n"), HasSubstr("no name"));
  EXPECT_THAT(ErrorOf("[[peer\n"), HasSubstr("t.toml:1:"));
}

}  // namespace
}  // namespace service
