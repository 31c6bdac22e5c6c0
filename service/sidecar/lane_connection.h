#ifndef SERVICE_SIDECAR_LANE_CONNECTION_H_
#define SERVICE_SIDECAR_LANE_CONNECTION_H_

#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "service/sidecar/alarm.h"
#include "service/sidecar/connection.h"
#include "service/sidecar/connection_result.h"
#include "service/sidecar/lane_answerer.h"
#include "service/sidecar/lane_socket.h"
#include "service/sidecar/stream_socket.h"
#include "service/sidecar/ticket.h"
#include "service/sidecar/worker.h"

namespace service {

// LaneConnection is a connection to an inbound tunnel that carries no TLS but
// the messages of unmediated key establishment, one behind the other. It hands
// each to the sidecar's LaneAnswerer and sends the answers back.
//
// The messages are in plain text and authenticate themselves. They say which
// lane they are for, so any inbound tunnel takes those of any peer: its allow
// list is about who reaches its backend, which nobody does here.
//
// What a stranger can cost is bounded:
// - Until a message has verified the connection has handshake_timeout, counted
//   from accept, or behind a PROXY header from there, and takes one of the
//   tunnel's places for handshakes. It is not counted as a handshake of TLS.
// - Afterwards it has lane_idle_timeout from one answer to the next.
// - One message is with the answerer at a time, and nothing is read before its
//   answer is sent: what waits is one read, and a part of a message.
//
// Thread-compatible: belongs to its worker's thread.
class LaneConnection : public Connection,
                       public std::enable_shared_from_this<LaneConnection> {
 public:
  // Starts on `worker`, which keeps it until it has ended. `first` was read
  // from `peer` already, at least one byte; `opened` is when its time began, by
  // MonotonicNow(). The tunnel must have a LaneAnswerer.
  static void Start(Worker& worker, Ticket ticket, StreamSocket peer,
                    absl::Span<const uint8_t> first, absl::Duration opened);

  // Use Start().
  LaneConnection(Worker& worker, Ticket ticket, StreamSocket peer,
                 absl::Span<const uint8_t> first);

  void Drain() override;
  void Stop() override;

 private:
  class ReplyBox;

  void Begin(absl::Duration opened);
  // Does what comes next: sends, hands a message over, or reads.
  void Proceed();
  bool SendAll();   // whether nothing is left to send
  bool HandOver();  // whether a message was there, or the connection ended
  void OnReply(LaneReply reply);
  void AwaitPeer();
  void OnReadable();
  void WatchIdle();
  bool IsBetweenMessages() const;

  void OnPeerEnd();
  void OnBroken(int error);
  // The bytes of the peer are to blame.
  void Refuse(absl::string_view why);
  // Ends it in order, or with a reset.
  void Close(ConnectionResult result, absl::string_view detail);
  void Reset(ConnectionResult result, absl::string_view detail);
  void Leave(ConnectionResult result, absl::string_view detail);

  TunnelSurroundings& shared() const { return ticket_.tunnel().shared; }

  Worker& worker_;
  Ticket ticket_;
  LaneSocket lane_;
  const std::shared_ptr<ReplyBox> replies_;
  Alarm timeout_;
  bool accepted_ = false;  // a message has verified
  bool asking_ = false;    // a message is with the answerer
  bool draining_ = false;
  bool ended_ = false;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_LANE_CONNECTION_H_
