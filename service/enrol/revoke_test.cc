#include "service/enrol/revoke.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/enrol/enrol_testing.h"

namespace service {
namespace {

constexpr char kSecondPad[] = "state/agents/alice@north.example/pad-2";

class RevokeTest : public EnrolmentFilesTest {
 protected:
  absl::StatusOr<Revoked> Revoke(FakeFileSystem& files) {
    return RevokeAgent(files, "state", Request().agent);
  }
};

TEST_F(RevokeTest, RevokesAndEnrolsAnew) {
  ASSERT_TRUE(Enrol(files_).ok());
  auto revoked = Revoke(files_);
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_FALSE(revoked->in_use);
  EXPECT_EQ(*files_.List("state/agents"), std::vector<std::string>{});
  ASSERT_TRUE(files_.Remove("out.pad").ok());
  EXPECT_TRUE(Enrol(files_).ok());
}

TEST_F(RevokeTest, RevokingErasesAPadThatAHubHasOpen) {
  ASSERT_TRUE(Enrol(files_).ok());
  auto pad = PadFile::Open(&files_, kHubPad, skex::Side::kHub, Request().agent,
                           Request().hub);
  ASSERT_TRUE(pad.ok());
  auto revoked = Revoke(files_);
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_TRUE(revoked->in_use);
  std::vector<uint8_t> bytes(4096, 1);
  ASSERT_TRUE((*pad)->Read(0, absl::MakeSpan(bytes)).ok());
  EXPECT_EQ(bytes, std::vector<uint8_t>(4096));
}

TEST_F(RevokeTest, RefusesToRevokeAStranger) {
  const absl::Status status = Revoke(files_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(),
            "alice@north.example is not enrolled in state; check the name and "
            "the hub's configuration");
}

TEST_F(RevokeTest, AnInterruptedRevocationIsCompletedByTheNext) {
  for (uint64_t at = 0;; ++at) {
    FakeFileSystem files(at);
    ASSERT_TRUE(Enrol(files).ok());
    files.Fail(files.operations() + at, absl::StatusCode::kUnavailable);
    const bool finished = Revoke(files).ok();
    files.Crash();
    if (finished) {
      EXPECT_GT(at, 5u);
      EXPECT_EQ(Revoke(files).status().code(), absl::StatusCode::kNotFound);
      break;
    }
    const absl::Status status = Revoke(files).status();
    EXPECT_TRUE(status.ok() || absl::IsNotFound(status)) << status;
    EXPECT_EQ(*files.List("state/agents"), std::vector<std::string>{})
        << "fault " << at;
  }
}

TEST_F(RevokeTest, RevokesAnAgentWithAllItsPads) {
  EnrolWithPads(files_, 3);
  auto second = PadFile::Open(&files_, kSecondPad, skex::Side::kHub,
                              Request().agent, Request().hub);
  ASSERT_TRUE(second.ok());
  auto revoked = Revoke(files_);
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_TRUE(revoked->in_use);
  EXPECT_EQ(*files_.List("state/agents"), std::vector<std::string>{});
}

TEST_F(RevokeTest, ANewEnrolmentCountsItsPadsFromOne) {
  EnrolWithPads(files_, 2);
  ASSERT_TRUE(RevokeTable(files_, "state", Request().agent,
                          TableOf(files_, kSecondPad).Hex())
                  .ok());
  ASSERT_TRUE(Revoke(files_).ok());
  for (const char* out : {"out.pad", "out-2.pad"}) {
    ASSERT_TRUE(files_.Remove(out).ok());
  }
  EnrolWithPads(files_, 2);
  EXPECT_TRUE(files_.Exists(kSecondPad));
}

class RevokeTableTest : public EnrolmentFilesTest {
 protected:
  static absl::StatusOr<RevokedTable> Revoke(FakeFileSystem& files,
                                             absl::string_view digits) {
    return RevokeTable(files, "state", Request().agent, digits);
  }
  absl::Status Refusal(absl::string_view digits) {
    const std::vector<std::string> before = files_.Paths();
    const absl::Status status = Revoke(files_, digits).status();
    EXPECT_EQ(files_.Paths(), before);
    return status;
  }
};

TEST_F(RevokeTableTest, ErasesThatPadAlone) {
  EnrolWithPads(files_, 3);
  const skex::TableId table = TableOf(files_, kSecondPad);
  auto held = files_.Open(kSecondPad, OpenMode::kRead);
  auto revoked = Revoke(files_, table.Hex());
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_EQ(revoked->table, table);
  EXPECT_FALSE(revoked->in_use);
  EXPECT_EQ(revoked->left, 2u);
  EXPECT_EQ(*files_.List(kFolder),
            (std::vector<std::string>{".last-pad", "enrolment.toml", "pad",
                                      "pad-3"}));
  std::vector<uint8_t> bytes(4096, 1);
  ASSERT_TRUE((*held)->ReadAt(kPadDataOffset, absl::MakeSpan(bytes)).ok());
  EXPECT_EQ(bytes, std::vector<uint8_t>(4096));
}

TEST_F(RevokeTableTest, TheNextPadIsTheOldestThen) {
  EnrolWithPads(files_, 2);
  ASSERT_TRUE(Revoke(files_, TableOf(files_, kHubPad).Hex()).ok());
  EXPECT_FALSE(files_.Exists(kHubPad));
  EXPECT_TRUE(CanOpen(files_, kSecondPad, skex::Side::kHub));
}

TEST_F(RevokeTableTest, TakesEightDigitsOfEitherCase) {
  EnrolWithPads(files_, 2);
  const std::string digits = absl::AsciiStrToUpper(
      absl::string_view(TableOf(files_, kHubPad).Hex()).substr(0, 8));
  EXPECT_TRUE(Revoke(files_, digits).ok());
}

TEST_F(RevokeTableTest, RefusesWhatNamesNoTable) {
  EnrolWithPads(files_, 2);
  const std::string whole = TableOf(files_, kHubPad).Hex();
  for (const std::string& digits :
       {std::string(), whole.substr(0, 7), whole + "0", std::string("pad-2xyz"),
        std::string("0x123456")}) {
    const absl::Status status = Refusal(digits);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(),
              absl::StrCat("'", digits,
                           "' names no table; give the first 8 to 32 "
                           "hexadecimal digits of what skexctl pad shows"));
  }
}

TEST_F(RevokeTableTest, NamesTheTablesThatAreThere) {
  EnrolWithPads(files_, 2);
  const absl::Status status = Refusal("00000000");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(),
            absl::StrCat("alice@north.example has no pad whose table begins "
                         "with 00000000; it has ",
                         TableOf(files_, kHubPad).Hex(), ", ",
                         TableOf(files_, kSecondPad).Hex()));
}

