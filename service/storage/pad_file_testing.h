#ifndef SERVICE_STORAGE_PAD_FILE_TESTING_H_
#define SERVICE_STORAGE_PAD_FILE_TESTING_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "service/storage/file_system.h"
#include "service/storage/pad_file_writer.h"
#include "skex/base/bytes.h"
#include "skex/base/ids.h"
#include "skex/base/secret.h"
#include "skex/base/seeded_entropy.h"
#include "skex/pad/pad.h"
#include "skex/pad/pad_layout.h"

namespace service {

inline skex::AgentId Alice() {
  return *skex::AgentId::Parse("alice@north.example");
}
inline skex::HubId Hub1() { return *skex::HubId::Parse("hub1@one.example"); }

inline PadFileHeader TestHeader(skex::Side side, uint64_t otp_chunks = 1) {
  skex::SeededEntropy entropy(7);
  skex::PadGeometry geometry;
  geometry.lanes = 1;
  geometry.mac_bytes = skex::kMacChunk;
  geometry.otp_bytes = otp_chunks * skex::kOtpChunk;
  skex::PadIdentity identity{skex::RandomId<skex::TableId>(entropy), Alice(),
                             Hub1(), skex::PadSource::kGenerator, geometry};
  skex::Secret key = skex::Secret::OfSize(skex::kLinkKeySize);
  entropy.Fill(key.mutable_view());
  return {side, std::move(identity), std::move(key)};
}

// The data that every pad of these tests has.
inline std::string TestData(const PadFileHeader& header) {
  skex::SeededEntropy entropy(8);
  std::string data(header.identity.geometry.total_bytes(), '\0');
  entropy.Fill({reinterpret_cast<uint8_t*>(data.data()), data.size()});
  return data;
}

inline absl::Status WriteTestPad(FileSystem& files, const std::string& path,
                                 PadFileHeader header) {
  const std::string data = TestData(header);
  auto writer = PadFileWriter::Create(&files, path, std::move(header));
  if (!writer.ok()) return writer.status();
  absl::Status status = (*writer)->Append(skex::AsBytes(data));
  if (!status.ok()) return status;
  status = (*writer)->Finish();
  return status.ok() ? files.SyncFolder(FolderOf(path)) : status;
}

}  // namespace service

#endif  // SERVICE_STORAGE_PAD_FILE_TESTING_H_
