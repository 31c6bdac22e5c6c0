#ifndef SKEX_PAD_PAD_STORAGE_H_
#define SKEX_PAD_PAD_STORAGE_H_

#include <array>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "skex/base/secret.h"
#include "skex/pad/pad_layout.h"

namespace skex {

// What must survive a crash of one stream of one lane in one direction.
struct StreamMark {
  // Everything below is used, or may have been: after a start no byte below
  // is ever used or accepted again. Written ahead: for the sending direction
  // before a byte of a chunk is used, for the receiving direction before a
  // chunk is granted to the other end.
  uint64_t claimed_upto = 0;
  // Everything below is overwritten on the medium.
  uint64_t erased_upto = 0;

  friend bool operator==(const StreamMark&, const StreamMark&) = default;
};

// All marks of a pad, absolute offsets. A fresh pad's marks stand at the
// beginning of each stream.
struct PadMarks {
  StreamMark& at(Direction direction, uint8_t lane, Stream stream) {
    return marks[Index(direction, lane, stream)];
  }
  const StreamMark& at(Direction direction, uint8_t lane, Stream stream) const {
    return marks[Index(direction, lane, stream)];
  }

  static PadMarks Fresh(const PadGeometry& geometry);

  friend bool operator==(const PadMarks&, const PadMarks&) = default;

  std::array<StreamMark, 2 * kMaxLanes * 2> marks;

 private:
  static size_t Index(Direction direction, uint8_t lane, Stream stream) {
    return (static_cast<size_t>(direction) * kMaxLanes + lane) * 2 +
           static_cast<size_t>(stream);
  }
};

// PadStorage is what Pad needs of the medium that holds one pad. It is owned
// by one process at a time; the implementation keeps others out.
//
// Thread-compatible.
class PadStorage {
 public:
  virtual ~PadStorage() = default;

  virtual const PadIdentity& identity() const = 0;
  // kLinkKeySize bytes.
  virtual const Secret& link_key() const = 0;

  // The marks as last committed.
  virtual const PadMarks& marks() const = 0;

  // Makes `marks` durable: when this returns OK they survive kill and power
  // loss; when it returns an error either the old or the new ones do.
  // RESOURCE_EXHAUSTED if the disk is full, UNAVAILABLE for other I/O errors.
  virtual absl::Status CommitMarks(const PadMarks& marks) = 0;

  // Fills `out` from the data at `offset`. OUT_OF_RANGE behind the end,
  // UNAVAILABLE for I/O errors.
  virtual absl::Status Read(uint64_t offset, absl::Span<uint8_t> out) = 0;

  // Overwrites [from, to) with zeros, durably; gives the space back to the
  // file system where the range is large enough. Errors as CommitMarks().
  virtual absl::Status Erase(uint64_t from, uint64_t to) = 0;
};

}  // namespace skex

#endif  // SKEX_PAD_PAD_STORAGE_H_
