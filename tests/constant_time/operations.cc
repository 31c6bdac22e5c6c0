// Runs one operation on secrets that are marked as such, to be watched by
// memcheck: operations NAME. Without a name it lists them. Those that begin
// with "leaky" do what must be found.

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "skex/base/bytes.h"
#include "skex/base/secret.h"
#include "skex/base/seeded_entropy.h"
#include "skex/dske/fake_dealing.h"
#include "skex/dske/shared_secret.h"
#include "skex/dske/sharing.h"
#include "skex/gf/gf128.h"
#include "skex/gf/gf128_kernel.h"
#include "skex/mac/one_time_mac.h"
#include "skex/pad/mask.h"
#include "skex/psk/derivation.h"
#include "skex/psk/key.h"
#include "skex/ratchet/lane_keys.h"
#include "tests/constant_time/marking.h"

namespace skex {
namespace {

constexpr size_t kElements = 12;
constexpr size_t kSize = kElements * 16;

// `size` bytes that are random, and secret to memcheck.
Secret SecretBytes(size_t size) {
  static SeededEntropy entropy(1);
  Secret bytes = Secret::OfSize(size);
  entropy.Fill(bytes.mutable_view());
  MarkSecret(bytes.view());
  return bytes;
}

// Every bit of what came out is used, so that no compiler leaves it out.
void UseUp(absl::Span<const uint8_t> bytes) {
  MarkPublic(bytes);
  uint8_t sum = 0;
  for (uint8_t byte : bytes) sum ^= byte;
  std::printf("%02x\n", sum);
}

// --- The field, with the kernel of that name.

void Field(const Gf128Kernel& kernel) {
  const Secret a = SecretBytes(16);
  const Secret b = SecretBytes(16);
  Gf128 product =
      kernel.multiply(Gf128::FromBytes(a.view()), Gf128::FromBytes(b.view()));
  const Secret in = SecretBytes(kSize);
  Secret out = SecretBytes(kSize);
  kernel.mul_add(Gf128::FromBytes(a.view()), in.view().data(),
                 out.mutable_view().data(), kElements);
  const Gf128 value = kernel.horner(Gf128::FromBytes(b.view()), {in.view()},
                                    Gf128::FromBytes(a.view()));
  UseUp(out.view());
  MarkPublicValue(product);
  MarkPublicValue(value);
  std::printf("%d\n", static_cast<int>((product.low() ^ value.low()) & 1));
}

void Fields() {
  for (const Gf128Kernel* kernel : AvailableGf128Kernels()) {
    std::printf("%s: ", kernel->name);
    Field(*kernel);
  }
}

// --- Tags

void MakeMac() {
  const Secret key = SecretBytes(kOneTimeMacKeySize);
  const Secret message = SecretBytes(100);
  UseUp(ComputeOneTimeMac(key.view(), {message.view()}));
}

// A forged tag that is right in its first half must look like any other.
void CheckMac() {
  const Secret key = SecretBytes(kOneTimeMacKeySize);
  const std::string message(100, 'm');
  OneTimeTag tag = ComputeOneTimeMac(key.view(), {AsBytes(message)});
  tag.back() ^= 1;
  const bool right = VerifyOneTimeMac(key.view(), {AsBytes(message)}, tag);
  MarkPublicValue(right);
  std::printf("%d\n", right);
}

void Compare() {
  const Secret a = SecretBytes(32);
  const Secret b = SecretBytes(32);
  const bool same = EqualInConstantTime(a.view(), b.view());
  MarkPublicValue(same);
  std::printf("%d\n", same);
}

// --- Exchanges

Offer SomeOffer() { return FakeOffer(FakePolicy(Bob(), 3, 5), 2); }

void KeyTags() {
  const Offer offer = SomeOffer();
  const Secret secret = SecretBytes(LayoutOf(offer).total_size());
  for (const KeyTagBytes& tag : ComputeKeyTags(offer, secret.view())) {
    UseUp(tag);
  }
}

// The five hubs' scheme with threshold three.
Sharing ThreeOfFive() {
  std::vector<Gf128> xs;
  for (uint64_t x = 1; x <= 5; ++x) xs.push_back(Gf128(0, x));
  return Sharing::Create(3, xs).value();
}

void Deal() {
  const Sharing sharing = ThreeOfFive();
  const Secret given[] = {SecretBytes(kSize), SecretBytes(kSize),
                          SecretBytes(kSize)};
  Secret others[] = {Secret::OfSize(kSize), Secret::OfSize(kSize)};
  Secret secret = Secret::OfSize(kSize);
  const absl::Status status =
      sharing.Deal({given[0].view(), given[1].view(), given[2].view()},
                   {others[0].mutable_view(), others[1].mutable_view()},
                   secret.mutable_view());
  Mask(others[0].mutable_view(), given[0].view());
  UseUp(others[0].view());
  UseUp(others[1].view());
  UseUp(secret.view());
  std::printf("%d\n", status.ok());
}

void Reconstruct() {
  const Sharing sharing = ThreeOfFive();
  const Secret shares[] = {SecretBytes(kSize), SecretBytes(kSize),
                           SecretBytes(kSize)};
  Secret secret = Secret::OfSize(kSize);
  const absl::Status status = sharing.Reconstruct(
      std::vector<size_t>{0, 2, 4},
      {shares[0].view(), shares[1].view(), shares[2].view()}, Gf128(),
      secret.mutable_view());
  UseUp(secret.view());
  std::printf("%d\n", status.ok());
}

// --- Keys

void DerivePsk() {
  const Offer offer = SomeOffer();
  const Secret secret = SecretBytes(LayoutOf(offer).total_size());
  std::vector<Key> keys =
      ExtractKeys(offer, secret.view(), BootId({1}), PadSource::kGenerator);
  for (PskForm form : {PskForm::kImported, PskForm::kRaw}) {
    UseUp(skex::DerivePsk(keys[0], 7, form).secret.view());
  }
}

void RatchetKeys() {
  const Secret leaf = SecretBytes(32);
  const LeafKeys keys = DeriveLeafKeys(leaf.view());
  UseUp(ComputeRunTag(keys.tag1, {"a message"}));
  UseUp(keys.key.view());
}

// --- What must be found

void LeakyCompare() {
  const Secret a = SecretBytes(32);
  const Secret b = SecretBytes(32);
  const bool same = std::memcmp(a.view().data(), b.view().data(), 32) == 0;
  MarkPublicValue(same);
  std::printf("%d\n", same);
}

void LeakyTable() {
  std::array<uint8_t, 256> table;
  for (size_t i = 0; i < table.size(); ++i) {
    table[i] = static_cast<uint8_t>(i * 7);
  }
  const Secret a = SecretBytes(1);
  const uint8_t looked_up = table[a.view()[0]];
  UseUp({&looked_up, 1});
}

const std::map<std::string, void (*)()>& Operations() {
  static const std::map<std::string, void (*)()> operations = {
      {"field", Fields},
      {"make_mac", MakeMac},
      {"check_mac", CheckMac},
      {"compare", Compare},
      {"key_tags", KeyTags},
      {"deal", Deal},
      {"reconstruct", Reconstruct},
      {"derive_psk", DerivePsk},
      {"ratchet_keys", RatchetKeys},
      {"leaky_compare", LeakyCompare},
      {"leaky_table", LeakyTable},
  };
  return operations;
}

}  // namespace
}  // namespace skex

int main(int argc, char** argv) {
  if (argc == 1) {
    for (const auto& [name, unused] : skex::Operations()) {
      std::printf("%s\n", name.c_str());
    }
    return 0;
  }
  const auto found = skex::Operations().find(argv[1]);
  if (found == skex::Operations().end()) return 2;
  found->second();
  return 0;
}
