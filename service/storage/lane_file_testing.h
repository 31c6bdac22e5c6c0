#ifndef SERVICE_STORAGE_LANE_FILE_TESTING_H_
#define SERVICE_STORAGE_LANE_FILE_TESTING_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "service/storage/lane_file_format.h"
#include "skex/base/bytes.h"
#include "skex/base/seeded_entropy.h"

namespace service {

// State number `number`: as long as one of a lane in order, or up to the
// longest, and with no stretch of bytes in common with another one.
inline std::string NumberedState(uint64_t number) {
  static constexpr size_t kSizes[] = {1400, 40, 3000, 20000, kMostLaneState};
  std::string state(kSizes[number % 5], '\0');
  skex::SeededEntropy(number).Fill(
      {reinterpret_cast<uint8_t*>(state.data()), state.size()});
  return state;
}

// Whether the bytes of a lane file are those of one state and nothing else.
inline bool HoldsNothingBut(std::string file, absl::string_view state) {
  int found = 0;
  file.replace(0, kLaneHeaderSize, kLaneHeaderSize, '\0');
  for (size_t slot = 0; slot < kLaneSlots; ++slot) {
    auto decoded = DecodeLaneSlot(
        skex::AsBytes(file).subspan(LaneSlotOffset(slot), kLaneSlotSize));
    if (!decoded.ok()) continue;
    if (skex::AsText(decoded->state.view()) != state) return false;
    file.replace(LaneSlotOffset(slot), state.size() + kLaneSlotOverhead,
                 state.size() + kLaneSlotOverhead, '\0');
    ++found;
  }
  return found == 1 && file == std::string(kLaneFileSize, '\0');
}

}  // namespace service

#endif  // SERVICE_STORAGE_LANE_FILE_TESTING_H_
