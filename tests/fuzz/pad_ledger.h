#ifndef TESTS_FUZZ_PAD_LEDGER_H_
#define TESTS_FUZZ_PAD_LEDGER_H_

#include <cstdint>
#include <iterator>
#include <map>

#include "skex/pad/pad.h"
#include "tests/fuzz/steps.h"

namespace skex {

// PadLedger ends the process when one end of a pad uses a byte twice, or bytes
// of one stream as those of another.
class PadLedger {
 public:
  // Watches `pad`, which calls the ledger from then on.
  explicit PadLedger(Pad& pad) : geometry_(pad.identity().geometry) {
    pad.set_use_observer(
        [this](Direction direction, Stream stream, PadRange range) {
          OnUse(direction, stream, range);
        });
  }

  PadLedger(const PadLedger&) = delete;
  PadLedger& operator=(const PadLedger&) = delete;

 private:
  void OnUse(Direction direction, Stream stream, PadRange range) {
    Require(range.from < range.to, "a pad range that is used has bytes");
    Require(range.from >= geometry_.Begin(direction, 0, stream) &&
                range.to <= geometry_.End(direction, 0, stream),
            "position fixes role: pad bytes are those of their stream");
    const auto next = used_.lower_bound(range.from);
    Require(next == used_.end() || next->first >= range.to,
            "no pad byte is used twice");
    Require(next == used_.begin() || std::prev(next)->second <= range.from,
            "no pad byte is used twice");
    used_.emplace_hint(next, range.from, range.to);
  }

  const PadGeometry geometry_;
  std::map<uint64_t, uint64_t> used_;  // from -> to; offsets are absolute
};

}  // namespace skex

#endif  // TESTS_FUZZ_PAD_LEDGER_H_
