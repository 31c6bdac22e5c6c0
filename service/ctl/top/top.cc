#include "service/ctl/top/top.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cstddef>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "service/api/admin.grpc.pb.h"
#include "service/base/monotonic_time.h"
#include "service/ctl/complaint.h"
#include "service/ctl/exit_status.h"
#include "service/ctl/json_text.h"
#include "service/ctl/online/daemon.h"
#include "service/ctl/top/figures.h"
#include "service/ctl/top/figures_json.h"
#include "service/ctl/top/live_view.h"
#include "service/ctl/top/picture.h"
#include "service/ctl/top/poller.h"
#include "service/ctl/top/signal_reader.h"
#include "service/ctl/top/terminal.h"

namespace service {
namespace {

namespace api = skex::admin::v1;

absl::StatusOr<Sample> AskAgent(Daemon& daemon) {
  using Stub = api::AgentAdmin::Stub;
  absl::StatusOr<api::AgentStatus> status =
      daemon.Ask(&Stub::GetStatus, api::GetAgentStatusRequest());
  if (!status.ok()) return status.status();
  return Sample{MonotonicNow(), AgentSample{*std::move(status)}};
}

absl::StatusOr<Sample> AskHub(Daemon& daemon) {
  using Stub = api::HubAdmin::Stub;
  absl::StatusOr<api::HubStatus> status =
      daemon.Ask(&Stub::GetStatus, api::GetHubStatusRequest());
  if (!status.ok()) return status.status();
  absl::StatusOr<api::ListAgentsResponse> agents =
      daemon.Ask(&Stub::ListAgents, api::ListAgentsRequest());
  if (!agents.ok()) return agents.status();
  return Sample{MonotonicNow(),
                HubSample{*std::move(status), *std::move(agents)}};
}

// One run of the verb.
class Top {
 public:
  Top(const TopRequest& request, std::ostream& out, std::ostream& err)
      : request_(request),
        out_(out),
        err_(err),
        daemon_(request.socket, request.hub, request.timeout) {}

  int OnTerminal() {
    if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) {
      Complain(absl::InvalidArgumentError(
                   "top needs a terminal; without one add --once or --json"),
               request_.json, err_);
      return kExitUsage;
    }
    // Before gRPC starts threads.
    SignalReader signals({SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP});
    Poller poller([this] { return Ask(); });
    if (signals.fd() < 0 || poller.fd() < 0) {
      return Fail(absl::UnavailableError("too many files are open"));
    }
    absl::StatusOr<Sample> first = First(signals, poller);
    if (!first.ok()) return Fail(first.status());
    Terminal terminal(STDIN_FILENO, STDOUT_FILENO);
    const absl::Status status = LiveView(terminal, signals, poller,
                                         request_.interval, *std::move(first))
                                    .Run();
    // The poller does not wait for a daemon that hangs.
    daemon_.Cancel();
    return status.ok() ? kExitOk : Fail(status);
  }

  int OnStream() {
    absl::StatusOr<Sample> last = Ask();
    if (!last.ok()) return Fail(last.status());
    do {
      absl::SleepFor(request_.interval);
      absl::StatusOr<Sample> sample = Ask();
      if (!sample.ok()) {
        const int exit_status = Fail(sample.status());
        if (request_.once) return exit_status;
        continue;
      }
      Print(Compare(&*last, *sample));
      last = std::move(sample);
    } while (!request_.once && out_);
    return kExitOk;
  }

 private:
  // The first answer; CANCELLED if the operator does not wait for it.
  absl::StatusOr<Sample> First(SignalReader& signals, Poller& poller) {
    poller.Begin();
    pollfd events[] = {{signals.fd(), POLLIN, 0}, {poller.fd(), POLLIN, 0}};
    while (poll(events, 2, -1) < 0 || events[1].revents == 0) {
      const int number = signals.Next();
      if (number != 0 && number != SIGWINCH) daemon_.Cancel();
    }
    return poller.Take();
  }

  absl::StatusOr<Sample> Ask() {
    return request_.hub ? AskHub(daemon_) : AskAgent(daemon_);
  }

  void Print(const Figures& figures) {
    if (request_.json) {
      out_ << JsonLine(FiguresJson(figures, absl::Now()));
    } else {
      const Scene scene = {.time = absl::Now(), .zone = absl::LocalTimeZone()};
      const ScreenSize size = {
          Terminal(STDIN_FILENO, STDOUT_FILENO).Size().columns,
          std::numeric_limits<size_t>::max()};
      for (const std::string& line : Picture(figures, scene, size)) {
        out_ << line << "\n";
      }
    }
    out_.flush();
  }

  ExitStatus Fail(const absl::Status& error) {
    return service::Fail(error, request_.json, err_);
  }

  const TopRequest& request_;
  std::ostream& out_;
  std::ostream& err_;
  Daemon daemon_;
};

}  // namespace

int RunTop(const TopRequest& request, std::ostream& out, std::ostream& err) {
  Top top(request, out, err);
  return request.json || request.once ? top.OnStream() : top.OnTerminal();
}

}  // namespace service
