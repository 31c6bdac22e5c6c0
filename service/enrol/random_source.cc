#include "service/enrol/random_source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"

namespace service {
namespace {

// A random source repeats a byte so often once in 2^504 bytes.
constexpr uint64_t kStuckRun = 64;

}  // namespace

absl::StatusOr<std::unique_ptr<DeviceSource>> DeviceSource::Open(
    const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": cannot open the random source: ", strerror(errno),
                     "; give a device or file to read from"));
  }
  return absl::WrapUnique(new DeviceSource(fd, path));
}

DeviceSource::DeviceSource(int fd, std::string path)
    : fd_(fd), path_(std::move(path)) {}

DeviceSource::~DeviceSource() { close(fd_); }

absl::Status DeviceSource::Fill(absl::Span<uint8_t> out) {
  for (absl::Span<uint8_t> rest = out; !rest.empty();) {
    const ssize_t got = read(fd_, rest.data(), rest.size());
    if (got < 0 && errno == EINTR) {
      return absl::CancelledError(
          absl::StrCat(path_, ": reading the random source was interrupted"));
    }
    if (got < 0) {
      return absl::UnavailableError(absl::StrCat(
          path_, ": cannot read the random source: ", strerror(errno)));
    }
    if (got == 0) {
      return absl::OutOfRangeError(
          absl::StrCat(path_, ": the random source ended after ", taken_,
                       " bytes; give a larger one or ask for a smaller pad"));
    }
    rest.remove_prefix(static_cast<size_t>(got));
    taken_ += static_cast<uint64_t>(got);
  }
  for (uint8_t byte : out) {
    run_ = byte == last_ ? run_ + 1 : 1;
    last_ = byte;
    if (run_ >= kStuckRun) {
      return absl::DataLossError(
          absl::StrCat(path_, ": the random source repeats one byte ",
                       kStuckRun, " times; it is not random, use another"));
    }
  }
  return absl::OkStatus();
}

}  // namespace service
