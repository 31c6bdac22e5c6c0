#ifndef SERVICE_ENROL_PAD_PAIR_H_
#define SERVICE_ENROL_PAD_PAIR_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/enrol/random_source.h"
#include "service/storage/file_system.h"
#include "skex/base/ids.h"
#include "skex/pad/pad_layout.h"

namespace service {

// What a pair of pad files is made of.
struct PadPairRequest {
  skex::AgentId agent;
  skex::HubId hub;
  skex::PadGeometry geometry;
  std::string agent_path;
  std::string hub_path;
};

// Called after each piece with the bytes done so far; an error ends the work
// with that error.
using PadProgress = std::function<absl::Status(uint64_t done, uint64_t total)>;

// Makes both halves of a new pad from the bytes of `source`, in pieces of
// 1 MiB. Returns its identity when both files are complete and durable (their
// folders are the caller's to sync). With an error nothing is left behind.
// ALREADY_EXISTS if either file is there.
absl::StatusOr<skex::PadIdentity> MakePadPair(FileSystem& files,
                                              const PadPairRequest& request,
                                              RandomSource& source,
                                              const PadProgress& progress);

}  // namespace service

#endif  // SERVICE_ENROL_PAD_PAIR_H_
