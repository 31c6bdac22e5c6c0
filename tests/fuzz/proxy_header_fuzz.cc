// The reader of PROXY headers, on any bytes: it may not crash or want bytes
// without end, it must say the same however the bytes are cut, and what it
// reads must come out of the encoder as a header that reads the same.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/types/span.h"
#include "service/sidecar/proxy_header.h"
#include "skex/base/bytes.h"
#include "tests/fuzz/steps.h"

namespace service {
namespace {

using skex::Require;

// What came of a reader that got bytes.
struct Outcome {
  ProxyHeaderReader reader;
  bool refused = false;
  size_t taken = 0;
};

// Gives `bytes` in pieces of at most `piece`.
Outcome Read(absl::Span<const uint8_t> bytes, size_t piece) {
  Outcome outcome;
  while (outcome.reader.wanted() > 0 && outcome.taken < bytes.size()) {
    Require(outcome.taken + outcome.reader.wanted() <= kMaxProxyHeaderSize,
            "no header is longer than the longest");
    const size_t size = std::min(
        {piece, outcome.reader.wanted(), bytes.size() - outcome.taken});
    if (!outcome.reader.Take(bytes.subspan(outcome.taken, size)).ok()) {
      outcome.refused = true;
      return outcome;
    }
    outcome.taken += size;
  }
  return outcome;
}

void ReadHeader(absl::Span<const uint8_t> bytes) {
  const Outcome whole = Read(bytes, bytes.size());
  for (size_t piece : {1, 5}) {
    const Outcome cut = Read(bytes, piece);
    Require(cut.refused == whole.refused &&
                cut.reader.addresses() == whole.reader.addresses(),
            "a header is what it is however it is cut");
    Require(cut.refused || cut.taken == whole.taken,
            "a header ends where it ends however it is cut");
  }
  Require(!whole.refused || !whole.reader.addresses(),
          "what is refused has no addresses");
  if (!whole.reader.addresses()) return;
  const std::string again =
      EncodeProxyHeader(*whole.reader.addresses(), nullptr);
  Require(Read(skex::AsBytes(again), again.size()).reader.addresses() ==
              whole.reader.addresses(),
          "addresses are read as they were written");
}

}  // namespace
}  // namespace service

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  service::ReadHeader(absl::MakeConstSpan(data, size));
  return 0;
}
