#ifndef SKEX_DSKE_SHARING_H_
#define SKEX_DSKE_SHARING_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "skex/base/ids.h"
#include "skex/gf/gf128.h"
#include "skex/gf/lagrange.h"

namespace skex {

// Where the share of `hub` lies on the polynomials, for everybody and in every
// exchange: the first 16 bytes of SHA-256("skex x" | hub name).
Gf128 ShareX(const HubId& hub);

// Sharing is Shamir's k-of-n scheme over GF(2^128) for one set of hubs, with
// the secret at x = 0. What is shared is a vector of elements of 16 bytes, each
// by a polynomial of its own of degree k - 1; a share is such a vector too.
// Any k shares fix the secret, k - 1 tell nothing about it.
//
// Hubs are named by their index in xs(). Shares and secrets are read from and
// written into the caller's memory, which he wipes; input and output must not
// overlap. Arithmetic on them runs in constant time.
//
// Valid by construction; immutable, hence thread-safe.
class Sharing {
 public:
  // n <= kMaxHubs, and no more than kMaxSubsets ways to choose k of n, so that
  // a search through all of them ends.
  static constexpr size_t kMaxHubs = 32;
  static constexpr uint64_t kMaxSubsets = 20000;

  // A scheme in which any `k` of the hubs at `xs` reconstruct. Returns
  // INVALID_ARGUMENT unless 1 <= k <= n <= kMaxHubs, `xs` are nonzero and in
  // strictly ascending order, and C(n, k) <= kMaxSubsets. Costs one inversion
  // and about 3 n^2 / 2 + 2 (n - k + 1) k^2 multiplications.
  static absl::StatusOr<Sharing> Create(size_t k, std::vector<Gf128> xs);

  size_t threshold() const { return k_; }                 // k
  size_t size() const { return basis_.points().size(); }  // n
  absl::Span<const Gf128> xs() const { return basis_.points(); }

  // Completes a dealing: from the shares of the first k hubs, uniformly random
  // strings, makes those of the other n - k and the secret. Returns
  // INVALID_ARGUMENT, and writes nothing, unless there are k given and n - k
  // other shares and all of them and `secret` are equally long, a multiple of
  // 16 bytes. Costs (n - k + 1) k multiplications per element.
  absl::Status Deal(absl::Span<const absl::Span<const uint8_t>> given,
                    absl::Span<const absl::Span<uint8_t>> others,
                    absl::Span<uint8_t> secret) const;

  // Interpolates from the shares of the k different hubs `hubs`: shares[i] is
  // that of hubs[i]. `out` becomes the value at `x`: at zero the secret, at
  // xs()[i] the share that hub i should have. Returns INVALID_ARGUMENT, and
  // writes nothing, unless there are exactly k hubs, all different and below
  // n, and k shares, equally long as `out`, a multiple of 16 bytes. Costs k
  // multiplications per element, and 2 k (k - 1) for the coefficients.
  //
  // Does not check that the shares are consistent: with k there is nothing to
  // check. The caller verifies the tag of the result.
  absl::Status Reconstruct(absl::Span<const size_t> hubs,
                           absl::Span<const absl::Span<const uint8_t>> shares,
                           const Gf128& x, absl::Span<uint8_t> out) const;

 private:
  Sharing(size_t k, std::vector<Gf128> xs);

  size_t k_;
  LagrangeBasis<Gf128> basis_;
  // n - k + 1 rows of k: the hubs from k on, then the secret, each from the
  // first k hubs.
  std::vector<Gf128> dealing_;
};

}  // namespace skex

#endif  // SKEX_DSKE_SHARING_H_
