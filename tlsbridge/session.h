#ifndef TLSBRIDGE_SESSION_H_
#define TLSBRIDGE_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "skex/psk/psk.h"

namespace tlsbridge {

enum class Cipher {
  kAes256Gcm,  // TLS_AES_256_GCM_SHA384, the default
  kAes128Gcm,  // TLS_AES_128_GCM_SHA256
  kChaCha20Poly1305,
};

enum class Group { kX25519, kP256, kP384 };

// What both ends of a tunnel may negotiate. With kAes256Gcm the order of
// preference is AES-256, AES-128, ChaCha20; the other two are exact.
struct Policy {
  Cipher cipher = Cipher::kAes256Gcm;
  std::vector<Group> groups = {Group::kX25519, Group::kP256, Group::kP384};
  // After so many records a sender takes new traffic keys (KeyUpdate). The
  // default is well under the limit of AES-GCM (RFC 8446, section 5.5), and 128
  // GiB of full records.
  uint64_t records_per_key = uint64_t{1} << 23;
};

// Tells the time since some fixed moment, never backwards. Called from the
// thread of the session.
using Clock = absl::Duration (*)();

// Context holds what all sessions of one policy share. Immutable;
// thread-safe.
class Context {
 public:
  // `clock` is for SessionInfo::timings alone; without one they are zero.
  // Returns INVALID_ARGUMENT if the policy names no group, names one twice, or
  // has records_per_key = 0; UNIMPLEMENTED if the TLS library cannot restrict
  // itself to policy.cipher (only upstream's; the packaged one can).
  static absl::StatusOr<std::shared_ptr<const Context>> Create(
      const Policy& policy, Clock clock = nullptr);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

 private:
  friend class Session;
  struct State;
  explicit Context(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Where the time of a handshake went. The rest of `total` was waiting for the
// peer.
struct HandshakeTimings {
  // From the first step, Client() or a server's first Feed(), to the last one.
  absl::Duration total;
  absl::Duration computing;   // within calls of the session
  absl::Duration psk_lookup;  // server: in kNeedsPsk
};

// What a finished handshake agreed on.
struct SessionInfo {
  std::string version;  // "TLSv1.3"
  skex::PskForm form = skex::PskForm::kImported;
  std::string identity;  // external identity, raw bytes
  std::string cipher;    // "TLS_AES_256_GCM_SHA384"
  std::string group;     // "X25519"
  bool hello_retry = false;
  HandshakeTimings timings;
  std::optional<skex::PskOrigin> origin;  // as the caller gave it
};

enum class SessionState {
  kHandshaking,  // wants more ciphertext from the peer
  kNeedsPsk,     // server: wants AnswerPsk()
  kEstablished,
  kFailed,  // status() says why; what is left in output() is the alert
};

// Session is one TLS 1.3 connection with an external PSK, as a state machine
// without I/O: ciphertext of the peer goes in, ciphertext for the peer comes
// out, the caller moves both. No certificates, no tickets, no early data; the
// handshake always contains an ephemeral key exchange (psk_dhe_ke).
//
// The caller's loop: give what the socket had to Feed(), then send output(),
// then look at state().
//
// Thread-compatible: one session belongs to one thread at a time.
class Session {
 public:
  // A client that offers `psk` and accepts nothing else. Its ClientHello is in
  // output() at once. Returns INVALID_ARGUMENT if the secret is under 16
  // bytes, the identity is empty, identity and context do not fit into a
  // ClientHello of 16 KiB, a raw PSK carries a context, or the policy's cipher
  // and a raw PSK's hash exclude each other; UNIMPLEMENTED for a raw PSK if the
  // TLS library has none (upstream's).
  static absl::StatusOr<std::unique_ptr<Session>> Client(
      std::shared_ptr<const Context> context, skex::Psk psk);

  // A server. It waits for a ClientHello, then stands in kNeedsPsk.
  static std::unique_ptr<Session> Server(
      std::shared_ptr<const Context> context);

  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  SessionState state() const;

  // Why the session is in kFailed. The text names the TLS alert and whether it
  // was sent or received.
  //   UNAUTHENTICATED: any failure of authentication; unknown identity, wrong
  //     key and wrong context are one.
  //   INVALID_ARGUMENT: bytes that are not TLS 1.3, or a record that does not
  //     decrypt; on a server, too, if AnswerPsk() got a PSK that Client() would
  //     refuse.
  //   ABORTED: Abort() was called, or the peer ended an established session
  //     with a fatal alert.
  //   UNAVAILABLE: the peer closed during the handshake.
  //   RESOURCE_EXHAUSTED: no memory.
  // OK in every other state.
  absl::Status status() const;

  // Takes the peer's bytes, in pieces of any size, and moves the handshake on.
  // Bytes are buffered until Read() takes the plain text out; a caller bounds
  // memory by not feeding while Read() still has something.
  void Feed(absl::Span<const uint8_t> ciphertext);

  // Bytes for the peer. Valid until the next call that is not const; drop what
  // was sent with ConsumeOutput().
  absl::Span<const uint8_t> output() const;
  void ConsumeOutput(size_t size);

  // Server in kNeedsPsk: the external identities that the client offers, in
  // its order, each once, and of a long list the first 16. Public and not
  // authenticated. Valid until AnswerPsk().
  const std::vector<std::string>& offered_identities() const;

  // Server in kNeedsPsk: the PSK for one of the offered identities, or any
  // error when there is none. With an error the handshake fails as it does
  // for a wrong key: same alert, after the same work.
  void AnswerPsk(absl::StatusOr<skex::Psk> psk);

  // True from the moment the PSK is proven: for a server, when the binder of
  // the ClientHello verified, before any byte of the answer was handed out, so
  // that the caller can still Abort() (identity already used); for a client,
  // when the server's Finished verified.
  bool psk_accepted() const;

  // Ends the session with a fatal alert, the one of a failed authentication.
  // A server that has not handed out any of its answer drops it, so that the
  // client sees what it sees for a wrong key. Does nothing in kFailed.
  void Abort();

  // kEstablished: decrypted bytes. Returns how many bytes were put into `out`;
  // 0 when there is nothing now or the peer has closed (see peer_closed()).
  // Returns INVALID_ARGUMENT if a record does not decrypt; the session is then
  // in kFailed.
  absl::StatusOr<size_t> Read(absl::Span<uint8_t> out);

  // True once the peer's close_notify was read. A transport that ends before
  // that was cut: what came may be incomplete.
  bool peer_closed() const;

  // kEstablished: encrypts all of `plaintext` into output(). A caller bounds
  // memory by not writing while output() is large. Returns FAILED_PRECONDITION
  // after CloseWrite() or in another state.
  absl::Status Write(absl::Span<const uint8_t> plaintext);

  // Sends close_notify: half-close. Reading goes on.
  void CloseWrite();

  // Valid once psk_accepted(), also when the session failed after that; the
  // timings at any time, up to the last step of the handshake.
  const SessionInfo& info() const;

 private:
  struct Machine;
  explicit Session(std::unique_ptr<Machine> machine);
  std::unique_ptr<Machine> machine_;
};

}  // namespace tlsbridge

#endif  // TLSBRIDGE_SESSION_H_
