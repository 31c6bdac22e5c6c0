#include "service/ctl/online/table.h"

#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

namespace service {
namespace {

std::string Printed(const Table& table) {
  std::ostringstream out;
  table.Print(out);
  return out.str();
}

TEST(TableTest, AlignsColumns) {
  Table table({{"NAME"}, {"COUNT", true}, {"END"}});
  table.AddRow({"a", "1000000", "x"});
  table.AddRow({"longer", "2", ""});
  EXPECT_EQ(Printed(table),
            "NAME      COUNT  END\n"
            "a       1000000  x\n"
            "longer        2\n");
}

TEST(TableTest, PrintsNothingWithoutRows) {
  EXPECT_EQ(Printed(Table({{"NAME"}})), "");
}

TEST(TableTest, PrintsNotesBelowTheirRow) {
  Table table({{"NAME"}});
  table.AddRow({"a"});
  table.AddNote("why it is so");
  table.AddNote("");
  table.AddRow({"b"});
  EXPECT_EQ(Printed(table),
            "NAME\n"
            "a\n"
            "    why it is so\n"
            "b\n");
}

TEST(TableTest, CellsCannotCommandTheTerminal) {
  Table table({{"NAME"}});
  table.AddRow({"a\x1b[2J\n"});
  table.AddNote("x\x1b]0;y\x07");
  EXPECT_EQ(Printed(table),
            "NAME\n"
            "a\\x1b[2J\\x0a\n"
            "    x\\x1b]0;y\\x07\n");
}

TEST(TableTest, FirstColumnGivesWayOnAScreen) {
  Table table({{"NAME"}, {"N", true}});
  table.AddRow({"a-name-that-is-long", "7"});
  table.AddNote("and a note that is long, too");
  table.AddRow({"b", "1234"});
  EXPECT_EQ(
      table.LinesWithin(80),
      (std::vector<std::string>{
          "NAME                    N", "a-name-that-is-long     7",
          "    and a note that is long, too", "b                    1234"}));
  EXPECT_EQ(table.LinesWithin(16),
            (std::vector<std::string>{"NAME           N", "a-name-th~     7",
                                      "    and a note ~", "b           1234"}));
  // Down to eight columns of it; then the others are cut.
  EXPECT_EQ(table.LinesWithin(9),
            (std::vector<std::string>{"NAME    ~", "a-name-~~", "    and ~",
                                      "b       ~"}));
  EXPECT_TRUE(Table({{"NAME"}}).LinesWithin(80).empty());
}

TEST(TableTest, CellsCannotCommandTheScreen) {
  Table table({{"NAME"}});
  table.AddRow({"a\x1b[2J\n"});
  table.AddNote("x\x1b]0;y\x07");
  EXPECT_EQ(table.LinesWithin(80),
            (std::vector<std::string>{"NAME", "a\\x1b[2J\\x0a",
                                      "    x\\x1b]0;y\\x07"}));
}

TEST(PrintWrappedTest, KeepsToEightyColumns) {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "word" + std::to_string(i) + " ";
  std::ostringstream out;
  PrintWrapped(out, 4, text);
  std::string joined;
  for (absl::string_view line :
       absl::StrSplit(out.str(), '\n', absl::SkipEmpty())) {
    EXPECT_LE(line.size(), 80u);
    EXPECT_EQ(line.substr(0, 4), "    ");
    joined += std::string(line.substr(4)) + " ";
  }
  EXPECT_EQ(joined, text);
}

TEST(PrintWrappedTest, KeepsLongWordWhole) {
  std::ostringstream out;
  PrintWrapped(out, 0, "a " + std::string(100, 'b') + " c");
  EXPECT_EQ(out.str(), "a\n" + std::string(100, 'b') + "\nc\n");
}

}  // namespace
}  // namespace service
