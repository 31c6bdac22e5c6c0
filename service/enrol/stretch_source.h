#ifndef SERVICE_ENROL_STRETCH_SOURCE_H_
#define SERVICE_ENROL_STRETCH_SOURCE_H_

#include <openssl/aes.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "service/enrol/random_source.h"
#include "skex/pad/pad_layout.h"

namespace service {

// The key stream of AES-256 in counter mode (NIST SP 800-38A, 6.5), from the
// first byte on. The key schedule and the last block are wiped when it ends.
// Thread-compatible.
class CounterModeStream {
 public:
  static constexpr size_t kKeySize = 32;
  using Block = std::array<uint8_t, AES_BLOCK_SIZE>;

  // `key` has kKeySize bytes, which stay the caller's to wipe. `first` is the
  // first counter block, a number of 128 bits in big-endian order.
  CounterModeStream(absl::Span<const uint8_t> key, const Block& first);
  ~CounterModeStream();
  CounterModeStream(const CounterModeStream&) = delete;
  CounterModeStream& operator=(const CounterModeStream&) = delete;

  // The next bytes of the stream, the same whatever pieces they are taken in.
  void Fill(absl::Span<uint8_t> out);

 private:
  AES_KEY key_;
  Block counter_;
  Block last_{};       // the key stream's current block
  unsigned used_ = 0;  // bytes of it that were taken
};

// A pad's bytes from AES-256-CTR under a seed of 32 bytes, for operators whose
// physical source is too slow for a whole pad. Such a pad is computational. Its
// bytes can be told from random ones with an advantage below 2^-56, for the
// largest pad (1 TiB), by who does not break AES.
//
// The seed is used for one pad, with the counter from zero on; it is wiped, as
// its key schedule is, and stored nowhere.
//
// Thread-compatible.
class StretchSource : public RandomSource {
 public:
  // Takes the seed from `physical`, which is not needed any more then. Returns
  // INVALID_ARGUMENT if that is no physical source, DATA_LOSS if it has
  // stopped (all bytes of the seed are the same), and its errors.
  static absl::StatusOr<std::unique_ptr<StretchSource>> Create(
      RandomSource& physical);

  skex::PadSource kind() const override { return skex::PadSource::kStretch; }
  // Never fails.
  absl::Status Fill(absl::Span<uint8_t> out) override;

 private:
  explicit StretchSource(absl::Span<const uint8_t> seed);

  CounterModeStream stream_;
};

}  // namespace service

#endif  // SERVICE_ENROL_STRETCH_SOURCE_H_
