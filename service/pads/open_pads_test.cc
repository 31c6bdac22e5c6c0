#include "service/pads/open_pads.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "service/storage/fake_file_system.h"
#include "service/storage/pad_file_testing.h"
#include "service/storage/pad_file_writer.h"
#include "skex/base/seeded_entropy.h"
#include "skex/wire/link.h"

namespace service {
namespace {

using skex::PadSource;

// An agent's pads a, b, c in a folder, of which the test opens some.
class OpenPadsTest : public testing::Test {
 protected:
  OpenPadsTest() {
    EXPECT_TRUE(files_.MakeFolder("/pads").ok());
    for (uint64_t seed : {1, 2, 3}) Write(seed, PadSource::kGenerator);
  }

  static std::string Path(uint64_t seed) {
    return "/pads/" + std::string(1, static_cast<char>('a' + seed - 1));
  }

  // The agent's half of pad number `seed`.
  void Write(uint64_t seed, PadSource source) {
    PadFileHeader header = TestHeader(skex::Side::kAgent);
    skex::SeededEntropy entropy(seed);
    header.identity.table = skex::RandomId<skex::TableId>(entropy);
    header.identity.source = source;
    absl::Status status = WriteTestPad(files_, Path(seed), std::move(header));
    ASSERT_TRUE(status.ok()) << status;
  }

  absl::StatusOr<PadChange> Plan(const std::vector<std::string>& paths,
                                 std::optional<PadSource> least = {}) {
    return PlanPads(files_, {skex::Side::kAgent, Alice(), Hub1(), paths, least},
                    pads_.identities(), nullptr);
  }

  // Carries out the change to these pads. The first one ever makes the link.
  absl::Status Become(const std::vector<std::string>& paths) {
    absl::StatusOr<PadChange> change = Plan(paths);
    if (!change.ok()) return change.status();
    pads_.Apply(
        *std::move(change),
        [this](skex::Pad* pad) {
          if (link_ == nullptr) {
            link_ =
                std::make_unique<skex::Link>(pad, skex::BootId(), &entropy_);
          } else {
            link_->AddPad(pad);
          }
        },
        [this](const skex::TableId& table) { link_->RemovePad(table); });
    return absl::OkStatus();
  }

  // The names of the open files, in their order.
  std::string Open() {
    std::string names;
    for (const skex::PadIdentity& identity : pads_.identities()) {
      for (uint64_t seed : {1, 2, 3}) {
        skex::SeededEntropy entropy(seed);
        if (identity.table == skex::RandomId<skex::TableId>(entropy)) {
          names += Path(seed).back();
        }
      }
    }
    return names;
  }

  FakeFileSystem files_{1};
  skex::SeededEntropy entropy_{5};
  OpenPads pads_;
  std::unique_ptr<skex::Link> link_;
};

TEST_F(OpenPadsTest, OpensAllAtTheStart) {
  ASSERT_TRUE(Become({Path(2), Path(1)}).ok());
  EXPECT_EQ(Open(), "ba");
  EXPECT_EQ(link_->pads().size(), 2u);
}

TEST_F(OpenPadsTest, TakesInTheNewAndLetsTheOldGo) {
  ASSERT_TRUE(Become({Path(1)}).ok());
  ASSERT_TRUE(Become({Path(1), Path(2)}).ok());
  EXPECT_EQ(Open(), "ab");
  // A pad that stays open is not opened again: its lock would be in the way.
  ASSERT_TRUE(Become({Path(2), Path(3)}).ok());
  EXPECT_EQ(Open(), "bc");
  ASSERT_TRUE(Become({Path(1)}).ok());
  EXPECT_EQ(Open(), "a");
  EXPECT_EQ(link_->pads().size(), 1u);
}

TEST_F(OpenPadsTest, NoChangeIsNone) {
  ASSERT_TRUE(Become({Path(1), Path(2)}).ok());
  absl::StatusOr<PadChange> change = Plan({Path(1), Path(2)});
  ASSERT_TRUE(change.ok()) << change.status();
  EXPECT_TRUE(change->added.empty());
  EXPECT_TRUE(change->gone.empty());
}

TEST_F(OpenPadsTest, PadIsKnownByItsTableNotItsPath) {
  ASSERT_TRUE(Become({Path(1)}).ok());
  ASSERT_TRUE(files_.Rename(Path(1), "/pads/moved").ok());
  ASSERT_TRUE(files_.Rename(Path(2), Path(1)).ok());
  ASSERT_TRUE(Become({"/pads/moved", Path(1)}).ok());
  EXPECT_EQ(Open(), "ab");
}

TEST_F(OpenPadsTest, ErrorOpensNothing) {
  ASSERT_TRUE(Become({Path(1)}).ok());
  const absl::Status missing = Become({Path(1), Path(2), "/pads/none"});
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(absl::StrContains(missing.message(), "/pads/none")) << missing;
  EXPECT_EQ(Open(), "a");
  // Nor is the other new one locked.
  EXPECT_TRUE(Become({Path(1), Path(2)}).ok());
}

TEST_F(OpenPadsTest, NewPadBeforeAnOpenOneIsRefused) {
  ASSERT_TRUE(Become({Path(1)}).ok());
  const absl::Status status = Become({Path(2), Path(1)});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "/pads/a: is in use and stands behind the new pad /pads/b; name "
            "the pads in the order of their age");
}

TEST_F(OpenPadsTest, CopyOfAPadIsRefused) {
  ASSERT_TRUE(Become({Path(1)}).ok());
  PadFileHeader header = TestHeader(skex::Side::kAgent);
  skex::SeededEntropy entropy(1);
  header.identity.table = skex::RandomId<skex::TableId>(entropy);
  ASSERT_TRUE(WriteTestPad(files_, "/pads/copy", std::move(header)).ok());
  const absl::Status status = Become({Path(1), "/pads/copy"});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "/pads/copy: is a copy of /pads/a; remove one of them");
}

TEST_F(OpenPadsTest, NoPadLowersTheSourceSilently) {
  ASSERT_TRUE(files_.Remove(Path(1)).ok());
  Write(1, PadSource::kPhysical);
  ASSERT_TRUE(Become({Path(1)}).ok());
  const absl::Status status = Become({Path(1), Path(2)});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(status.message(), "least_source")) << status;
  EXPECT_TRUE(Plan({Path(1), Path(2)}, PadSource::kGenerator).ok());
}

TEST_F(OpenPadsTest, ViewCountsWhatWasLetGo) {
  ASSERT_TRUE(Become({Path(1), Path(2)}).ok());
  skex::Pad* const old = pads_.pads()[0];
  ASSERT_TRUE(old->Grant(skex::Stream::kMac, skex::kMacChunk).ok());
  const uint64_t syncs = old->syncs();
  EXPECT_GT(syncs, 0u);
  PadSupplyView view = pads_.View(*link_, {.left = 0.5});
  EXPECT_EQ(view.left, 0.5);
  EXPECT_EQ(view.syncs, syncs);
  ASSERT_EQ(view.pads.size(), 2u);
  EXPECT_EQ(view.pads[0].source, "generator");
  EXPECT_FALSE(view.pads[0].connected);
  ASSERT_TRUE(Become({Path(2)}).ok());
  view = pads_.View(*link_, {});
  EXPECT_EQ(view.pads.size(), 1u);
  EXPECT_EQ(view.syncs, syncs);
}

}  // namespace
}  // namespace service
