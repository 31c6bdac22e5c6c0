#ifndef SKEX_PAD_PAD_H_
#define SKEX_PAD_PAD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "skex/base/secret.h"
#include "skex/pad/pad_layout.h"
#include "skex/pad/pad_storage.h"

namespace skex {

// The most that is granted and not used yet, and what one durable mark claims
// at a time: a crash of either end loses no more of a stream.
inline constexpr uint64_t kMacChunk = 8 * 1024;   // 256 messages
inline constexpr uint64_t kOtpChunk = 64 * 1024;  // some 800 keys in batches

// A range of pad offsets, [from, to).
struct PadRange {
  uint64_t from = 0;
  uint64_t to = 0;
  uint64_t size() const { return to - from; }
  friend bool operator==(const PadRange&, const PadRange&) = default;
};

// Bytes taken from a pad, and where they stood. Used once, then gone.
struct PadSlice {
  uint64_t offset = 0;
  Secret bytes;
};

// Pad is one end of a pad, in one lane: it hands out the bytes of its sending
// direction once each and checks those of the receiving direction off.
//
// Three rules keep any byte from being used twice:
//  - *Write-ahead.* A claim is durable before the first byte in it is used or
//    granted. After a crash all that was claimed is dead.
//  - *Grants.* A sender uses only ranges that the other end granted since this
//    process started. A pad restored from a backup brings its marks back with
//    it; the other end's do not go back, and it grants only above everything
//    it ever granted. Safe as long as not both ends are restored.
//  - *Verify first, consume after.* Peek() changes nothing. What was consumed
//    is refused, any overlap with it too.
//
// Thread-compatible. Blocks in its storage (reads; one sync for a chunk).
class Pad {
 public:
  // Called with every range of bytes right before its first use, sent or
  // received; for audit records.
  using UseObserver = absl::AnyInvocable<void(Direction, Stream, PadRange)>;

  // Opens the pad behind `storage`, which must outlive it, at a start of the
  // process: everything claimed before is erased. Returns INVALID_ARGUMENT if
  // `lane` is not a lane of the pad, and the storage's errors.
  static absl::StatusOr<std::unique_ptr<Pad>> Open(PadStorage* storage,
                                                   Side side, uint8_t lane);

  Pad(const Pad&) = delete;
  Pad& operator=(const Pad&) = delete;

  void set_use_observer(UseObserver observer) {
    observer_ = std::move(observer);
  }

  const PadIdentity& identity() const { return storage_->identity(); }
  const Secret& link_key() const { return storage_->link_key(); }
  Side side() const { return side_; }
  uint8_t lane() const { return lane_; }

  // --- Sending ---

  // Takes note of a range that the other end granted. Bytes below what was
  // taken or claimed before are never used, whatever is granted. Returns
  // INVALID_ARGUMENT if the range is not inside the stream.
  absl::Status AddGrant(Stream stream, PadRange range);

  // Forgets what was granted: the other end has restarted.
  void DropGrants();

  // Bytes that Take() could still hand out from grants.
  uint64_t Granted(Stream stream) const;

  // Takes the next `size` bytes, contiguous, durably claimed. `size` is a
  // multiple of the slot or block size. Returns
  // - RESOURCE_EXHAUSTED if the grants do not hold as many (ask for more), or
  //   the disk is full,
  // - DATA_LOSS if the bytes are a hole (zeros where random data should be);
  //   they are skipped,
  // - the storage's other errors. Nothing is handed out on an error.
  absl::StatusOr<PadSlice> Take(Stream stream, uint64_t size);

  // --- Receiving ---

  // Claims and returns the next range that the other end may use, above all
  // that was ever granted: `size` bytes, rounded up to whole slots or blocks,
  // or what is left. Returns RESOURCE_EXHAUSTED if nothing is, and the
  // storage's errors.
  absl::StatusOr<PadRange> Grant(Stream stream, uint64_t size);

  // The bytes of `range`, for verifying. Changes nothing. Returns
  // - OUT_OF_RANGE if the range is not in this stream, not granted, or not in
  //   whole slots or blocks,
  // - ALREADY_EXISTS if a byte of it was consumed,
  // - DATA_LOSS if it contains a hole: an all-zero slot or block. Under the MAC
  //   key (0, 0) the tag 0 verifies; a mask of 0 sends a share in clear.
  absl::StatusOr<Secret> Peek(Stream stream, PadRange range) const;

  // Marks `range`, which Peek() returned, as used up.
  void Consume(Stream stream, PadRange range);

  // --- Erasure ---

  // Overwrites what is used up in both directions. With `all` false only
  // where at least kEraseRun bytes wait. Returns the storage's errors; what
  // was not erased is tried again next time.
  absl::Status EraseUsed(bool all);

  // --- Figures ---

  // Bytes never claimed yet plus what is still granted: what is left.
  uint64_t Remaining(Direction direction, Stream stream) const;
  // Bytes that were claimed and given up unused: restarts and gaps.
  uint64_t wasted_bytes() const { return wasted_bytes_; }
  // Durable marks written ahead since this object was opened.
  uint64_t commits() const { return commits_; }
  // All waits for the medium since then: those, and two for each erasure.
  uint64_t syncs() const { return commits_ + erasure_syncs_; }

 private:
  // The sending half of one stream.
  struct Outgoing {
    uint64_t next = 0;        // first byte not handed out
    uint64_t granted_to = 0;  // end of the grant; == next when there is none
  };
  // The receiving half of one stream.
  struct Incoming {
    uint64_t floor = 0;       // everything below is consumed or dead
    uint64_t granted_to = 0;  // end of what was granted
    std::map<uint64_t, uint64_t> consumed;  // ranges above floor: from -> to
  };

  Pad(PadStorage* storage, Side side, uint8_t lane);

  absl::Status EraseAtStart();
  absl::Status Claim(Direction direction, Stream stream, uint64_t upto);
  absl::Status EraseBelow(Direction direction, Stream stream, uint64_t floor,
                          uint64_t least);
  void Observe(Direction direction, Stream stream, PadRange range);

  Outgoing& out(Stream stream) { return out_[static_cast<size_t>(stream)]; }
  const Outgoing& out(Stream stream) const {
    return out_[static_cast<size_t>(stream)];
  }
  Incoming& in(Stream stream) { return in_[static_cast<size_t>(stream)]; }
  const Incoming& in(Stream stream) const {
    return in_[static_cast<size_t>(stream)];
  }

  PadStorage* const storage_;
  const Side side_;
  const uint8_t lane_;
  std::array<Outgoing, 2> out_;
  std::array<Incoming, 2> in_;
  UseObserver observer_;
  uint64_t wasted_bytes_ = 0;
  uint64_t commits_ = 0;
  uint64_t erasure_syncs_ = 0;
};

// Used bytes wait for their erasure until a run of this size is complete, or
// until EraseUsed(true).
inline constexpr uint64_t kEraseRun = 1024 * 1024;

}  // namespace skex

#endif  // SKEX_PAD_PAD_H_
