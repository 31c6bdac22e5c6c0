#ifndef BENCH_MICRO_OPENSSL_CHILD_H_
#define BENCH_MICRO_OPENSSL_CHILD_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdio>
#include <string>

namespace tlsbridge {

// OpensslChild runs //bench/micro:openssl_handshake, which has to lie in the
// folder of this program, in a process of its own: OpenSSL and BoringSSL do not
// share one. The child lives as long as the object.
//
// Thread-compatible. Ends the process if the child cannot be talked to.
class OpensslChild {
 public:
  // `ciphersuite` is OpenSSL's name for it, as TLS_AES_128_GCM_SHA256.
  explicit OpensslChild(const std::string& ciphersuite);
  ~OpensslChild();
  OpensslChild(const OpensslChild&) = delete;
  OpensslChild& operator=(const OpensslChild&) = delete;

  struct Result {
    double cpu_seconds = 0;  // of all handshakes together
    size_t wire_bytes = 0;   // of one
  };

  // Has the child run `count` handshakes.
  Result Run(size_t count);

 private:
  pid_t pid_ = -1;
  std::FILE* requests_ = nullptr;
  std::FILE* answers_ = nullptr;
};

}  // namespace tlsbridge

#endif  // BENCH_MICRO_OPENSSL_CHILD_H_
