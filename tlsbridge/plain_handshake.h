#ifndef TLSBRIDGE_PLAIN_HANDSHAKE_H_
#define TLSBRIDGE_PLAIN_HANDSHAKE_H_

#include <cstddef>
#include <memory>

#include "tlsbridge/session.h"

namespace tlsbridge {

// How two peers prove who they are, each to the other.
enum class Proof { kEcdsaP256, kRsa2048, kImportedPsk };

// PlainHandshake runs handshakes that use BoringSSL as it is, without Session:
// what benchmarks compare sessions with. Each peer has a certificate that a
// common authority signed, and trusts this authority; there are no tickets.
// Keys and certificates are made once, in the constructor.
//
// Thread-compatible.
class PlainHandshake {
 public:
  // Groups: X25519 only.
  PlainHandshake(Proof proof, Cipher cipher);
  ~PlainHandshake();
  PlainHandshake(const PlainHandshake&) = delete;
  PlainHandshake& operator=(const PlainHandshake&) = delete;

  // Both ends of a connection.
  class Connection {
   public:
    virtual ~Connection() = default;
  };

  // Connects a client and a server in memory and returns both once the
  // handshake is complete. Adds to *bytes what crossed the wire. Ends the
  // process if the handshake fails.
  std::unique_ptr<Connection> Run(size_t* bytes) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tlsbridge

#endif  // TLSBRIDGE_PLAIN_HANDSHAKE_H_
