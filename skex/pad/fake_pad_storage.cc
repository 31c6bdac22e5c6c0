#include "skex/pad/fake_pad_storage.h"

#include <algorithm>
#include <cstring>

#include "skex/pad/pad.h"

namespace skex {

FakePadStorage::FakePadStorage(PadIdentity identity,
                               absl::Span<const uint8_t> link_key,
                               std::string data)
    : identity_(std::move(identity)),
      link_key_(Secret::CopyOf(link_key)),
      data_(std::move(data)),
      marks_(PadMarks::Fresh(identity_.geometry)) {}

FakePadStorage::FakePadStorage(const FakePadStorage& other)
    : identity_(other.identity_),
      link_key_(other.link_key_.Clone()),
      data_(other.data_),
      marks_(other.marks_) {}

FakePadStorage& FakePadStorage::operator=(const FakePadStorage& other) {
  identity_ = other.identity_;
  link_key_ = other.link_key_.Clone();
  data_ = other.data_;
  marks_ = other.marks_;
  return *this;
}

absl::Status FakePadStorage::CommitMarks(const PadMarks& marks) {
  if (!failure.ok()) return failure;
  marks_ = marks;
  return absl::OkStatus();
}

absl::Status FakePadStorage::Read(uint64_t offset, absl::Span<uint8_t> out) {
  if (offset > data_.size() || out.size() > data_.size() - offset) {
    return absl::OutOfRangeError("read behind the end of the pad");
  }
  if (!out.empty()) std::memcpy(out.data(), data_.data() + offset, out.size());
  return absl::OkStatus();
}

absl::Status FakePadStorage::Erase(uint64_t from, uint64_t to) {
  if (!failure.ok()) return failure;
  std::fill(data_.begin() + static_cast<ptrdiff_t>(from),
            data_.begin() + static_cast<ptrdiff_t>(to), '\0');
  return absl::OkStatus();
}

PadGeometry SmallGeometry(uint64_t chunks) {
  return {.lanes = 1,
          .mac_bytes = chunks * kMacChunk,
          .otp_bytes = chunks * kOtpChunk};
}

FakePadPair MakeFakePads(const AgentId& agent, const HubId& hub,
                         const PadGeometry& geometry, Entropy& entropy,
                         PadSource source) {
  PadIdentity identity = {RandomId<TableId>(entropy), agent, hub, source,
                          geometry};
  Secret link_key = Secret::OfSize(kLinkKeySize);
  entropy.Fill(link_key.mutable_view());
  std::string data(geometry.total_bytes(), '\0');
  entropy.Fill(
      absl::MakeSpan(reinterpret_cast<uint8_t*>(data.data()), data.size()));
  return {std::make_unique<FakePadStorage>(identity, link_key.view(), data),
          std::make_unique<FakePadStorage>(identity, link_key.view(), data)};
}

}  // namespace skex
