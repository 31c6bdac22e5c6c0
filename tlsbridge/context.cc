#include <openssl/rand.h>

#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_join.h"
#include "tlsbridge/context_state.h"
#include "tlsbridge/session.h"

namespace tlsbridge {
namespace {

constexpr size_t kUnknownKeySize = 32;

int EventsIndex() {
  static const int index =
      SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

HandshakeEvents& EventsOf(const SSL* ssl) {
  return *static_cast<HandshakeEvents*>(SSL_get_ex_data(ssl, EventsIndex()));
}

std::string GroupList(const std::vector<Group>& groups) {
  return absl::StrJoin(groups, ":", [](std::string* out, Group group) {
    switch (group) {
      case Group::kX25519:
        out->append("X25519");
        break;
      case Group::kP256:
        out->append("P-256");
        break;
      case Group::kP384:
        out->append("P-384");
        break;
    }
  });
}

bool SetCipher(SSL_CTX* ctx, Cipher cipher) {
  switch (cipher) {
    case Cipher::kAes256Gcm:
      return SSL_CTX_set_compliance_policy(ctx,
                                           ssl_compliance_policy_cnsa_202407);
#if defined(BORINGSSL_HAS_SKEX_EXTENSIONS)
    case Cipher::kAes128Gcm:
      return SSL_CTX_set_tls13_cipher(ctx, 0x1301);
    case Cipher::kChaCha20Poly1305:
      return SSL_CTX_set_tls13_cipher(ctx, 0x1303);
#endif
    default:
      return false;
  }
}

// Nothing but TLS 1.3 with PSKs: no certificates, tickets or early data.
bool SetProtocol(SSL_CTX* ctx) {
  SSL_CTX_set_early_data_enabled(ctx, 0);
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_select_certificate_cb(ctx, [](const SSL_CLIENT_HELLO* hello) {
    return EventsOf(hello->ssl).OnClientHello(*hello);
  });
  SSL_CTX_set_info_callback(ctx, [](const SSL* ssl, int type, int value) {
    EventsOf(ssl).OnInfo(type, value);
  });
  return SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) &&
         SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION);
}

}  // namespace

bssl::UniquePtr<SSL> Context::State::NewConnection(
    HandshakeEvents* events) const {
  bssl::UniquePtr<SSL> ssl(SSL_new(ssl_context.get()));
  if (ssl == nullptr || !SSL_set_ex_data(ssl.get(), EventsIndex(), events)) {
    return nullptr;
  }
  // The PSK is freed as soon as the handshake does not need it any more.
  SSL_set_shed_handshake_config(ssl.get(), 1);
  return ssl;
}

Context::Context(std::unique_ptr<State> state) : state_(std::move(state)) {}

Context::~Context() = default;

absl::StatusOr<std::shared_ptr<const Context>> Context::Create(
    const Policy& policy, Clock clock) {
  if (policy.groups.empty()) {
    return absl::InvalidArgumentError("a TLS policy must name a group");
  }
  if (std::set<Group>(policy.groups.begin(), policy.groups.end()).size() !=
      policy.groups.size()) {
    return absl::InvalidArgumentError("a TLS policy names a group twice");
  }
  if (policy.records_per_key == 0) {
    return absl::InvalidArgumentError("records_per_key must not be 0");
  }
  auto state = std::make_unique<State>();
  state->ssl_context.reset(SSL_CTX_new(TLS_method()));
  state->records_per_key = policy.records_per_key;
  state->clock = clock;
  state->unknown_key = skex::Secret::OfSize(kUnknownKeySize);
  RAND_bytes(state->unknown_key.mutable_view().data(), kUnknownKeySize);
  SSL_CTX* const ctx = state->ssl_context.get();
  if (ctx == nullptr || !SetProtocol(ctx)) {
    return absl::ResourceExhaustedError("no memory for a TLS context");
  }
  if (!SSL_CTX_set1_curves_list(ctx, GroupList(policy.groups).c_str())) {
    return absl::ResourceExhaustedError("no memory for a TLS context");
  }
  if (!SetCipher(ctx, policy.cipher)) {
    return absl::UnimplementedError(
        "this TLS library cannot be restricted to one cipher");
  }
  return std::shared_ptr<const Context>(new Context(std::move(state)));
}

}  // namespace tlsbridge
