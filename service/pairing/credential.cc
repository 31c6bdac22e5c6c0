#include "service/pairing/credential.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "service/storage/private_file.h"
#include "skex/base/bytes.h"
#include "skex/ratchet/secret_writer.h"

namespace service {
namespace {

using skex::AgentId;
using skex::Secret;

constexpr absl::string_view kMagic = "skexpair";
constexpr uint16_t kVersion = 1;
constexpr absl::string_view kFingerprintLabel = "skex pair fingerprint";
constexpr size_t kFingerprintBytes = 16;
constexpr size_t kChecksumSize = SHA256_DIGEST_LENGTH;

constexpr absl::string_view kWrongFile =
    "; give the path of a file that skexctl pair make wrote";
constexpr absl::string_view kCopyAgain =
    "; copy the file again from where it was made, or make a new pair";

std::array<uint8_t, kChecksumSize> Sha256(absl::Span<const uint8_t> bytes) {
  std::array<uint8_t, kChecksumSize> digest;
  SHA256(bytes.data(), bytes.size(), digest.data());
  return digest;
}

absl::Status NoCredential() {
  return absl::InvalidArgumentError("is not a credential");
}

absl::Status Damaged() {
  return absl::DataLossError("is truncated, altered or damaged");
}

absl::Status Because(const std::string& path, const absl::Status& why,
                     absl::string_view way_out) {
  return absl::Status(why.code(),
                      absl::StrCat(path, ": ", why.message(), way_out));
}

absl::StatusOr<Credential> Decode(const std::string& path, File& file) {
  absl::StatusOr<FileInfo> info = file.Info();
  if (!info.ok()) return info.status();
  absl::Status status = CheckPrivateFile(
      path, *info, "a credential that skexctl pair make wrote");
  if (!status.ok()) return status;
  if (info->size > kMostCredentialSize) {
    return Because(path, NoCredential(), kWrongFile);
  }
  Secret bytes = Secret::OfSize(info->size);
  status = file.ReadAt(0, bytes.mutable_view());
  if (!status.ok()) return status;
  absl::StatusOr<Credential> credential = DecodeCredential(bytes.view());
  if (absl::IsInvalidArgument(credential.status())) {
    return Because(path, credential.status(), kWrongFile);
  }
  if (absl::IsDataLoss(credential.status())) {
    return Because(path, credential.status(), kCopyAgain);
  }
  if (!credential.ok()) return Because(path, credential.status(), "");
  return credential;
}

}  // namespace

Secret EncodeCredential(const Credential& credential) {
  skex::ByteWriter header;
  header.Raw(kMagic).U16(kVersion);
  header.Prefixed(credential.holder.text()).Prefixed(credential.peer.text());
  skex::SecretWriter writer(header.bytes().size() + credential.root.size() +
                            kChecksumSize);
  writer.Raw(header.bytes()).Raw(credential.root.view());
  writer.Raw(Sha256(writer.written()));
  return std::move(writer).Take();
}

absl::StatusOr<Credential> DecodeCredential(absl::Span<const uint8_t> bytes) {
  skex::ByteReader reader(bytes);
  if (skex::AsText(reader.Raw(kMagic.size())) != kMagic) return NoCredential();
  const uint16_t version = reader.U16();
  if (reader.ok() && version > kVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "has format version ", version, ", this program reads ", kVersion,
        "; use the program that wrote it, or a newer one"));
  }
  const absl::StatusOr<AgentId> holder = AgentId::Parse(reader.Prefixed());
  const absl::StatusOr<AgentId> peer = AgentId::Parse(reader.Prefixed());
  Secret root = Secret::CopyOf(reader.Raw(kRootSize));
  const absl::Span<const uint8_t> checksum = reader.Raw(kChecksumSize);
  if (!reader.ok() || reader.remaining() != 0 || version != kVersion ||
      !skex::EqualInConstantTime(
          checksum, Sha256(bytes.first(bytes.size() - kChecksumSize))) ||
      !holder.ok() || !peer.ok() || *holder == *peer) {
    return Damaged();
  }
  return Credential{*holder, *peer, std::move(root)};
}

std::string PairFingerprint(const Credential& credential) {
  const auto [first, second] =
      std::minmax(credential.holder.text(), credential.peer.text());
  skex::ByteWriter header;
  header.Raw(kFingerprintLabel).Prefixed(first).Prefixed(second);
  skex::SecretWriter writer(header.bytes().size() + credential.root.size());
  writer.Raw(header.bytes()).Raw(credential.root.view());
  const auto digest = Sha256(writer.written());
  std::string text;
  for (size_t at = 0; at < kFingerprintBytes; at += 2) {
    absl::StrAppend(&text, at == 0 ? "" : " ",
                    absl::BytesToHexString(skex::AsText(
                        absl::MakeConstSpan(digest).subspan(at, 2))));
  }
  return text;
}

absl::StatusOr<OpenCredential> ReadCredential(FileSystem& files,
                                              const std::string& path,
                                              const AgentId& self) {
  absl::StatusOr<std::unique_ptr<File>> file =
      files.Open(path, OpenMode::kReadWrite);
  if (absl::IsNotFound(file.status())) {
    return absl::NotFoundError(absl::StrCat(
        path, ": there is no such file; skexctl pair make writes it"));
  }
  if (!file.ok()) return file.status();
  absl::Status status = (*file)->Lock();
  if (absl::IsFailedPrecondition(status)) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, ": another process imports this credential; wait for it"));
  }
  if (!status.ok()) return status;
  absl::StatusOr<Credential> credential = Decode(path, **file);
  if (!credential.ok()) return credential.status();
  if (credential->holder != self) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is the credential of ", credential->holder.text(),
                     " for ", credential->peer.text(), ", not of ", self.text(),
                     "; import it at that agent"));
  }
  return OpenCredential{*std::move(file), *std::move(credential)};
}

}  // namespace service
