#include "service/config/strict_toml.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace service {
namespace {

TomlDocument Read(absl::string_view text) {
  absl::StatusOr<TomlDocument> document = TomlDocument::Parse("f", text);
  EXPECT_TRUE(document.ok()) << document.status();
  return *std::move(document);
}

std::string ErrorOf(const TomlDocument& document) {
  return std::string(document.status().message());
}

TEST(StrictTomlTest, ReadsEveryType) {
  const TomlDocument document = Read(R"(
text = "a"
flag = true
number = 7
wait = "1m30s"
words = ["x", "y"]
[sub]
inner = "b"
[[list]]
n = 1
[[list]]
n = 2
)");
  const TomlTable root =
      document.Root({"text", "flag", "number", "wait", "words", "sub", "list"});
  EXPECT_EQ(root.String("text", "", "a"), "a");
  EXPECT_TRUE(root.Bool("flag", false));
  EXPECT_EQ(root.Integer("number", 1, 0, 9), 7u);
  EXPECT_EQ(root.Duration("wait", absl::Seconds(1), absl::ZeroDuration(),
                          absl::Hours(1)),
            absl::Seconds(90));
  EXPECT_EQ(root.Strings("words", "x"), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(root.Table("sub", {"inner"}).RequiredString("inner", "b"), "b");
  const std::vector<TomlTable> list = root.Tables("list", {"n"});
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[1].RequiredInteger("n", 0, 9, "1"), 2u);
  EXPECT_TRUE(document.status().ok()) << document.status();
}

TEST(StrictTomlTest, ReadsAStringOrSeveral) {
  const TomlDocument document = Read("one = \"x\"\nmore = [\"x\", \"y\"]\n");
  const TomlTable root = document.Root({"one", "more"});
  EXPECT_EQ(root.RequiredStringOrStrings("one", "a"),
            std::vector<std::string>{"x"});
  EXPECT_EQ(root.RequiredStringOrStrings("more", "a"),
            (std::vector<std::string>{"x", "y"}));
  EXPECT_TRUE(document.status().ok()) << document.status();
}

TEST(StrictTomlTest, FallsBackForAbsentKeysAndTables) {
  const TomlDocument document = Read("");
  const TomlTable sub = document.Root({"sub"}).Table("sub", {"a"});
  EXPECT_EQ(sub.String("a", "x", "a"), "x");
  EXPECT_EQ(sub.Integer("a", 3, 0, 9), 3u);
  EXPECT_TRUE(sub.Bool("a", true));
  EXPECT_EQ(
      sub.Duration("a", absl::Seconds(2), absl::ZeroDuration(), absl::Hours(1)),
      absl::Seconds(2));
  EXPECT_TRUE(sub.Strings("a", "x").empty());
  EXPECT_TRUE(sub.Tables("a", {}).empty());
  EXPECT_EQ(sub.Choice("a", 5, {{"five", 5}}), 5);
  EXPECT_TRUE(document.status().ok()) << document.status();
}

TEST(StrictTomlTest, RefusesAnUnknownKeyWithTheNearestKnownOne) {
  const TomlDocument document = Read("name = \"a\"\nthershold = 2\n");
  document.Root({"name", "threshold"});
  EXPECT_EQ(ErrorOf(document),
            "f:2:1: unknown key 'thershold'; did you mean 'threshold'?");
}

TEST(StrictTomlTest, ListsTheKnownKeysWhenNoneIsNear) {
  const TomlDocument document = Read("[log]\n  colour = 2\n");
  document.Root({"log"}).Table("log", {"level", "format"});
  EXPECT_EQ(ErrorOf(document),
            "f:2:3: unknown key 'colour' in [log]; known here: level, format");
}

TEST(StrictTomlTest, RefusesUnknownKeysInListsOfTables) {
  const TomlDocument document = Read("[[hub]]\nname=\"x\"\n[[hub]]\nnam=1\n");
  document.Root({"hub"}).Tables("hub", {"name"});
  EXPECT_EQ(ErrorOf(document),
            "f:4:1: unknown key 'nam' in [[hub]]; did you mean 'name'?");
}

TEST(StrictTomlTest, ReportsTheTableThatLacksAKey) {
  const TomlDocument document = Read("\n[[hub]]\nname=\"x\"\n");
  document.Root({"hub"}).Tables("hub", {"name", "pad"})[0].RequiredString(
      "pad", "a.pad");
  EXPECT_EQ(ErrorOf(document),
            "f:2:1: the key 'pad' is missing in this [[hub]]; add for example "
            "pad = \"a.pad\"");
}

TEST(StrictTomlTest, ReportsAMissingKeyOfTheTop) {
  const TomlDocument document = Read("");
  document.Root({"name"}).RequiredString("name", "a@b");
  EXPECT_EQ(ErrorOf(document),
            "f:1:1: the key 'name' is missing; add for example name = "
            "\"a@b\"");
}

TEST(StrictTomlTest, RefusesWrongTypes) {
  const auto error = [](absl::string_view text, auto get) {
    const TomlDocument document = Read(text);
    get(document.Root({"k"}));
    return ErrorOf(document);
  };
  EXPECT_EQ(
      error("k = 1", [](const TomlTable& t) { return t.String("k", "", "a"); }),
      "f:1:5: 'k' is an integer; write for example k = \"a\"");
  EXPECT_EQ(error("k = \"\"",
                  [](const TomlTable& t) { return t.String("k", "", "a"); }),
            "f:1:5: 'k' is empty; write for example k = \"a\"");
  EXPECT_EQ(error("k = \"true\"",
                  [](const TomlTable& t) { return t.Bool("k", false); }),
            "f:1:5: 'k' is a string; write true or false, without quotes");
  EXPECT_EQ(
      error("k = 1.5",
            [](const TomlTable& t) { return t.Integer("k", 1, 1, 9); }),
      "f:1:5: 'k' is a number with a point; write an integer from 1 to 9, "
      "without quotes");
  EXPECT_EQ(error("k = \"a\"",
                  [](const TomlTable& t) { return t.Strings("k", "a"); }),
            "f:1:5: 'k' is a string; write for example k = [\"a\"]");
  EXPECT_EQ(error("k = [\"a\", 2]",
                  [](const TomlTable& t) { return t.Strings("k", "a"); }),
            "f:1:11: 'k' contains an integer; write for example k = [\"a\"]");
  const auto one_or_more = [](const TomlTable& t) {
    return t.RequiredStringOrStrings("k", "a");
  };
  EXPECT_EQ(error("", one_or_more),
            "f:1:1: the key 'k' is missing; add for example k = \"a\"");
  EXPECT_EQ(error("k = 2", one_or_more),
            "f:1:5: 'k' is an integer; write for example k = \"a\"");
  EXPECT_EQ(error("k = []", one_or_more),
            "f:1:5: 'k' is empty; write for example k = [\"a\"]");
  EXPECT_EQ(error("k = [\"a\", 2]", one_or_more),
            "f:1:11: 'k' contains an integer; write for example k = [\"a\"]");
  EXPECT_EQ(error("k = [\"a\", \"\"]", one_or_more),
            "f:1:11: 'k' contains an empty string; write for example k = "
            "[\"a\"]");
  EXPECT_EQ(error("k = 2",
                  [](const TomlTable& t) {
                    t.Table("k", {});
                    return 0;
                  }),
            "f:1:5: 'k' is an integer; write it as a table [k]");
  EXPECT_EQ(error("[k]\n",
                  [](const TomlTable& t) {
                    t.Tables("k", {});
                    return 0;
                  }),
            "f:1:1: 'k' is a table; write each as a table [[k]]");
  EXPECT_EQ(error("k = [1]",
                  [](const TomlTable& t) {
                    t.Tables("k", {});
                    return 0;
                  }),
            "f:1:6: 'k' is an integer; write each as a table [[k]]");
}

TEST(StrictTomlTest, RefusesIntegersOutOfRange) {
  for (const char* text : {"k = 0", "k = 10", "k = -1"}) {
    const TomlDocument document = Read(text);
    document.Root({"k"}).Integer("k", 1, 1, 9);
    EXPECT_NE(ErrorOf(document).find("; choose an integer from 1 to 9"),
              std::string::npos);
  }
}

TEST(StrictTomlTest, RefusesBadDurations) {
  const auto error = [](absl::string_view text) {
    const TomlDocument document = Read(text);
    document.Root({"k"}).Duration("k", absl::Seconds(1), absl::Milliseconds(10),
                                  absl::Hours(1));
    return ErrorOf(document);
  };
  EXPECT_EQ(error("k = 5"),
            "f:1:5: 'k' is an integer; write for example k = \"1s\"");
  EXPECT_EQ(error("k = \"5\""),
            "f:1:5: 'k' is '5', not a duration; write for example \"1s\" "
            "(units: ms, s, m, h)");
  EXPECT_EQ(error("k = \"2h\""),
            "f:1:5: 'k' is 2h; choose a duration from 10ms to 1h");
  EXPECT_EQ(error("k = \"inf\""),
            "f:1:5: 'k' is inf; choose a duration from 10ms to 1h");
  EXPECT_EQ(error("k = \"-1s\""),
            "f:1:5: 'k' is -1s; choose a duration from 10ms to 1h");
}

TEST(StrictTomlTest, RefusesUnknownChoices) {
  const TomlDocument document = Read("k = \"loud\"");
  document.Root({"k"}).Choice("k", 1, {{"low", 1}, {"high", 2}});
  EXPECT_EQ(ErrorOf(document),
            "f:1:5: 'k' cannot be 'loud'; use one of: low, high");
}

TEST(StrictTomlTest, RefusesDuplicateKeys) {
  const absl::Status status =
      TomlDocument::Parse("f", "a = 1\na = 2\n").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message().substr(0, 4), "f:2:");
  EXPECT_NE(status.message().find("; correct the TOML syntax there"),
            absl::string_view::npos);
}

