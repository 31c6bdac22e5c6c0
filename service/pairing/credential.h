#ifndef SERVICE_PAIRING_CREDENTIAL_H_
#define SERVICE_PAIRING_CREDENTIAL_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "service/storage/file_system.h"
#include "skex/base/ids.h"
#include "skex/base/secret.h"

namespace service {

// What two agents need to agree on keys without hubs: a common root. Each of
// them gets it in a file of its own, which its operator carries there and which
// the import erases. The lanes and their ids follow from root and names, see
// skex/ratchet/lane_keys.h.
struct Credential {
  skex::AgentId holder;  // whose file it is
  skex::AgentId peer;
  skex::Secret root;  // kRootSize bytes
};

inline constexpr size_t kRootSize = 32;

// A credential file; integers are big-endian, `str` is u16 length and bytes:
//
//   magic "skexpair" | u16 version | str holder | str peer | root (32) |
//   SHA-256 of all that (32)
inline constexpr size_t kMostCredentialSize =
    8 + 2 + 2 * (2 + skex::kMaxNameSize) + kRootSize + 32;

skex::Secret EncodeCredential(const Credential& credential);

// INVALID_ARGUMENT if the bytes are no credential, FAILED_PRECONDITION if they
// are of a newer version, DATA_LOSS if they are damaged.
absl::StatusOr<Credential> DecodeCredential(absl::Span<const uint8_t> bytes);

// What two operators read to each other, to be sure that both ends have the
// same root: 32 hexadecimal digits in eight groups of four, the first half of
//   SHA-256("skex pair fingerprint" | str agent | str agent | root)
// with the agents in order of their bytes. Shows nothing of a random root, and
// nobody can make another root with the same one.
std::string PairFingerprint(const Credential& credential);

// A credential file that is open, and locked until this is destroyed.
struct OpenCredential {
  std::unique_ptr<File> file;
  Credential credential;
};

// Opens the credential of `self` at `path`. Each error is one line that says
// what to do:
// - NOT_FOUND if there is no such file,
// - PERMISSION_DENIED if other users can read it, it belongs to another user,
//   or it cannot be opened,
// - FAILED_PRECONDITION if another process holds it, or the format is newer,
// - INVALID_ARGUMENT if it is no credential, or that of another agent,
// - DATA_LOSS if it is damaged, UNAVAILABLE for I/O errors.
absl::StatusOr<OpenCredential> ReadCredential(FileSystem& files,
                                              const std::string& path,
                                              const skex::AgentId& self);

}  // namespace service

#endif  // SERVICE_PAIRING_CREDENTIAL_H_
