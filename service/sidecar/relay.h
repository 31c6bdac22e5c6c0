#ifndef SERVICE_SIDECAR_RELAY_H_
#define SERVICE_SIDECAR_RELAY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "service/sidecar/alarm.h"
#include "service/sidecar/connection.h"
#include "service/sidecar/connection_result.h"
#include "service/sidecar/secure_socket.h"
#include "service/sidecar/stream_socket.h"
#include "service/sidecar/ticket.h"
#include "service/sidecar/worker.h"

namespace service {

// Relay moves bytes between the app's plain socket and an established TLS
// session, both ways, until both directions have ended.
//
// - Each direction ends by itself: the app's end of stream becomes
//   close_notify, the peer's close_notify becomes an end of stream.
// - What is cut is never made to look complete: if the peer's TCP ends without
//   close_notify, or either side is reset, the other side is reset.
// - A connection that is too old, or to be drained, ends at its first quiet
//   moment: one before which nothing has moved for a second, with nothing held
//   and neither direction ended (who has ended one waits for the answer). Then
//   the direction from who opened the connection to who serves it ends as if
//   the former had ended it; the latter ends the other one, and cuts no answer
//   short by that. What the former sends nevertheless resets the connection.
// - A side that does not read stops the other one. Of each direction at most
//   kReadSize bytes and one TLS record are held back. Nothing is held, and no
//   buffer of the relay's exists, while nothing is stuck.
//
// Thread-compatible: belongs to its worker's thread.
class Relay : public Connection, public std::enable_shared_from_this<Relay> {
 public:
  // Starts a relay on `worker`, which keeps it until it has ended. `tls` must
  // be established.
  static void Start(Worker& worker, Ticket ticket, StreamSocket app,
                    SecureSocket tls);

  // Use Start().
  Relay(Worker& worker, Ticket ticket, StreamSocket app, SecureSocket tls);

  void Drain() override;
  void Stop() override;

 private:
  enum class Direction { kOpen, kEnding, kEnded };
  // Why it is to end at a quiet moment.
  enum class Retiring { kNo, kDraining, kTooOld };

  // App to peer.
  void StartSending();
  void Send();
  bool SendOnce();                                // whether to go on at once
  bool Encrypt(absl::Span<const uint8_t> plain);  // whether all of it is out
  bool FlushTls();                                // whether all of it is out
  void OnAppEnd();
  // Peer to app. Each returns whether to go on at once.
  void Receive();
  bool DeliverHeld();
  bool DeliverAll();
  bool Deliver();  // once
  bool AnswerPeer();
  bool ReadTls();
  void OnPeerEnd();

  void AwaitAppReadable();
  void AwaitAppWritable();
  void AwaitTlsReadable();
  void AwaitTlsWritable();

  void WatchAge();
  void Retire(Retiring why, absl::Duration patience);
  void AwaitQuiet();
  bool IsBusy();
  void EndQuietly();
  void RefuseMoreOfApp();
  void Cut(absl::string_view detail);
  void CutSinceItWentOn();

  void SessionFailed();
  void EndIfDone();
  // Ends both sides with resets; because of the app's socket or the peer's, or
  // for another reason.
  void BreakApp(int error);
  void BreakPeer(int error);
  void Break(ConnectionResult result, absl::string_view detail);
  void Leave(ConnectionResult result, absl::string_view detail);
  void Moved();
  void WatchIdle(absl::Duration delay);

  Worker& worker_;
  Ticket ticket_;
  StreamSocket app_;
  SecureSocket tls_;

  Direction to_peer_ = Direction::kOpen;
  Direction to_app_ = Direction::kOpen;
  // Plain text that the app's socket did not take yet.
  std::vector<uint8_t> held_;
  size_t held_sent_ = 0;
  // The socket gave all it had, at first with the end of the handshake: ask the
  // event loop before reading again.
  bool tls_drained_ = true;
  bool first_send_ = true;
  bool awaits_app_readable_ = false;
  bool awaits_app_writable_ = false;
  bool awaits_tls_readable_ = false;
  bool awaits_tls_writable_ = false;
  bool ended_ = false;

  Retiring retiring_ = Retiring::kNo;
  bool retired_ = false;         // its quiet moment has come
  bool moved_ = false;           // since it was last looked at
  absl::Duration retire_until_;  // when it is reset, while retiring
  Alarm retire_;

  const absl::Duration idle_timeout_;
  absl::Duration last_moved_;  // kept only with an idle_timeout
  Alarm idle_;
};

}  // namespace service

#endif  // SERVICE_SIDECAR_RELAY_H_
