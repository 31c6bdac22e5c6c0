#ifndef SKEX_PAD_PAD_SOURCE_H_
#define SKEX_PAD_PAD_SOURCE_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace skex {

// Where the bytes of a pad came from; it bounds what a key may be called. The
// values stand in pad files and messages, and ascend from the best source to
// the worst. Everything but kPhysical is computational.
enum class PadSource : uint8_t {
  kPhysical = 1,   // a physical random source that the operator named
  kGenerator = 2,  // the operating system's generator
  kStretch = 3,    // AES-256-CTR from 32 bytes of a physical source
};

// Whether `value` is one of the above.
bool IsPadSource(uint8_t value);

// "physical", "generator" or "stretch".
absl::string_view PadSourceName(PadSource source);

// The source of that name, none for another text.
std::optional<PadSource> PadSourceNamed(absl::string_view name);

// The worse of two sources.
PadSource WorsePadSource(PadSource a, PadSource b);

// The worst source that a further pad of an agent and a hub may have. `least`
// is what the operator configured; without it the source of the oldest of
// their pads, but never worse than kGenerator.
PadSource LeastPadSource(PadSource oldest, std::optional<PadSource> least);

// Checks the sources of all pads that an agent and a hub share, the oldest
// first, against that. So no later pad lowers the source silently, and a
// stretched pad, also an only one, has to be named by the configuration of
// both ends, each of which checks. OK for no pads. Returns FAILED_PRECONDITION
// with the position of the first pad that is not permitted and the way out,
// least_source.
absl::Status CheckPadSources(absl::Span<const PadSource> oldest_first,
                             std::optional<PadSource> least);

}  // namespace skex

#endif  // SKEX_PAD_PAD_SOURCE_H_
