#ifndef TESTS_PADS_PAD_RECORD_H_
#define TESTS_PADS_PAD_RECORD_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "skex/pad/pad.h"
#include "skex/pad/pad_layout.h"

namespace skex {

// The most that one crash may give up of a stream in one direction of a lane.
// A sender that asks for more is filled up to a chunk; so that is the most that
// is granted and not used.
uint64_t MostGivenUp(Stream stream);

// The record of one pad, lane 0, kept outside of both ends and across all their
// restarts. Every use is checked when it is noted:
// - what an end sends with is claimed on its medium already;
// - it begins where the use before it ended, or above what a crash gave up: no
//   byte is used twice, and none is given up without a crash;
// - what an end accepts was sent, as a whole, and is accepted once; it is
//   claimed on the medium of that end as well.
class PadRecord {
 public:
  PadRecord(std::string name, const PadGeometry& geometry);

  // `side` is about to use `range`, and the latest mark on its medium is
  // `claimed_upto`.
  void NoteUse(Side side, Direction direction, Stream stream, PadRange range,
               uint64_t claimed_upto);

  // One end has restarted after a crash, and the receiver of `direction` grants
  // only from `granted_upto` on: what was not used below is given up.
  void NoteRestart(Direction direction, Stream stream, uint64_t granted_upto);

  const std::vector<std::string>& violations() const { return violations_; }

  // The most that one crash made a direction of the stream give up, and what
  // all of them did.
  uint64_t most_given_up(Stream stream) const {
    return most_given_up_[static_cast<size_t>(stream)];
  }
  uint64_t given_up(Stream stream) const {
    return given_up_[static_cast<size_t>(stream)];
  }
  // Bytes that were sent with and never accepted.
  uint64_t underway(Stream stream) const;
  // Bytes that are neither used nor given up, in the worse direction.
  uint64_t left(Stream stream) const;

 private:
  // One stream in one direction.
  struct Line {
    uint64_t begin = 0;
    uint64_t end = 0;
    uint64_t next = 0;                      // below, all is used or given up
    std::map<uint64_t, uint64_t> underway;  // sent, not accepted: from -> to
  };

  Line& line(Direction direction, Stream stream) {
    return lines_[static_cast<size_t>(direction)][static_cast<size_t>(stream)];
  }
  void Violation(Direction direction, Stream stream, PadRange range,
                 const std::string& what);

  const std::string name_;
  std::array<std::array<Line, 2>, 2> lines_;
  std::array<uint64_t, 2> most_given_up_{};
  std::array<uint64_t, 2> given_up_{};
  std::vector<std::string> violations_;
};

}  // namespace skex

#endif  // TESTS_PADS_PAD_RECORD_H_
