#include "service/app/notify.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "service/base/environment.h"
#include "service/base/monotonic_time.h"
#include "service/config/endpoint.h"

namespace service {
namespace {

constexpr timeval kPatience = {.tv_sec = 5, .tv_usec = 0};

bool IsSocketName(const std::string& name) {
  return name.size() > 1 && name.size() <= kMaxUnixPathSize &&
         (name[0] == '/' || name[0] == '@');
}

}  // namespace

absl::StatusOr<Notifier> Notifier::FromEnvironment() {
  Notifier notifier;
  notifier.socket_ = TakeVariable("NOTIFY_SOCKET");
  const std::string watchdog = TakeVariable("WATCHDOG_USEC");
  const std::string pid = TakeVariable("WATCHDOG_PID");
  if (!notifier.socket_.empty() && !IsSocketName(notifier.socket_)) {
    return absl::InvalidArgumentError(
        absl::StrCat("NOTIFY_SOCKET is '", notifier.socket_,
                     "', neither a full path nor @name; unset it"));
  }
  // Without a pid it is for whoever reads it.
  if (watchdog.empty() || (!pid.empty() && pid != absl::StrCat(::getpid()))) {
    return notifier;
  }
  int64_t micros = 0;
  if (!absl::SimpleAtoi(watchdog, &micros) || micros <= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("WATCHDOG_USEC is '", watchdog,
                     "', not a number of microseconds; unset it"));
  }
  notifier.watchdog_ = absl::Microseconds(micros);
  return notifier;
}

absl::Status Notifier::Ready() const { return Send("READY=1", 0); }

void Notifier::Reloading() const {
  // By the time the manager tells this reload from an earlier one.
  Send(absl::StrCat("RELOADING=1\nMONOTONIC_USEC=",
                    absl::ToInt64Microseconds(MonotonicNow())),
       0)
      .IgnoreError();
}

void Notifier::Stopping() const { Send("STOPPING=1", 0).IgnoreError(); }

void Notifier::Status(absl::string_view line) const {
  std::string text = absl::StrCat("STATUS=", line);
  // The next line would be another message.
  std::replace(text.begin(), text.end(), '\n', ' ');
  Send(text, MSG_DONTWAIT).IgnoreError();
}

void Notifier::Alive() const { Send("WATCHDOG=1", MSG_DONTWAIT).IgnoreError(); }

absl::Status Notifier::Send(const std::string& text, int flags) const {
  if (socket_.empty()) return absl::OkStatus();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  size_t size = offsetof(sockaddr_un, sun_path) + socket_.size();
  if (socket_[0] == '@') {
    // An abstract name begins with a zero, a path ends with one.
    address.sun_path[0] = '\0';
  } else {
    ++size;
  }
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
  const ssize_t sent =
      ::sendto(fd, text.data(), text.size(), MSG_NOSIGNAL | flags,
               reinterpret_cast<const sockaddr*>(&address),
               static_cast<socklen_t>(size));
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (sent >= 0) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("nobody takes messages at NOTIFY_SOCKET ", socket_, ": ",
                   std::strerror(error)));
}

}  // namespace service
