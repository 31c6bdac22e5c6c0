// TLS 1.3 handshakes of OpenSSL with a raw external PSK, both ends in one
// thread: what //bench/micro:handshake compares with. A program of its own, as
// OpenSSL and BoringSSL cannot be in one process.
//
// usage: openssl_handshake CIPHERSUITE
// Reads counts from standard input, one a line. Answers each, once it has run
// so many handshakes, with a line of their CPU time in nanoseconds and the
// bytes that one of them put on the wire.

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>

namespace {

constexpr unsigned char kIdentity[] = {'i', 'd'};
constexpr unsigned char kKey[32] = {'k'};

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Context = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;
using Connection = std::unique_ptr<SSL, Freer<SSL_free>>;

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "openssl_handshake: %s\n", what);
  ERR_print_errors_fp(stderr);
  std::exit(1);
}

void Require(bool ok, const char* what) {
  if (!ok) Fail(what);
}

// A new PSK, as every connection of ours has.
SSL_SESSION* NewPsk(SSL* ssl) {
  SSL_SESSION* psk = SSL_SESSION_new();
  Require(psk != nullptr &&
              SSL_SESSION_set1_master_key(psk, kKey, sizeof(kKey)) &&
              SSL_SESSION_set_cipher(
                  psk, sk_SSL_CIPHER_value(SSL_get_ciphers(ssl), 0)) &&
              SSL_SESSION_set_protocol_version(psk, TLS1_3_VERSION),
          "no PSK");
  return psk;
}

int OfferPsk(SSL* ssl, const EVP_MD*, const unsigned char** id, size_t* id_size,
             SSL_SESSION** psk) {
  *psk = NewPsk(ssl);
  *id = kIdentity;
  *id_size = sizeof(kIdentity);
  return 1;
}

int FindPsk(SSL* ssl, const unsigned char* id, size_t id_size,
            SSL_SESSION** psk) {
  const bool known =
      id_size == sizeof(kIdentity) && std::memcmp(id, kIdentity, id_size) == 0;
  *psk = known ? NewPsk(ssl) : nullptr;
  return 1;
}

Context NewContext(const char* ciphersuite) {
  Context ctx(SSL_CTX_new(TLS_method()));
  Require(ctx != nullptr &&
              SSL_CTX_set_min_proto_version(ctx.get(), TLS1_3_VERSION) &&
              SSL_CTX_set_ciphersuites(ctx.get(), ciphersuite) &&
              SSL_CTX_set1_groups_list(ctx.get(), "X25519") &&
              SSL_CTX_set_num_tickets(ctx.get(), 0),
          "no context");
  SSL_CTX_set_session_cache_mode(ctx.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_psk_use_session_callback(ctx.get(), OfferPsk);
  SSL_CTX_set_psk_find_session_callback(ctx.get(), FindPsk);
  return ctx;
}

Connection NewConnection(SSL_CTX* ctx) {
  Connection ssl(SSL_new(ctx));
  BIO* const in = BIO_new(BIO_s_mem());
  BIO* const out = BIO_new(BIO_s_mem());
  Require(ssl != nullptr && in != nullptr && out != nullptr, "no connection");
  SSL_set_bio(ssl.get(), in, out);
  return ssl;
}

// Moves what `from` sent to `to` and returns how much it was.
size_t Deliver(SSL* from, SSL* to) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(SSL_get_wbio(from), &bytes);
  if (size <= 0) return 0;
  Require(BIO_write(SSL_get_rbio(to), bytes, static_cast<int>(size)) == size &&
              BIO_reset(SSL_get_wbio(from)) == 1,
          "no memory");
  return static_cast<size_t>(size);
}

// Runs one handshake and returns the bytes that crossed the wire.
size_t Handshake(SSL_CTX* client_ctx, SSL_CTX* server_ctx) {
  const Connection client = NewConnection(client_ctx);
  const Connection server = NewConnection(server_ctx);
  SSL_set_connect_state(client.get());
  SSL_set_accept_state(server.get());
  size_t bytes = 0;
  SSL_do_handshake(client.get());
  bytes += Deliver(client.get(), server.get());
  SSL_do_handshake(server.get());
  bytes += Deliver(server.get(), client.get());
  Require(SSL_do_handshake(client.get()) == 1, "client");
  bytes += Deliver(client.get(), server.get());
  Require(SSL_do_handshake(server.get()) == 1, "server");
  Require(SSL_session_reused(server.get()) == 1, "no PSK was used");
  return bytes;
}

long long CpuNanoseconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CIPHERSUITE\n", argv[0]);
    return 2;
  }
  const Context client = NewContext(argv[1]);
  const Context server = NewContext(argv[1]);
  long count;
  while (std::scanf("%ld", &count) == 1) {
    size_t bytes = 0;
    const long long start = CpuNanoseconds();
    for (long i = 0; i < count; ++i) {
      bytes = Handshake(client.get(), server.get());
    }
    std::printf("%lld %zu\n", CpuNanoseconds() - start, bytes);
    std::fflush(stdout);
  }
  return 0;
}
