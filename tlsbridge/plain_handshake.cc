#include "tlsbridge/plain_handshake.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstdlib>

#include "tlsbridge/credential.h"
#include "tlsbridge/queue_bio.h"
#include "tlsbridge/session_pair.h"
#include "tlsbridge/test_certificate.h"

namespace tlsbridge {
namespace {

void Require(bool ok) {
  if (!ok) std::abort();
}

bssl::UniquePtr<SSL_CTX> NewContext(Cipher cipher) {
  bssl::UniquePtr<SSL_CTX> ctx(SSL_CTX_new(TLS_method()));
  SSL_CTX_set_options(ctx.get(), SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(ctx.get(), SSL_SESS_CACHE_OFF);
  Require(SSL_CTX_set_min_proto_version(ctx.get(), TLS1_3_VERSION) &&
          SSL_CTX_set1_curves_list(ctx.get(), "X25519"));
  if (cipher == Cipher::kAes256Gcm) {
    Require(SSL_CTX_set_compliance_policy(ctx.get(),
                                          ssl_compliance_policy_cnsa_202407));
  }
  return ctx;
}

// Gives `ctx` a certificate of `authority` and makes it ask for another.
void Trust(SSL_CTX* ctx, KeyType type, const TestCertificate& authority) {
  Require(UseCertificate(ctx, MakeCertificate(type, authority)) &&
          X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx),
                              authority.certificate.get()));
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     nullptr);
}

struct End {
  QueuePair queues;
  bssl::UniquePtr<SSL> ssl;

  explicit End(SSL_CTX* ctx) : ssl(SSL_new(ctx)) {
    bssl::UniquePtr<BIO> bio = NewQueueBio(&queues);
    BIO* const both_ways = bio.release();
    SSL_set_bio(ssl.get(), both_ways, both_ways);
    SSL_set_shed_handshake_config(ssl.get(), 1);
  }
};

// Moves what `from` sent to `to` and returns how much it was.
size_t Deliver(End& from, End& to) {
  const size_t size = from.queues.out.size();
  to.queues.in.Append(from.queues.out.view());
  from.queues.out.Clear();
  return size;
}

struct Both final : PlainHandshake::Connection {
  Both(SSL_CTX* client_ctx, SSL_CTX* server_ctx)
      : client(client_ctx), server(server_ctx) {
    SSL_set_connect_state(client.ssl.get());
    SSL_set_accept_state(server.ssl.get());
  }
  End client, server;
};

}  // namespace

struct PlainHandshake::State {
  bool with_psk = false;
  bssl::UniquePtr<SSL_CTX> client, server;
};

PlainHandshake::PlainHandshake(Proof proof, Cipher cipher)
    : state_(std::make_unique<State>()) {
  state_->client = NewContext(cipher);
  state_->server = NewContext(cipher);
  if (proof == Proof::kImportedPsk) {
    state_->with_psk = true;
    return;
  }
  const KeyType type =
      proof == Proof::kRsa2048 ? KeyType::kRsa2048 : KeyType::kEcdsaP256;
  const TestCertificate authority = MakeAuthority(type);
  Trust(state_->client.get(), type, authority);
  Trust(state_->server.get(), type, authority);
}

PlainHandshake::~PlainHandshake() = default;

std::unique_ptr<PlainHandshake::Connection> PlainHandshake::Run(
    size_t* bytes) const {
  auto both =
      std::make_unique<Both>(state_->client.get(), state_->server.get());
  End& client = both->client;
  End& server = both->server;
  if (state_->with_psk) {
    for (End* end : {&client, &server}) {
      Require(SSL_add1_credential(end->ssl.get(),
                                  MakeCredential(TestPsk())->get()));
    }
  }
  Require(SSL_do_handshake(client.ssl.get()) == -1);
  *bytes += Deliver(client, server);
  Require(SSL_do_handshake(server.ssl.get()) == -1);
  *bytes += Deliver(server, client);
  Require(SSL_do_handshake(client.ssl.get()) == 1);
  *bytes += Deliver(client, server);
  Require(SSL_do_handshake(server.ssl.get()) == 1);
  *bytes += Deliver(server, client);
  return both;
}

}  // namespace tlsbridge
