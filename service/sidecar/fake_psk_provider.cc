#include "service/sidecar/fake_psk_provider.h"

#include <array>
#include <utility>

#include "service/sidecar/psk_identity.h"
#include "skex/base/bytes.h"

namespace service {

skex::KeyId TestKeyId(uint8_t tag) {
  std::array<uint8_t, skex::KeyId::kSize> bytes;
  bytes.fill(tag);
  return skex::KeyId(bytes);
}

skex::Psk TestPsk(uint8_t key, uint32_t index) {
  skex::Psk psk;
  psk.secret = skex::Secret::OfSize(32);
  for (uint8_t& byte : psk.secret.mutable_view()) {
    byte = static_cast<uint8_t>(key * 31 + index);
  }
  skex::ByteWriter identity;
  identity.Raw("skx1").Raw(TestKeyId(key).bytes()).U32(index);
  psk.identity = identity.bytes();
  psk.context = "roles of a test";
  psk.origin =
      skex::PskOrigin{skex::KeySource::kBoth, skex::KeyLabel::kComputational};
  return psk;
}

void FakePskProvider::DialWith(uint8_t key) {
  MutexLock lock(&mutex_);
  dial_key_ = key;
}

void FakePskProvider::AcceptFrom(const skex::AgentId& peer, uint8_t key) {
  MutexLock lock(&mutex_);
  accept_keys_.push_back({peer, key});
}

void FakePskProvider::FailAccept(absl::Status status) {
  MutexLock lock(&mutex_);
  accept_status_ = std::move(status);
}

int FakePskProvider::takes() const {
  MutexLock lock(&mutex_);
  return takes_;
}

std::vector<std::string> FakePskProvider::refused() const {
  MutexLock lock(&mutex_);
  return refused_;
}

std::set<std::string> FakePskProvider::accepted() const {
  MutexLock lock(&mutex_);
  return accepted_;
}

absl::StatusOr<skex::Psk> FakePskProvider::Take(const skex::AgentId&) {
  int call;
  {
    MutexLock lock(&mutex_);
    call = ++takes_;
  }
  if (on_take_) on_take_(call);
  MutexLock lock(&mutex_);
  if (dial_key_ < 0) return absl::UnavailableError("no key in this test");
  return TestPsk(static_cast<uint8_t>(dial_key_), next_index_++);
}

void FakePskProvider::ReportRefused(const skex::AgentId&,
                                    absl::string_view identity) {
  {
    MutexLock lock(&mutex_);
    refused_.emplace_back(identity);
  }
  if (on_refused_) on_refused_();
}

absl::StatusOr<FoundPsk> FakePskProvider::Find(absl::string_view identity) {
  const PskIdentity parsed = PskIdentity::Parse(identity);
  MutexLock lock(&mutex_);
  for (const AcceptKey& entry : accept_keys_) {
    if (parsed.key && *parsed.key == TestKeyId(entry.key)) {
      return FoundPsk{TestPsk(entry.key, parsed.index), entry.peer};
    }
  }
  return absl::NotFoundError("unknown identity");
}

absl::Status FakePskProvider::Accept(absl::string_view identity) {
  MutexLock lock(&mutex_);
  if (!accept_status_.ok()) return accept_status_;
  if (!accepted_.insert(std::string(identity)).second) {
    return absl::AlreadyExistsError("the identity was used before");
  }
  return absl::OkStatus();
}

}  // namespace service
