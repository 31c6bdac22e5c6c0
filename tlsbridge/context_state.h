#ifndef TLSBRIDGE_CONTEXT_STATE_H_
#define TLSBRIDGE_CONTEXT_STATE_H_

#include <openssl/ssl.h>

#include <cstdint>

#include "skex/base/secret.h"
#include "tlsbridge/session.h"

namespace tlsbridge {

// What a connection is told while BoringSSL works on it.
class HandshakeEvents {
 public:
  virtual ~HandshakeEvents() = default;

  // A server has read a ClientHello, valid during the call.
  virtual ssl_select_cert_result_t OnClientHello(
      const SSL_CLIENT_HELLO& hello) = 0;

  // A step was made or an alert seen: see SSL_CTX_set_info_callback.
  virtual void OnInfo(int type, int value) = 0;
};

struct Context::State {
  // Returns a new connection that tells `events`, which must outlive it. Null
  // if memory runs out.
  bssl::UniquePtr<SSL> NewConnection(HandshakeEvents* events) const;

  bssl::UniquePtr<SSL_CTX> ssl_context;

  // What stands for the key of an unknown identity. Drawn once: drawing it when
  // it is needed would take time that a wrong key does not.
  skex::Secret unknown_key;

  uint64_t records_per_key = 0;
  Clock clock = nullptr;
};

}  // namespace tlsbridge

#endif  // TLSBRIDGE_CONTEXT_STATE_H_
