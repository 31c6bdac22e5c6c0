#include "service/enrol/pad_pair.h"

#include <gtest/gtest.h>

#include "service/enrol/pad_size.h"
#include "service/storage/fake_file_system.h"
#include "service/storage/pad_file.h"
#include "skex/base/seeded_entropy.h"

namespace service {
namespace {

class PadPairTest : public testing::Test {
 protected:
  absl::StatusOr<skex::PadIdentity> Make() {
    return MakePadPair(files_, request_, source_,
                       [this](uint64_t done, uint64_t total) {
                         progress_.emplace_back(done, total);
                         return stop_;
                       });
  }

  FakeFileSystem files_{1};
  skex::SeededEntropy entropy_{2};
  GeneratorSource source_{&entropy_};
  PadPairRequest request_{*skex::AgentId::Parse("alice@north.example"),
                          *skex::HubId::Parse("hub1@one.example"),
                          *GeometryFor(3 << 20, 1), "agent.pad", "hub.pad"};
  std::vector<std::pair<uint64_t, uint64_t>> progress_;
  absl::Status stop_;
};

TEST_F(PadPairTest, MakesTwoHalvesOfOnePad) {
  auto identity = Make();
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(identity->source, skex::PadSource::kGenerator);
  auto agent = PadFile::Open(&files_, "agent.pad", skex::Side::kAgent,
                             request_.agent, request_.hub);
  auto hub = PadFile::Open(&files_, "hub.pad", skex::Side::kHub, request_.agent,
                           request_.hub);
  ASSERT_TRUE(agent.ok()) << agent.status();
  ASSERT_TRUE(hub.ok()) << hub.status();
  EXPECT_EQ((*agent)->identity().table, (*hub)->identity().table);
  EXPECT_TRUE(skex::EqualInConstantTime((*agent)->link_key().view(),
                                        (*hub)->link_key().view()));
  EXPECT_EQ(files_.Contents("agent.pad").substr(kPadDataOffset),
            files_.Contents("hub.pad").substr(kPadDataOffset));
  EXPECT_EQ(progress_.back().first, request_.geometry.total_bytes());
  EXPECT_EQ(progress_.back().second, request_.geometry.total_bytes());
  EXPECT_EQ(progress_.size(), 3u);
}

TEST_F(PadPairTest, LeavesNothingBehindWhenStopped) {
  stop_ = absl::CancelledError("stop");
  EXPECT_EQ(Make().status(), stop_);
  EXPECT_TRUE(files_.Paths().empty());
}

TEST_F(PadPairTest, LeavesNothingBehindWhenTheDiskIsFull) {
  // However far it gets; the clearing up finds the disk writable again, or
  // not.
  request_.geometry = *GeometryFor(144 << 10, 1);
  for (uint64_t times : {uint64_t{1}, uint64_t{2}}) {
    for (uint64_t at = 0;; ++at) {
      FakeFileSystem files(at);
      files.Fail(at, absl::StatusCode::kResourceExhausted, times);
      auto identity =
          MakePadPair(files, request_, source_,
                      [](uint64_t, uint64_t) { return absl::OkStatus(); });
      if (identity.ok()) {
        EXPECT_GT(at, 10u);
        break;
      }
      EXPECT_EQ(identity.status().code(), absl::StatusCode::kResourceExhausted);
      EXPECT_TRUE(files.Paths().empty()) << "fault " << at;
    }
  }
}

TEST_F(PadPairTest, NeverTouchesAFileThatIsThere) {
  for (const char* path : {"agent.pad", "hub.pad"}) {
    FakeFileSystem files(1);
    ASSERT_TRUE(files.Open(path, OpenMode::kCreate).ok());
    files.SetContents(path, "precious");
    auto identity =
        MakePadPair(files, request_, source_,
                    [](uint64_t, uint64_t) { return absl::OkStatus(); });
    EXPECT_EQ(identity.status().code(), absl::StatusCode::kAlreadyExists);
    EXPECT_EQ(files.Paths(), std::vector<std::string>{path});
    EXPECT_EQ(files.Contents(path), "precious");
  }
}

}  // namespace
}  // namespace service
