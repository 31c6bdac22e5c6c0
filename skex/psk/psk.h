#ifndef SKEX_PSK_PSK_H_
#define SKEX_PSK_PSK_H_

#include <cstdint>
#include <optional>
#include <string>

#include "skex/base/secret.h"
#include "skex/psk/key.h"

namespace skex {

// How TLS 1.3 takes an external PSK. One base key is never used in both forms
// (RFC 9258, section 6).
enum class PskForm : uint8_t {
  kImported = 1,  // RFC 9258: binder label "imp binder".
  kRaw = 2,       // RFC 8446: binder label "ext binder".
};

// The hash that the PSK is provisioned for (RFC 8446, section 4.2.11): for a
// raw PSK that of the cipher suite, for an imported one that of the importer.
enum class PskHash : uint8_t {
  kSha256 = 1,
  kSha384 = 2,
};

// What the secrecy of a PSK rests on; for people and logs, no part of TLS.
struct PskOrigin {
  KeySource source = KeySource::kDske;
  KeyLabel label = KeyLabel::kComputational;  // of the PSK, not of its key
};

// Psk is what one TLS connection gets: the external PSK, the external identity
// that names it on the wire, and the RFC 9258 context that both ends must
// build alike. Move-only, as its secret is.
struct Psk {
  Secret secret;         // 32 bytes by default, at least 16.
  std::string identity;  // external_identity, 1..65535 bytes, public.
  std::string context;   // RFC 9258 context, 0..65535 bytes; imported only.
  PskForm form = PskForm::kImported;
  PskHash hash = PskHash::kSha256;
  std::optional<PskOrigin> origin = std::nullopt;  // none: not known
};

}  // namespace skex

#endif  // SKEX_PSK_PSK_H_
