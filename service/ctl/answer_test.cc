#include "service/ctl/answer.h"

#include <gtest/gtest.h>

#include <sstream>

#include "absl/status/status.h"

namespace service {
namespace {

struct Printed {
  int exit_status = -1;
  std::string out;
  std::string err;
};

Printed Print(const Answer& answer, bool json) {
  std::ostringstream out;
  std::ostringstream err;
  Printed printed;
  printed.exit_status = PrintAnswer(answer, json, out, err);
  printed.out = out.str();
  printed.err = err.str();
  return printed;
}

TEST(AnswerTest, PrintsTextOrJson) {
  const Answer answer("done\n", {{"file", "a.toml"}});
  const Printed text = Print(answer, false);
  EXPECT_EQ(text.exit_status, 0);
  EXPECT_EQ(text.out, "done\n");
  EXPECT_EQ(text.err, "");
  const Printed json = Print(answer, true);
  EXPECT_EQ(json.exit_status, 0);
  EXPECT_EQ(json.out, "{\n  \"file\": \"a.toml\"\n}\n");
  EXPECT_EQ(json.err, "");
}

TEST(AnswerTest, PrintsAnErrorOnTheOtherStream) {
  const Answer answer = absl::NotFoundError("no \"such\" pad");
  const Printed text = Print(answer, false);
  EXPECT_EQ(text.exit_status, 1);
  EXPECT_EQ(text.out, "");
  EXPECT_EQ(text.err, "skexctl: no \"such\" pad\n");
  const Printed json = Print(answer, true);
  EXPECT_EQ(json.exit_status, 1);
  EXPECT_EQ(json.out, "");
  EXPECT_EQ(json.err,
            "{\"error\":\"no \\\"such\\\" pad\",\"status\":\"NOT_FOUND\"}\n");
}

TEST(AnswerTest, PrintsWhatIsKnownInSpiteOfAnError) {
  Answer answer("marks damaged\n", {{"generation", nullptr}});
  answer.status = absl::DataLossError("damaged");
  EXPECT_EQ(Print(answer, false).out, "marks damaged\n");
  const Printed json = Print(answer, true);
  EXPECT_EQ(json.exit_status, 1);
  EXPECT_EQ(json.out, "{\n  \"generation\": null\n}\n");
  EXPECT_EQ(json.err, "{\"error\":\"damaged\",\"status\":\"DATA_LOSS\"}\n");
}

TEST(AnswerTest, EscapesWhatIsNotAscii) {
  const Answer answer("", {{"file", "\x1b[2J\xc3\xa4\xff"}});
  EXPECT_EQ(Print(answer, true).out,
            "{\n  \"file\": \"\\u001b[2J\\u00e4\\ufffd\"\n}\n");
  // Not so for people, who may have such files.
  const Answer error = absl::NotFoundError("\xc3\xa4.pad: no such file");
  EXPECT_EQ(Print(error, false).err, "skexctl: \xc3\xa4.pad: no such file\n");
}

}  // namespace
}  // namespace service
