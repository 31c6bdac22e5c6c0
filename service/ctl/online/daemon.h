#ifndef SERVICE_CTL_ONLINE_DAEMON_H_
#define SERVICE_CTL_ONLINE_DAEMON_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/status.h"
#include "service/base/mutex.h"

namespace service {

// The error that a daemon answered with, its text as PrintableText().
absl::Status DaemonError(const grpc::Status& status);

// A running agent or hub, asked over its admin socket. It is connected to when
// it is first asked, and again after a call that failed: it may have been
// started anew.
//
// One Ask() at a time; Cancel() may be called from any thread.
class Daemon {
 public:
  // Each call lasts `timeout` at most.
  Daemon(std::string socket, bool hub, absl::Duration timeout);

  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Calls `method` of the admin API. Returns the answer; or why there is none,
  // in one sentence for the operator: the daemon's own error; UNAVAILABLE if
  // none answers at the socket, else the errors of ConnectUnix(); UNIMPLEMENTED
  // if it is of the other kind; DEADLINE_EXCEEDED; CANCELLED after Cancel().
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Ask(
      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                   Response*),
      const Request& request) {
    absl::Status connected = Connect();
    if (!connected.ok()) return connected;
    Stub stub(channel_);
    grpc::ClientContext context;
    absl::Status begun = Begin(context);
    if (!begun.ok()) return begun;
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    End();
    if (!status.ok()) return Explain(status);
    return response;
  }

  // Ends the call under way, and lets every later one fail.
  void Cancel();

 private:
  absl::Status Connect();
  absl::Status Begin(grpc::ClientContext& context);
  void End();
  absl::Status Explain(const grpc::Status& status);
  absl::Status ExplainConnection(const absl::Status& status) const;

  const char* Kind() const { return hub_ ? "hub" : "agent"; }
  const char* Program() const { return hub_ ? "skex-hub" : "skexd"; }

  const std::string socket_;
  const bool hub_;
  const absl::Duration timeout_;
  std::shared_ptr<grpc::Channel> channel_;  // null: to be connected
  Mutex mutex_;
  // Of the call under way.
  grpc::ClientContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace service

#endif  // SERVICE_CTL_ONLINE_DAEMON_H_
