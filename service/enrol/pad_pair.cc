#include "service/enrol/pad_pair.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "service/storage/erase.h"
#include "service/storage/pad_file_writer.h"
#include "skex/base/secret.h"

namespace service {
namespace {

constexpr uint64_t kPiece = 1024 * 1024;

using Writer = std::unique_ptr<PadFileWriter>;

absl::Status WriteData(PadFileWriter& agent, PadFileWriter& hub, uint64_t total,
                       RandomSource& source, const PadProgress& progress) {
  skex::Secret piece = skex::Secret::OfSize(std::min(total, kPiece));
  for (uint64_t done = 0; done < total;) {
    const absl::Span<uint8_t> bytes = piece.mutable_view().first(
        std::min<uint64_t>(total - done, piece.size()));
    absl::Status status = source.Fill(bytes);
    if (status.ok()) status = agent.Append(bytes);
    if (status.ok()) status = hub.Append(bytes);
    done += bytes.size();
    if (status.ok()) status = progress(done, total);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// A file that cannot be overwritten is removed all the same: nobody has used
// what is in it.
void Discard(FileSystem& files, const std::string& path) {
  if (!EraseAndRemove(files, path).ok()) files.Remove(path).IgnoreError();
}

}  // namespace

absl::StatusOr<skex::PadIdentity> MakePadPair(FileSystem& files,
                                              const PadPairRequest& request,
                                              RandomSource& source,
                                              const PadProgress& progress) {
  skex::TableId table;
  skex::Secret key = skex::Secret::OfSize(skex::kLinkKeySize);
  absl::Status status = source.Fill(table.mutable_bytes());
  if (status.ok()) status = source.Fill(key.mutable_view());
  if (!status.ok()) return status;
  const skex::PadIdentity identity{table, request.agent, request.hub,
                                   source.kind(), request.geometry};

  absl::StatusOr<Writer> agent = PadFileWriter::Create(
      &files, request.agent_path, {skex::Side::kAgent, identity, key.Clone()});
  if (!agent.ok()) {
    // A file that could be created, but not reserved, is ours.
    if (!absl::IsAlreadyExists(agent.status())) {
      Discard(files, request.agent_path);
    }
    return agent.status();
  }
  absl::StatusOr<Writer> hub = PadFileWriter::Create(
      &files, request.hub_path, {skex::Side::kHub, identity, std::move(key)});
  status = hub.status();
  if (status.ok()) {
    status = WriteData(**agent, **hub, request.geometry.total_bytes(), source,
                       progress);
  }
  if (status.ok()) status = (*hub)->Finish();
  if (status.ok()) status = (*agent)->Finish();
  if (status.ok()) return identity;
  Discard(files, request.agent_path);
  if (!absl::IsAlreadyExists(hub.status())) Discard(files, request.hub_path);
  return status;
}

}  // namespace service
