#include "skex/dske/sharing.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "skex/base/bytes.h"

namespace skex {
namespace {

using Bytes = absl::Span<uint8_t>;
using ConstBytes = absl::Span<const uint8_t>;

// C(n, k) for n <= Sharing::kMaxHubs, where nothing overflows.
uint64_t CountSubsets(size_t n, size_t k) {
  uint64_t count = 1;
  for (size_t i = 1; i <= k; ++i) count = count * (n - k + i) / i;
  return count;
}

template <class Strings>
bool AllOfSize(const Strings& strings, size_t size) {
  return std::all_of(strings.begin(), strings.end(),
                     [size](const auto& s) { return s.size() == size; });
}

// Whether `hubs` are different and below n.
bool AreDifferentHubs(absl::Span<const size_t> hubs, size_t n) {
  uint32_t seen = 0;
  for (size_t hub : hubs) {
    if (hub >= n || (seen >> hub & 1) != 0) return false;
    seen |= uint32_t{1} << hub;
  }
  return true;
}

}  // namespace

Gf128 ShareX(const HubId& hub) {
  const std::string input = absl::StrCat("skex x", hub.text());
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(AsBytes(input).data(), input.size(), digest.data());
  return Gf128::FromBytes(absl::MakeConstSpan(digest).first(Gf128::kSize));
}

absl::StatusOr<Sharing> Sharing::Create(size_t k, std::vector<Gf128> xs) {
  const size_t n = xs.size();
  if (k < 1 || k > n || n > kMaxHubs) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot share ", k, " of ", n, ": want 1 <= k <= n <= ", kMaxHubs));
  }
  if (CountSubsets(n, k) > kMaxSubsets) {
    return absl::InvalidArgumentError(
        absl::StrCat("there are ", CountSubsets(n, k), " ways to choose ", k,
                     " of ", n, " hubs: want at most ", kMaxSubsets));
  }
  if (xs.front() == Gf128()) {
    return absl::InvalidArgumentError("the x of a hub is zero");
  }
  for (size_t i = 1; i < n; ++i) {
    if (xs[i - 1] < xs[i]) continue;
    return absl::InvalidArgumentError(
        "the x of the hubs are not in strictly ascending order");
  }
  return Sharing(k, std::move(xs));
}

Sharing::Sharing(size_t k, std::vector<Gf128> xs)
    : k_(k), basis_(std::move(xs)), dealing_((size() - k + 1) * k) {
  std::array<size_t, kMaxHubs> hubs;
  std::iota(hubs.begin(), hubs.end(), size_t{0});
  const auto first_k = absl::MakeConstSpan(hubs).first(k);
  absl::Span<Gf128> row = absl::MakeSpan(dealing_);
  for (size_t hub = k; hub < size(); ++hub, row.remove_prefix(k)) {
    basis_.Coefficients(first_k, this->xs()[hub], row.first(k));
  }
  basis_.Coefficients(first_k, Gf128(), row);
}

absl::Status Sharing::Deal(absl::Span<const ConstBytes> given,
                           absl::Span<const Bytes> others, Bytes secret) const {
  if (given.size() != k_ || others.size() != size() - k_ ||
      secret.size() % Gf128::kSize != 0 || !AllOfSize(given, secret.size()) ||
      !AllOfSize(others, secret.size())) {
    return absl::InvalidArgumentError(
        "the shares to deal have a wrong number or length");
  }
  std::array<Bytes, kMaxHubs> out;
  *std::copy(others.begin(), others.end(), out.begin()) = secret;
  Combine(dealing_, given, absl::MakeConstSpan(out).first(others.size() + 1));
  return absl::OkStatus();
}

absl::Status Sharing::Reconstruct(absl::Span<const size_t> hubs,
                                  absl::Span<const ConstBytes> shares,
                                  const Gf128& x, Bytes out) const {
  if (hubs.size() != k_ || !AreDifferentHubs(hubs, size())) {
    return absl::InvalidArgumentError(
        "reconstruction wants the threshold of different hubs");
  }
  if (shares.size() != k_ || out.size() % Gf128::kSize != 0 ||
      !AllOfSize(shares, out.size())) {
    return absl::InvalidArgumentError(
        "the shares to reconstruct from have a wrong number or length");
  }
  std::array<Gf128, kMaxHubs> coefficients;
  const auto row = absl::MakeSpan(coefficients).first(k_);
  basis_.Coefficients(hubs, x, row);
  Combine(row, shares, {out});
  return absl::OkStatus();
}

}  // namespace skex
