#ifndef SERVICE_ENROL_RANDOM_SOURCE_H_
#define SERVICE_ENROL_RANDOM_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "skex/base/entropy.h"
#include "skex/pad/pad_layout.h"

namespace service {

// Where the bytes of a pad come from. Unlike skex::Entropy it may end.
// Thread-compatible.
class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual skex::PadSource kind() const = 0;
  virtual absl::Status Fill(absl::Span<uint8_t> out) = 0;
};

// The operating system's generator behind `entropy`, which must outlive it.
class GeneratorSource : public RandomSource {
 public:
  explicit GeneratorSource(skex::Entropy* entropy) : entropy_(entropy) {}
  skex::PadSource kind() const override { return skex::PadSource::kGenerator; }
  absl::Status Fill(absl::Span<uint8_t> out) override {
    entropy_->Fill(out);
    return absl::OkStatus();
  }

 private:
  skex::Entropy* const entropy_;
};

// A device, or a file with the output of one, that the operator vouches for:
// nothing here can tell whether its bytes are random. Bytes are read once,
// from the front; using the same file for two pads is the operator's mistake
// to avoid.
class DeviceSource : public RandomSource {
 public:
  // Returns the reason if `path` cannot be opened for reading.
  static absl::StatusOr<std::unique_ptr<DeviceSource>> Open(
      const std::string& path);

  ~DeviceSource() override;
  DeviceSource(const DeviceSource&) = delete;
  DeviceSource& operator=(const DeviceSource&) = delete;

  skex::PadSource kind() const override { return skex::PadSource::kPhysical; }

  // Returns OUT_OF_RANGE if the source ends early, DATA_LOSS if 64 bytes in a
  // row are the same (a device that has stopped), CANCELLED if a signal with a
  // handler came while it waited, UNAVAILABLE for I/O errors.
  absl::Status Fill(absl::Span<uint8_t> out) override;

 private:
  DeviceSource(int fd, std::string path);

  const int fd_;
  const std::string path_;
  uint64_t taken_ = 0;
  uint8_t last_ = 0;
  uint64_t run_ = 0;  // how often last_ came in a row
};

}  // namespace service

#endif  // SERVICE_ENROL_RANDOM_SOURCE_H_
