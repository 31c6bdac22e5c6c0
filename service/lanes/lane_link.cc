#include "service/lanes/lane_link.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"

namespace service {
namespace {

bool IsAnswer(absl::string_view message) {
  const absl::StatusOr<skex::LaneMessageType> type =
      skex::LaneMessageTypeOf(skex::AsBytes(message));
  return type.ok() && (*type == skex::LaneMessageType::kM2 ||
                       *type == skex::LaneMessageType::kStale);
}

}  // namespace

LaneLink::LaneLink(Worker& worker, const skex::AgentId& peer,
                   const Endpoint& address, const LaneLinkLimits& limits,
                   LaneLinkCallbacks& callbacks)
    : worker_(worker),
      peer_(peer),
      address_(address),
      limits_(limits),
      callbacks_(callbacks),
      dialer_(worker),
      lane_(worker.io()),
      idle_(worker.clock()) {}

template <class Handler>
auto LaneLink::Guard(Handler handler) {
  return [self = shared_from_this(), connection = connection_,
          handler = std::move(handler)] {
    if (connection == self->connection_) handler();
  };
}

void LaneLink::Open() {
  if (state_ == State::kDown) Dial();
}

void LaneLink::Send(absl::string_view message) {
  if (state_ == State::kStopped) return;
  if (lane_.unsent() + message.size() > limits_.unsent) return;
  lane_.Queue(message);
  ++answers_due_;
  switch (state_) {
    case State::kDown:
      Dial();
      return;
    case State::kUp:
      WatchIdle();
      Flush();
      return;
    default:
      return;
  }
}

void LaneLink::Stop() {
  Disconnect();
  state_ = State::kStopped;
  worker_.Leave(this);
}

// ---- Connecting

void LaneLink::Dial() {
  state_ = State::kConnecting;
  dialer_.Start(address_, limits_.connect_timeout, weak_from_this(),
                [this](absl::StatusOr<StreamSocket> socket) {
                  OnDialed(std::move(socket));
                });
}

void LaneLink::OnDialed(absl::StatusOr<StreamSocket> socket) {
  if (!socket.ok()) {
    GoDown(socket.status());
    return;
  }
  state_ = State::kUp;
  lane_.socket() = *std::move(socket);
  WatchIdle();
  AwaitPeer();
  callbacks_.on_up(peer_);
  Flush();
}

// ---- Messages

void LaneLink::Flush() {
  if (awaits_writable_) return;
  const IoResult sent = lane_.Flush();
  if (sent.state == IoState::kWouldBlock) {
    awaits_writable_ = true;
    lane_.socket().WaitWritable(Guard([this] {
      awaits_writable_ = false;
      Flush();
    }));
  }
  // Reading tells what is wrong with a broken connection.
}

void LaneLink::AwaitPeer() {
  lane_.socket().WaitReadable(Guard([this] { OnReadable(); }));
}

void LaneLink::OnReadable() {
  const IoResult got = lane_.Receive(worker_.scratch());
  switch (got.state) {
    case IoState::kMoved:
      if (absl::Status status = Deliver(); !status.ok()) {
        GoDown(std::move(status));
      } else {
        AwaitPeer();
      }
      return;
    case IoState::kWouldBlock:
      AwaitPeer();
      return;
    case IoState::kEnd:
      // A tunnel that takes TLS only ends like that, with an alert.
      GoDown(absl::UnavailableError(
          lane_.has_input() ? "the peer closed within an answer; it may not "
                              "establish keys without hubs"
                            : "the peer closed the connection"));
      return;
    case IoState::kFailed:
      GoDown(absl::UnavailableError(
          absl::StrCat("the connection broke: ", std::strerror(got.error))));
      return;
  }
}

absl::Status LaneLink::Deliver() {
  while (true) {
    absl::StatusOr<std::string> message = lane_.Next();
    if (!message.ok()) return message.status();
    if (message->empty()) return absl::OkStatus();
    if (!IsAnswer(*message)) {
      return absl::InvalidArgumentError("lane message: no answer");
    }
    if (answers_due_ == 0) {
      return absl::InvalidArgumentError(
          "lane message: more answers than there were messages");
    }
    --answers_due_;
    WatchIdle();
    callbacks_.on_message(peer_, *std::move(message));
  }
}

void LaneLink::WatchIdle() {
  idle_.Set(limits_.idle_timeout, [this] {
    GoDown(lane_.unsent() == 0
               ? absl::OkStatus()
               : absl::UnavailableError("the peer takes no messages"));
  });
}

// ---- Ends

void LaneLink::Disconnect() {
  ++connection_;
  idle_.Cancel();
  dialer_.Cancel();
  lane_.Close();
  awaits_writable_ = false;
  answers_due_ = 0;
}

void LaneLink::GoDown(absl::Status why) {
  Disconnect();
  state_ = State::kDown;
  callbacks_.on_down(peer_, std::move(why));
}

}  // namespace service
