#ifndef SERVICE_CTL_TOP_LIVE_VIEW_H_
#define SERVICE_CTL_TOP_LIVE_VIEW_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/ctl/top/figures.h"
#include "service/ctl/top/picture.h"
#include "service/ctl/top/poller.h"
#include "service/ctl/top/signal_reader.h"
#include "service/ctl/top/terminal.h"

namespace service {

// A daemon on the operator's terminal, until he has seen enough: asks for
// samples, draws them, and does what keys and signals say. A daemon that does
// not answer is asked again and again. Thread-compatible.
class LiveView {
 public:
  // All must outlive the view. `first` is what the daemon answered already.
  LiveView(Terminal& terminal, SignalReader& signals, Poller& poller,
           absl::Duration interval, Sample first);

  LiveView(const LiveView&) = delete;
  LiveView& operator=(const LiveView&) = delete;

  // Returns OK when the operator, or a signal, ends it; UNAVAILABLE if the
  // terminal is gone. In either case the terminal is as it was before, and a
  // question may be under way.
  absl::Status Run();

 private:
  // What there is to deal with.
  struct Ready {
    bool signal = false;
    bool key = false;
    bool answer = false;
  };

  absl::Status Turn();
  absl::Status Draw();
  // Until there is something, or it is time to ask.
  Ready Wait();
  absl::Status OnSignal(int number);
  absl::Status OnKey(char key);
  void OnAnswer(absl::StatusOr<Sample> answer);
  void Ask();
  absl::Status Suspend();

  Terminal& terminal_;
  SignalReader& signals_;
  Poller& poller_;
  const absl::Duration interval_;
  Sample last_;
  Figures figures_;
  Scene scene_;
  absl::Duration ask_at_;
  bool asking_ = false;
  bool done_ = false;
};

}  // namespace service

#endif  // SERVICE_CTL_TOP_LIVE_VIEW_H_
