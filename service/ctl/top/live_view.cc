#include "service/ctl/top/live_view.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "service/base/monotonic_time.h"

namespace service {
namespace {

constexpr char kCtrlC = '\x03';
constexpr char kCtrlZ = '\x1a';

}  // namespace

LiveView::LiveView(Terminal& terminal, SignalReader& signals, Poller& poller,
                   absl::Duration interval, Sample first)
    : terminal_(terminal),
      signals_(signals),
      poller_(poller),
      interval_(interval),
      last_(std::move(first)),
      figures_(Compare(nullptr, last_)),
      ask_at_(last_.at + interval) {
  scene_.zone = absl::LocalTimeZone();
}

absl::Status LiveView::Run() {
  absl::Status status = terminal_.Enter();
  while (status.ok() && !done_) status = Turn();
  terminal_.Leave();
  return status;
}

absl::Status LiveView::Turn() {
  absl::Status status = Draw();
  if (!status.ok()) return status;
  const Ready ready = Wait();
  if (ready.signal) status = OnSignal(signals_.Next());
  if (status.ok() && ready.key) {
    const absl::StatusOr<std::string> keys = terminal_.Keys();
    if (!keys.ok()) return keys.status();
    for (char key : *keys) {
      if (status.ok()) status = OnKey(key);
    }
  }
  if (ready.answer) OnAnswer(poller_.Take());
  if (!scene_.paused && MonotonicNow() >= ask_at_) Ask();
  return status;
}

absl::Status LiveView::Draw() {
  scene_.time = absl::Now();
  return terminal_.Show(Picture(figures_, scene_, terminal_.Size()));
}

LiveView::Ready LiveView::Wait() {
  pollfd events[] = {{signals_.fd(), POLLIN, 0},
                     {terminal_.in(), POLLIN, 0},
                     {poller_.fd(), POLLIN, 0}};
  int patience = -1;
  if (!asking_ && !scene_.paused) {
    const absl::Duration left =
        std::max(ask_at_ - MonotonicNow(), absl::ZeroDuration());
    patience = static_cast<int>(
        absl::ToInt64Milliseconds(absl::Ceil(left, absl::Milliseconds(1))));
  }
  // With an error none of the events is there, and the next turn waits again.
  poll(events, 3, patience);
  // That the terminal was hung up counts as a key: reading tells it.
  return {.signal = events[0].revents != 0,
          .key = events[1].revents != 0,
          .answer = events[2].revents != 0};
}

absl::Status LiveView::OnSignal(int number) {
  switch (number) {
    case 0:
    case SIGWINCH:
      return absl::OkStatus();  // It is drawn anew in any case.
    case SIGTSTP:
      return Suspend();
    default:
      done_ = true;
      return absl::OkStatus();
  }
}

absl::Status LiveView::OnKey(char key) {
  switch (key) {
    case 'q':
    case kCtrlC:
      done_ = true;
      break;
    case 'p':
      scene_.paused = !scene_.paused;
      break;
    case ' ':
    case 'r':
      Ask();
      break;
    case 'h':
    case '?':
      scene_.help = !scene_.help;
      break;
    case kCtrlZ:
      return Suspend();
    default:
      break;
  }
  return absl::OkStatus();
}

void LiveView::OnAnswer(absl::StatusOr<Sample> answer) {
  asking_ = false;
  if (!answer.ok()) {
    scene_.trouble = std::string(answer.status().message());
    return;
  }
  scene_.trouble.clear();
  const Sample before = std::exchange(last_, *answer);
  figures_ = Compare(&before, *std::move(answer));
}

void LiveView::Ask() {
  if (asking_) return;
  asking_ = true;
  ask_at_ = MonotonicNow() + interval_;
  poller_.Begin();
}

absl::Status LiveView::Suspend() {
  terminal_.Leave();
  raise(SIGSTOP);
  return terminal_.Enter();
}

}  // namespace service
