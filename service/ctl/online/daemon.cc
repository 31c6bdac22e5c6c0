#include "service/ctl/online/daemon.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/admin/admin_channel.h"
#include "service/admin/unix_socket.h"
#include "service/ctl/online/units.h"

namespace service {
namespace {

absl::Status Interrupted() { return absl::CancelledError("interrupted"); }

}  // namespace

absl::Status DaemonError(const grpc::Status& status) {
  // absl and gRPC number the codes alike.
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                      PrintableText(status.error_message()));
}

Daemon::Daemon(std::string socket, bool hub, absl::Duration timeout)
    : socket_(std::move(socket)), hub_(hub), timeout_(timeout) {}

void Daemon::Cancel() {
  MutexLock lock(&mutex_);
  cancelled_ = true;
  if (context_ != nullptr) context_->TryCancel();
}

absl::Status Daemon::Connect() {
  if (channel_ != nullptr) return absl::OkStatus();
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel =
      OpenAdminChannel(socket_);
  if (!channel.ok()) return ExplainConnection(channel.status());
  channel_ = *std::move(channel);
  return absl::OkStatus();
}

absl::Status Daemon::Begin(grpc::ClientContext& context) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout_));
  MutexLock lock(&mutex_);
  if (cancelled_) return Interrupted();
  context_ = &context;
  return absl::OkStatus();
}

void Daemon::End() {
  MutexLock lock(&mutex_);
  context_ = nullptr;
}

absl::Status Daemon::Explain(const grpc::Status& status) {
  channel_.reset();
  const absl::Status error = DaemonError(status);
  switch (error.code()) {
    case absl::StatusCode::kUnimplemented:
      return absl::UnimplementedError(
          absl::StrCat("what answers at ", socket_, " is not ",
                       hub_ ? "a hub; leave --hub out" : "an agent; add --hub",
                       ", or it is of another version"));
    case absl::StatusCode::kCancelled:
      return Interrupted();
    case absl::StatusCode::kDeadlineExceeded:
      return absl::DeadlineExceededError(absl::StrCat(
          error.message(), " (within ", absl::FormatDuration(timeout_),
          "); a longer --timeout waits longer"));
    case absl::StatusCode::kUnavailable: {
      // An answer of the daemon, about a hub or peer, or the end of the daemon
      // itself.
      const absl::StatusOr<UnixFd> again = ConnectUnix(socket_);
      return again.ok() ? error : ExplainConnection(again.status());
    }
    default:
      return error;
  }
}

absl::Status Daemon::ExplainConnection(const absl::Status& status) const {
  if (absl::IsInvalidArgument(status)) return status;
  if (absl::IsPermissionDenied(status)) {
    return absl::PermissionDeniedError(
        absl::StrCat("this user may not use the admin socket ", socket_,
                     "; run as the user of ", Program(), ", or as root"));
  }
  return absl::UnavailableError(
      absl::StrCat("no ", Kind(), " answers at ", socket_, ": is ", Program(),
                   " running? (", status.message(), ")"));
}

}  // namespace service
