#include "service/log/log.h"

#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace service {
namespace {

absl::Time FixedTime() { return absl::FromUnixMillis(1769860800123); }

// The lines that `write` logs with `format` at level info.
template <typename Write>
std::string Logged(LogFormat format, Write write) {
  std::ostringstream out;
  Log log(LogLevel::kInfo, format, out, &FixedTime);
  write(log);
  return out.str();
}

TEST(LogTest, WritesTextLine) {
  EXPECT_EQ(Logged(LogFormat::kText,
                   [](Log& log) {
                     std::string name = "to-bob";
                     log.Info("handshake",
                              {{"tunnel", name},
                               {"bytes", uint64_t{18446744073709551615u}},
                               {"delta", -3},
                               {"rate", 0.5},
                               {"resumed", false},
                               {"took", absl::Microseconds(1200)}});
                   }),
            "2026-01-31T12:00:00.123Z info handshake tunnel=to-bob "
            "bytes=18446744073709551615 delta=-3 rate=0.5 resumed=false "
            "took=1.2ms\n");
}

TEST(LogTest, WritesJsonLineInOrder) {
  EXPECT_EQ(Logged(LogFormat::kJson,
                   [](Log& log) {
                     log.Warning("handshake",
                                 {{"tunnel", "to-bob"},
                                  {"count", 7u},
                                  {"resumed", true},
                                  {"took", absl::Milliseconds(1500)}});
                   }),
            "{\"time\":\"2026-01-31T12:00:00.123Z\",\"level\":\"warning\","
            "\"event\":\"handshake\",\"tunnel\":\"to-bob\",\"count\":7,"
            "\"resumed\":true,\"took\":1.5}\n");
}

TEST(LogTest, WritesEventWithoutFields) {
  EXPECT_EQ(Logged(LogFormat::kText, [](Log& log) { log.Error("stopped"); }),
            "2026-01-31T12:00:00.123Z error stopped\n");
}

TEST(LogTest, WritesStatus) {
  absl::Status status = absl::UnavailableError("hub is away");
  EXPECT_EQ(Logged(LogFormat::kText,
                   [&](Log& log) {
                     log.Info("exchange", {{"why", status}});
                   }),
            "2026-01-31T12:00:00.123Z info exchange "
            "why=\"UNAVAILABLE: hub is away\"\n");
}

TEST(LogTest, TextCannotBeForged) {
  std::string line = Logged(LogFormat::kText, [](Log& log) {
    log.Info("e", {{"a", "x\n2026 info forged"},
                   {"b", "y z=\"1\""},
                   {"c", absl::string_view("\x1b[2J\x9b\0", 6)},
                   {"d", ""}});
  });
  EXPECT_EQ(line,
            "2026-01-31T12:00:00.123Z info e a=\"x\\n2026 info forged\" "
            "b=\"y z=\\\"1\\\"\" c=\"\\x1b[2J\\x9b\\x00\" d=\"\"\n");
}

TEST(LogTest, JsonHoldsAnyBytes) {
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
  std::string line = Logged(LogFormat::kJson, [&](Log& log) {
    log.Info("e", {{"all", every}, {"utf8", "\xc3\xa9\"\\"}});
  });
  ASSERT_EQ(line.back(), '\n');
  line.pop_back();
  for (char c : line) {
    EXPECT_GE(c, 0x20);
    EXPECT_LT(static_cast<unsigned char>(c), 0x7f);
  }
  auto parsed = nlohmann::json::parse(line);
  EXPECT_EQ(parsed["utf8"], "\xc3\xa9\"\\");
  EXPECT_EQ(parsed["all"].get<std::string>().substr(0, 128),
            every.substr(0, 128));
}

TEST(LogTest, JsonFieldNeverReplacesAnother) {
  auto parsed = nlohmann::json::parse(Logged(LogFormat::kJson, [](Log& log) {
    log.Info("e", {{"level", "forged"}, {"event", 1}, {"event", 2}});
  }));
  EXPECT_EQ(parsed["level"], "info");
  EXPECT_EQ(parsed["event"], "e");
  EXPECT_EQ(parsed["level_"], "forged");
  EXPECT_EQ(parsed["event_"], 1);
  EXPECT_EQ(parsed["event__"], 2);
}

TEST(LogTest, LeavesOutLinesBelowLevel) {
  EXPECT_EQ(Logged(LogFormat::kText, [](Log& log) { log.Debug("hidden"); }),
            "");
}

TEST(LogTest, LevelChangesWhileRunning) {
  std::string lines = Logged(LogFormat::kText, [](Log& log) {
    log.SetLevel(LogLevel::kDebug);
    EXPECT_EQ(log.level(), LogLevel::kDebug);
    log.Debug("shown");
    log.SetLevel(LogLevel::kOff);
    EXPECT_FALSE(log.IsOn(LogLevel::kError));
    log.Error("hidden");
  });
  EXPECT_EQ(lines, "2026-01-31T12:00:00.123Z debug shown\n");
}

TEST(LogTest, LinesOfThreadsStayWhole) {
  constexpr int kThreads = 4;
  constexpr int kLines = 200;
  std::ostringstream out;
  Log log(LogLevel::kInfo, LogFormat::kJson, out);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&log, t] {
      for (int i = 0; i < kLines; ++i) log.Info("e", {{"t", t}, {"i", i}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<std::string> lines =
      absl::StrSplit(out.str(), '\n', absl::SkipEmpty());
  EXPECT_EQ(lines.size(), size_t{kThreads * kLines});
  for (const std::string& line : lines) {
    EXPECT_TRUE(nlohmann::json::accept(line)) << line;
  }
}

TEST(LogTest, ParsesLevelsAndFormats) {
  for (LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning,
                         LogLevel::kError, LogLevel::kOff}) {
    auto parsed = ParseLogLevel(LogLevelName(level));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(*parsed, level);
  }
  EXPECT_EQ(ParseLogLevel("Info").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ParseLogFormat("text").value(), LogFormat::kText);
  EXPECT_EQ(ParseLogFormat("json").value(), LogFormat::kJson);
  EXPECT_EQ(ParseLogFormat("xml").status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace service
