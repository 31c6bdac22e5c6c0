#include "service/enrol/stretch_source.h"

#include <algorithm>

#include "absl/memory/memory.h"
#include "skex/base/secret.h"

namespace service {

CounterModeStream::CounterModeStream(absl::Span<const uint8_t> key,
                                     const Block& first)
    : counter_(first) {
  AES_set_encrypt_key(key.data(), 8 * kKeySize, &key_);
}

CounterModeStream::~CounterModeStream() {
  skex::Wipe({reinterpret_cast<uint8_t*>(&key_), sizeof(key_)});
  skex::Wipe(absl::MakeSpan(last_));
}

void CounterModeStream::Fill(absl::Span<uint8_t> out) {
  std::fill(out.begin(), out.end(), 0);
  AES_ctr128_encrypt(out.data(), out.data(), out.size(), &key_, counter_.data(),
                     last_.data(), &used_);
}

StretchSource::StretchSource(absl::Span<const uint8_t> seed)
    : stream_(seed, CounterModeStream::Block{}) {}

absl::StatusOr<std::unique_ptr<StretchSource>> StretchSource::Create(
    RandomSource& physical) {
  if (physical.kind() != skex::PadSource::kPhysical) {
    return absl::InvalidArgumentError(
        "only a physical source is worth stretching: the operating system's "
        "generator fills a pad by itself; name one with --random-source");
  }
  skex::Secret seed = skex::Secret::OfSize(CounterModeStream::kKeySize);
  absl::Status status = physical.Fill(seed.mutable_view());
  if (!status.ok()) return status;
  // Too few bytes for the check that DeviceSource makes, and the pad would look
  // random all the same.
  const uint8_t first = seed.view().front();
  if (std::all_of(seed.view().begin(), seed.view().end(),
                  [&](uint8_t byte) { return byte == first; })) {
    return absl::DataLossError(
        "the random source gave one byte 32 times as the seed; it is not "
        "random, use another");
  }
  return absl::WrapUnique(new StretchSource(seed.view()));
}

absl::Status StretchSource::Fill(absl::Span<uint8_t> out) {
  stream_.Fill(out);
  return absl::OkStatus();
}

}  // namespace service
