#include "service/ctl/top/poller.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "absl/status/status.h"

namespace service {

Poller::Poller(Ask ask)
    : ask_(std::move(ask)),
      fd_(eventfd(0, EFD_CLOEXEC)),
      answer_(absl::UnavailableError("not asked yet")) {}

Poller::~Poller() {
  if (thread_.joinable()) thread_.join();
  close(fd_);
}

void Poller::Begin() {
  if (thread_.joinable()) return;
  thread_ = std::thread([this] {
    answer_ = ask_();
    // Cannot fail: the counter is at zero.
    eventfd_write(fd_, 1);
  });
}

absl::StatusOr<Sample> Poller::Take() {
  thread_.join();
  eventfd_t count = 0;
  eventfd_read(fd_, &count);
  return std::move(answer_);
}

}  // namespace service
