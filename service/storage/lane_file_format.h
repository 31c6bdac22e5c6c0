#ifndef SERVICE_STORAGE_LANE_FILE_FORMAT_H_
#define SERVICE_STORAGE_LANE_FILE_FORMAT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "skex/base/secret.h"

namespace service {

// The bytes of a lane file. All integers are big-endian; what is not named is
// zero. Shared by LaneFile and ReadLaneState().
//
//   offset   size
//        0     10  header: magic "skexlane", u16 version
//     4096  81920  slot 0
//    86016  81920  slot 1
//   167936         end
//
// header: zeros, or the beginning of these ten bytes, until a state is durable
//         in a slot; never changed again. So a file with a whole header has a
//         state, and one without has none yet.
// slot:   magic "laneslot", u64 generation, u32 size, the state, SHA-256 of all
//         that. Zeros if there is none. The higher generation counts. There are
//         two states only between a commit's write and its erasure.
//
// *Why two slots that are overwritten in place.* What a lane's state leaves out
// is what gives forward secrecy: from an old copy every key since would come
// back. A file written anew and renamed over the old one frees the blocks of
// that with the old state in them, where nobody can reach them any more; a log
// keeps every state. A single slot would be torn by a power failure. Of two
// slots at fixed places one is whole at any time, and the other one can be
// overwritten as soon as the new state is durable.

inline constexpr absl::string_view kLaneFileMagic = "skexlane";
inline constexpr uint16_t kLaneFileVersion = 1;

inline constexpr size_t kLaneHeaderSize = 10;
inline constexpr size_t kLaneSlots = 2;
inline constexpr size_t kLaneSlotSize = 81920;
inline constexpr uint64_t kLaneFileSize = 4096 + kLaneSlots * kLaneSlotSize;

inline constexpr uint64_t LaneSlotOffset(size_t slot) {
  return 4096 + slot * kLaneSlotSize;
}

// What a slot has besides the state.
inline constexpr size_t kLaneSlotOverhead = 8 + 8 + 4 + 32;
// The longest state. A responder's has two trees of at most 1,024 nodes of 37
// bytes each, and less than 512 bytes of names and keys: under 76,300 bytes.
// Used in order, a tree has 32 nodes, and a state some 1,400 bytes.
inline constexpr size_t kMostLaneState = kLaneSlotSize - kLaneSlotOverhead;

std::string EncodeLaneHeader();

// Whether the file has a state. `bytes` are kLaneHeaderSize bytes. Returns
// INVALID_ARGUMENT if they are not of a lane file, FAILED_PRECONDITION if they
// are of a newer version.
absl::StatusOr<bool> DecodeLaneHeader(absl::Span<const uint8_t> bytes);

struct LaneSlot {
  uint64_t generation = 0;
  skex::Secret state;
};

// kLaneSlotOverhead bytes more than `state`, which has kMostLaneState at most.
skex::Secret EncodeLaneSlot(uint64_t generation,
                            absl::Span<const uint8_t> state);

// Takes a slot with what follows it. DATA_LOSS if it is empty, erased, torn or
// damaged.
absl::StatusOr<LaneSlot> DecodeLaneSlot(absl::Span<const uint8_t> bytes);

}  // namespace service

#endif  // SERVICE_STORAGE_LANE_FILE_FORMAT_H_
