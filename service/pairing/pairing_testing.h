#ifndef SERVICE_PAIRING_PAIRING_TESTING_H_
#define SERVICE_PAIRING_PAIRING_TESTING_H_

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "service/pairing/import_pair.h"
#include "service/pairing/make_pair.h"
#include "service/storage/fake_file_system.h"
#include "service/storage/lane_file.h"
#include "skex/base/bytes.h"
#include "skex/base/ids.h"
#include "skex/base/secret.h"
#include "skex/base/seeded_entropy.h"
#include "skex/ratchet/lane_state.h"

namespace service {

inline skex::AgentId PairedAlice() {
  return *skex::AgentId::Parse("alice@north.example");
}
inline skex::AgentId PairedBob() {
  return *skex::AgentId::Parse("bob@south.example");
}

inline constexpr char kPeers[] = "state/peers";
inline constexpr char kWithBob[] = "state/peers/bob@south.example";
inline constexpr char kOutgoing[] = "state/peers/bob@south.example/outgoing";
inline constexpr char kIncoming[] = "state/peers/bob@south.example/incoming";
inline constexpr char kPartial[] = "state/peers/.bob@south.example.partial";
inline constexpr char kHidden[] = "state/peers/.bob@south.example.revoked";

inline PairRequest MakeRequest() {
  return {PairedAlice(), PairedBob(), "a.cred", "b.cred"};
}

inline absl::StatusOr<std::string> Make(FakeFileSystem& files,
                                        uint64_t seed = 3) {
  skex::SeededEntropy entropy(seed);
  return MakePair(files, MakeRequest(), entropy);
}

// The root that Make() takes.
inline std::string RootBytes(uint64_t seed = 3) {
  std::string root(32, '\0');
  skex::SeededEntropy(seed).Fill(
      {reinterpret_cast<uint8_t*>(root.data()), root.size()});
  return root;
}

inline ImportRequest AtAlice() { return {PairedAlice(), "state", "a.cred"}; }

inline absl::StatusOr<std::optional<Imported>> Import(FakeFileSystem& files) {
  return ImportPair(files, AtAlice());
}

// Alice with lanes to bob; nothing else is there but bob's credential.
inline void MakeAndImport(FakeFileSystem& files) {
  ASSERT_TRUE(Make(files).ok());
  auto imported = Import(files);
  ASSERT_TRUE(imported.ok()) << imported.status();
}

// Whether alice can open both lanes.
inline bool HasBothLanes(FakeFileSystem& files) {
  auto outgoing = LaneFile::Open(&files, kOutgoing);
  auto incoming = LaneFile::Open(&files, kIncoming);
  return outgoing.ok() && incoming.ok() &&
         LoadLane(outgoing->get(), skex::LaneSide::kInitiator, PairedAlice(),
                  PairedBob())
             .ok() &&
         LoadLane(incoming->get(), skex::LaneSide::kResponder, PairedBob(),
                  PairedAlice())
             .ok();
}

// Whether any file of the medium has these bytes.
inline bool OnTheMedium(const FakeFileSystem& files, const std::string& bytes) {
  for (const std::string& path : files.Paths()) {
    if (files.Durable(path).find(bytes) != std::string::npos) return true;
  }
  return false;
}

}  // namespace service

#endif  // SERVICE_PAIRING_PAIRING_TESTING_H_