TEST(StrictTomlTest, RefusesWhatIsNotToml) {
  for (const std::string& text :
       {std::string("a = "), std::string("[a"), std::string("= 1"),
        std::string("a = \"x"), std::string("a = 1 b = 2"),
        std::string("a = \"\xff\""), std::string("\0", 1)}) {
    const absl::Status status = TomlDocument::Parse("f", text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(status.message().find('\n'), absl::string_view::npos);
    EXPECT_EQ(status.message().substr(0, 4), "f:1:") << status;
  }
}

TEST(StrictTomlTest, KeepsTheFirstError) {
  const TomlDocument document = Read("a = 1\nb = 1\n");
  const TomlTable root = document.Root({"a", "b"});
  root.String("b", "", "x");
  root.String("a", "", "x");
  EXPECT_EQ(ErrorOf(document).substr(0, 5), "f:2:5");
  EXPECT_FALSE(root.ok());
}

TEST(StrictTomlTest, StaysOneLineWhateverAKeyIsCalled) {
  const TomlDocument document = Read("\"a\\nb\" = 1");
  document.Root({"x"});
  EXPECT_EQ(ErrorOf(document), "f:1:1: unknown key 'a\\nb'; known here: x");
}

TEST(StrictTomlTest, ReportsAMissingFile) {
  const std::string path = testing::TempDir() + "/there/is/none.toml";
  const absl::Status status = TomlDocument::Load(path).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            path +
                ": cannot open: No such file or directory; give the path of "
                "a file, or make one with skexctl init");
}

TEST(StrictTomlTest, RefusesAFolder) {
  const absl::Status status = TomlDocument::Load(testing::TempDir()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
}

TEST(ResolvePathTest, IsRelativeToTheFilesFolder) {
  EXPECT_EQ(ResolvePath("/etc/skex/a.toml", "pads/x"), "/etc/skex/pads/x");
  EXPECT_EQ(ResolvePath("/etc/skex/a.toml", "/x"), "/x");
  EXPECT_EQ(ResolvePath("a.toml", "x"), "x");
  EXPECT_EQ(ResolvePath("/a.toml", "x"), "/x");
  EXPECT_EQ(ResolvePath("c/a.toml", "../x"), "c/../x");
}

}  // namespace
}  // namespace service
