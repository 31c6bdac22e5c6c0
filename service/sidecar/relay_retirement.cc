// How a Relay ends a connection that is too old or to be drained.

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/base/monotonic_time.h"
#include "service/sidecar/connection_result.h"
#include "service/sidecar/options.h"
#include "service/sidecar/relay.h"
#include "service/sidecar/stats.h"
#include "service/sidecar/tunnel.h"

namespace service {
namespace {

// How long nothing has moved before a quiet moment.
constexpr absl::Duration kQuiet = absl::Seconds(1);

}  // namespace

void Relay::WatchAge() {
  const SidecarLimits& limits = ticket_.tunnel().shared.limits;
  if (limits.max_age == absl::ZeroDuration() || retiring_ != Retiring::kNo) {
    return;
  }
  retire_.Set(limits.max_age - ticket_.age(),
              [this, patience = limits.max_age_patience] {
                Retire(Retiring::kTooOld, patience);
              });
}

void Relay::Retire(Retiring why, absl::Duration patience) {
  if (retiring_ != Retiring::kNo) return;
  retiring_ = why;
  retire_until_ = MonotonicNow() + patience;
  moved_ = false;
  AwaitQuiet();
}

void Relay::AwaitQuiet() {
  const absl::Duration left = retire_until_ - MonotonicNow();
  retire_.Set(std::min(left, kQuiet), [this] {
    const std::shared_ptr<Relay> self = shared_from_this();
    if (MonotonicNow() >= retire_until_) {
      Cut("no quiet moment came in time");
    } else if (std::exchange(moved_, false) || IsBusy()) {
      AwaitQuiet();
    } else {
      EndQuietly();
    }
  });
}

bool Relay::IsBusy() {
  return to_peer_ != Direction::kOpen || to_app_ != Direction::kOpen ||
         !held_.empty() || !tls_.session().output().empty();
}

void Relay::EndQuietly() {
  retired_ = true;
  retire_.Set(retire_until_ - MonotonicNow(), [this] {
    const std::shared_ptr<Relay> self = shared_from_this();
    Cut("the other direction did not end in time");
  });
  if (ticket_.tunnel().kind == TunnelKind::kOutbound) {
    OnAppEnd();
  } else {
    OnPeerEnd();
  }
}

// Looks whether the app, whose direction was ended for it, goes on.
void Relay::RefuseMoreOfApp() {
  if (ended_ || !retired_ || ticket_.tunnel().kind != TunnelKind::kOutbound) {
    return;
  }
  const IoResult got = app_.Read(worker_.scratch());
  switch (got.state) {
    case IoState::kMoved:
      CutSinceItWentOn();
      return;
    case IoState::kWouldBlock:
      AwaitAppReadable();
      return;
    case IoState::kEnd:
      return;
    case IoState::kFailed:
      BreakApp(got.error);
      return;
  }
}

void Relay::Cut(absl::string_view detail) {
  Break(retiring_ == Retiring::kTooOld ? ConnectionResult::kMaxAge
                                       : ConnectionResult::kStopped,
        detail);
}

void Relay::CutSinceItWentOn() {
  Cut("bytes came after the connection had ended at a quiet moment");
}

}  // namespace service
