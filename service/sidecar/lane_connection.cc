#include "service/sidecar/lane_connection.h"

#include <cstring>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "service/base/monotonic_time.h"
#include "service/base/mutex.h"

namespace service {
namespace {

// Whether who sent the message has shown nothing, and may be anybody.
bool IsOfAStranger(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) ||
         absl::IsDataLoss(status);
}

}  // namespace

// Where the answerer leaves a reply. It may do so on any thread, and when the
// connection and its worker are gone. Thread-safe.
class LaneConnection::ReplyBox {
 public:
  explicit ReplyBox(Worker& worker) : worker_(&worker) {}

  // Takes `reply` to `owner`, on its worker's thread: nobody else may keep it
  // alive, even for a moment.
  void Put(std::weak_ptr<LaneConnection> owner, LaneReply reply) {
    MutexLock lock(&mutex_);
    if (worker_ == nullptr) return;
    worker_->Post(
        [owner = std::move(owner), reply = std::move(reply)]() mutable {
          const std::shared_ptr<LaneConnection> self = owner.lock();
          if (self != nullptr && !self->ended_) self->OnReply(std::move(reply));
        });
  }

  // Replies are dropped from now on; the worker is not touched any more.
  void Close() {
    MutexLock lock(&mutex_);
    worker_ = nullptr;
  }

 private:
  Mutex mutex_;
  Worker* worker_ ABSL_GUARDED_BY(mutex_);
};

void LaneConnection::Start(Worker& worker, Ticket ticket, StreamSocket peer,
                           absl::Span<const uint8_t> first,
                           absl::Duration opened) {
  const auto connection = std::make_shared<LaneConnection>(
      worker, std::move(ticket), std::move(peer), first);
  worker.Join(connection);
  if (!connection->ended_) connection->Begin(opened);
}

LaneConnection::LaneConnection(Worker& worker, Ticket ticket, StreamSocket peer,
                               absl::Span<const uint8_t> first)
    : worker_(worker),
      ticket_(std::move(ticket)),
      lane_(std::move(peer)),
      replies_(std::make_shared<ReplyBox>(worker)),
      timeout_(worker.clock()) {
  lane_.Feed(first);
}

void LaneConnection::Drain() {
  draining_ = true;
  if (IsBetweenMessages()) Close(ConnectionResult::kKeyExchange, "drained");
}

void LaneConnection::Stop() {
  if (!ended_) Reset(ConnectionResult::kStopped, "stopped");
}

void LaneConnection::Begin(absl::Duration opened) {
  timeout_.Set(
      opened + shared().limits.handshake_timeout - MonotonicNow(), [this] {
        const std::shared_ptr<LaneConnection> self = shared_from_this();
        Reset(ConnectionResult::kHandshakeTimeout,
              "no message of the peer verified in time");
      });
  Proceed();
}

// ---- Messages

void LaneConnection::Proceed() {
  if (!SendAll() || HandOver()) return;
  if (draining_ && IsBetweenMessages()) {
    Close(ConnectionResult::kKeyExchange, "drained");
    return;
  }
  AwaitPeer();
}

bool LaneConnection::SendAll() {
  const IoResult sent = lane_.Flush();
  switch (sent.state) {
    case IoState::kMoved:
      return true;
    case IoState::kWouldBlock:
      lane_.socket().WaitWritable([self = shared_from_this()] {
        if (!self->ended_) self->Proceed();
      });
      return false;
    default:
      OnBroken(sent.error);
      return false;
  }
}

bool LaneConnection::HandOver() {
  absl::StatusOr<std::string> message = lane_.Next();
  if (!message.ok()) {
    Refuse(message.status().message());
    return true;
  }
  if (message->empty()) return false;
  asking_ = true;
  shared().lanes->OnLaneMessage(
      *std::move(message),
      [box = replies_, owner = weak_from_this()](LaneReply reply) {
        box->Put(owner, std::move(reply));
      });
  return true;
}

void LaneConnection::OnReply(LaneReply reply) {
  asking_ = false;
  if (!reply.peer.empty()) ticket_.set_peer(reply.peer);
  if (IsOfAStranger(reply.status)) {
    Close(ConnectionResult::kKeyExchangeRefused, reply.status.message());
    return;
  }
  if (reply.status.ok() && !std::exchange(accepted_, true)) {
    ticket_.DoneOpening();
  }
  if (accepted_) WatchIdle();
  for (const std::string& message : reply.messages) lane_.Queue(message);
  Proceed();
}

void LaneConnection::AwaitPeer() {
  lane_.socket().WaitReadable([self = shared_from_this()] {
    if (!self->ended_) self->OnReadable();
  });
}

void LaneConnection::OnReadable() {
  const IoResult got = lane_.Receive(worker_.scratch());
  switch (got.state) {
    case IoState::kMoved:
      Proceed();
      return;
    case IoState::kWouldBlock:
      AwaitPeer();
      return;
    case IoState::kEnd:
      OnPeerEnd();
      return;
    case IoState::kFailed:
      OnBroken(got.error);
      return;
  }
}

void LaneConnection::WatchIdle() {
  timeout_.Set(shared().limits.lane_idle_timeout, [this] {
    const std::shared_ptr<LaneConnection> self = shared_from_this();
    Reset(ConnectionResult::kIdle, "no message for lane_idle_timeout");
  });
}

bool LaneConnection::IsBetweenMessages() const {
  return !asking_ && !lane_.has_input() && lane_.unsent() == 0;
}

// ---- Ends

void LaneConnection::OnPeerEnd() {
  if (!lane_.has_input()) {
    Close(ConnectionResult::kKeyExchange, "");
  } else if (accepted_) {
    Close(ConnectionResult::kTruncated, "the peer's end cut a message");
  } else {
    Refuse("the peer closed within its first message");
  }
}

void LaneConnection::OnBroken(int error) {
  Close(accepted_ ? ConnectionResult::kPeerReset
                  : ConnectionResult::kHandshakeError,
        absl::StrCat("peer: ", std::strerror(error)));
}

void LaneConnection::Refuse(absl::string_view why) {
  Close(accepted_ ? ConnectionResult::kKeyExchangeRefused
                  : ConnectionResult::kHandshakeError,
        why);
}

void LaneConnection::Close(ConnectionResult result, absl::string_view detail) {
  lane_.Close();
  Leave(result, detail);
}

void LaneConnection::Reset(ConnectionResult result, absl::string_view detail) {
  lane_.socket().Reset();
  Leave(result, detail);
}

void LaneConnection::Leave(ConnectionResult result, absl::string_view detail) {
  ended_ = true;
  timeout_.Cancel();
  replies_->Close();
  ticket_.Finish(result, detail);
  worker_.Leave(this);
}

}  // namespace service
