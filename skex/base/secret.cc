#include "skex/base/secret.h"

#include <openssl/mem.h>

#include <cstring>
#include <utility>

namespace skex {

void Wipe(absl::Span<uint8_t> bytes) {
  OPENSSL_cleanse(bytes.data(), bytes.size());
}

bool EqualInConstantTime(absl::Span<const uint8_t> a,
                         absl::Span<const uint8_t> b) {
  if (a.size() != b.size()) return false;
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Secret Secret::OfSize(size_t size) {
  Secret secret;
  if (size == 0) return secret;
  secret.bytes_ = std::make_unique<uint8_t[]>(size);
  secret.size_ = size;
  return secret;
}

Secret Secret::CopyOf(absl::Span<const uint8_t> bytes) {
  Secret secret = OfSize(bytes.size());
  if (!bytes.empty()) {
    std::memcpy(secret.bytes_.get(), bytes.data(), bytes.size());
  }
  return secret;
}

Secret::Secret(Secret&& other) noexcept
    : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    Clear();
    bytes_ = std::move(other.bytes_);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Secret::~Secret() { Clear(); }

void Secret::Clear() {
  if (size_ != 0) Wipe(mutable_view());
  bytes_.reset();
  size_ = 0;
}

}  // namespace skex