TEST_F(RevokeTableTest, RefusesDigitsThatTwoPadsHave) {
  EnrolWithPads(files_, 2);
  files_.SetContents(kSecondPad, files_.Contents(kHubPad));
  const std::string digits = TableOf(files_, kHubPad).Hex();
  const absl::Status status = Refusal(digits);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            absl::StrCat("the tables of 2 pads of alice@north.example begin "
                         "with ",
                         digits, "; give more digits"));
}

TEST_F(RevokeTableTest, RefusesTheOnlyPad) {
  ASSERT_TRUE(Enrol(files_).ok());
  const std::string table = TableOf(files_, kHubPad).Hex();
  const absl::Status status = Refusal(table);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            table +
                " is the only pad of alice@north.example; give it another "
                "first (skexctl enrol --replenish), or revoke the agent, "
                "without --table");
  EXPECT_TRUE(CanOpen(files_, kHubPad, skex::Side::kHub));
}

TEST_F(RevokeTableTest, RefusesAStranger) {
  EXPECT_EQ(Refusal("00000000").message(),
            "alice@north.example is not enrolled in state; check the name and "
            "the hub's configuration");
}

TEST_F(RevokeTableTest, ADamagedPadDoesNotKeepAnother) {
  EnrolWithPads(files_, 3);
  const std::string second = TableOf(files_, kSecondPad).Hex();
  files_.SetContents(kHubPad, "damaged");
  EXPECT_EQ(Refusal("00000000").code(), absl::StatusCode::kInvalidArgument);
  auto revoked = Revoke(files_, second);
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_EQ(revoked->left, 2u);
}

TEST_F(RevokeTableTest, ErasesAPadThatAHubHasOpen) {
  EnrolWithPads(files_, 2);
  auto pad = PadFile::Open(&files_, kHubPad, skex::Side::kHub, Request().agent,
                           Request().hub);
  ASSERT_TRUE(pad.ok());
  auto revoked = Revoke(files_, (*pad)->identity().table.Hex());
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_TRUE(revoked->in_use);
  std::vector<uint8_t> bytes(4096, 1);
  ASSERT_TRUE((*pad)->Read(0, absl::MakeSpan(bytes)).ok());
  EXPECT_EQ(bytes, std::vector<uint8_t>(4096));
}

// At every point a hub sees the pad whole or not at all, and the next run gets
// rid of it and of nothing else.
TEST_F(RevokeTableTest, AnInterruptedOneIsCompletedByTheNext) {
  for (uint64_t at = 0;; ++at) {
    bool finished = false;
    for (uint64_t seed = 0; seed < 5; ++seed) {
      SCOPED_TRACE(testing::Message() << "fault " << at << " seed " << seed);
      FakeFileSystem files(seed);
      EnrolWithPads(files, 2);
      const std::string digits = TableOf(files, kSecondPad).Hex();
      files.Fail(files.operations() + at, absl::StatusCode::kUnavailable);
      finished = Revoke(files, digits).ok();
      files.Crash();
      if (files.Exists(kSecondPad)) {
        EXPECT_TRUE(CanOpen(files, kSecondPad, skex::Side::kHub));
        files.ReleaseLocks();
      }
      auto next = Revoke(files, digits);
      EXPECT_TRUE(next.ok() || absl::IsNotFound(next.status()))
          << next.status();
      if (finished) {
        EXPECT_TRUE(absl::IsNotFound(next.status()));
      }
      EXPECT_EQ(absl::StrJoin(*files.List(kFolder), " "),
                ".last-pad enrolment.toml pad");
      EXPECT_TRUE(CanOpen(files, kHubPad, skex::Side::kHub));
    }
    if (finished) {
      EXPECT_GT(at, 5u);
      break;
    }
  }
}

TEST_F(RevokeTableTest, SaysWhenItOnlyCompletedAnother) {
  EnrolWithPads(files_, 2);
  ASSERT_TRUE(
      files_.Rename(kSecondPad, absl::StrCat(kFolder, "/.pad-2.revoked")).ok());
  auto revoked = Revoke(files_, "00000000");
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_FALSE(revoked->table.has_value());
  EXPECT_EQ(revoked->left, 1u);
  EXPECT_EQ(*files_.List(kFolder),
            (std::vector<std::string>{"enrolment.toml", "pad"}));
}

}  // namespace
}  // namespace service
