#include "service/ctl/json_flag.h"

#include <gtest/gtest.h>

#include <string>

#include "CLI/CLI.hpp"

namespace service {
namespace {

// Whether JSON is asked for.
bool Asks(const std::string& command_line) {
  CLI::App app;
  app.add_subcommand("pad");
  app.add_subcommand("pair")->add_subcommand("make");
  bool json = false;
  AddJsonFlag(app, json);
  app.parse(command_line);
  return json;
}

TEST(JsonFlagTest, StandsBeforeAndBehindEveryVerb) {
  EXPECT_TRUE(Asks("--json pad"));
  EXPECT_TRUE(Asks("pad --json"));
  EXPECT_TRUE(Asks("--json pair make"));
  EXPECT_TRUE(Asks("pair --json make"));
  EXPECT_TRUE(Asks("pair make --json"));
}

TEST(JsonFlagTest, IsOffUnlessGiven) {
  EXPECT_FALSE(Asks("pad"));
  EXPECT_FALSE(Asks("pair make"));
}

}  // namespace
}  // namespace service
