#include "tests/pads/pad_record.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace skex {

uint64_t MostGivenUp(Stream stream) {
  return stream == Stream::kMac ? kMacChunk : kOtpChunk;
}

PadRecord::PadRecord(std::string name, const PadGeometry& geometry)
    : name_(std::move(name)) {
  for (Direction direction : {Direction::kAgentToHub, Direction::kHubToAgent}) {
    for (Stream stream : {Stream::kMac, Stream::kOtp}) {
      const uint64_t begin = geometry.Begin(direction, 0, stream);
      line(direction, stream) = {
          .begin = begin,
          .end = geometry.End(direction, 0, stream),
          .next = begin,
      };
    }
  }
}

void PadRecord::NoteUse(Side side, Direction direction, Stream stream,
                        PadRange range, uint64_t claimed_upto) {
  Line& line = this->line(direction, stream);
  if (range.from >= range.to || range.from < line.begin ||
      range.to > line.end) {
    Violation(direction, stream, range, "is not in the stream");
    return;
  }
  if (range.to > claimed_upto) {
    Violation(direction, stream, range,
              absl::StrCat("is used, but the medium of the ",
                           side == Side::kAgent ? "agent" : "hub",
                           " says claimed up to ", claimed_upto));
  }
  if (direction == SendDirection(side)) {
    if (range.from != line.next) {
      Violation(direction, stream, range,
                range.from < line.next
                    ? absl::StrCat("is used again, or was given up: the next "
                                   "byte is ",
                                   line.next)
                    : absl::StrCat("is used, and what lies before from ",
                                   line.next, " on is lost without a crash"));
    }
    line.next = std::max(line.next, range.to);
    line.underway.emplace(range.from, range.to);
    return;
  }
  const auto sent = line.underway.find(range.from);
  if (sent == line.underway.end() || sent->second != range.to) {
    Violation(direction, stream, range,
              "is accepted, but was not sent or was accepted before");
    return;
  }
  line.underway.erase(sent);
}

void PadRecord::NoteRestart(Direction direction, Stream stream,
                            uint64_t granted_upto) {
  Line& line = this->line(direction, stream);
  if (granted_upto <= line.next) return;
  const PadRange lost = {line.next, granted_upto};
  line.next = granted_upto;
  given_up_[static_cast<size_t>(stream)] += lost.size();
  uint64_t& most = most_given_up_[static_cast<size_t>(stream)];
  most = std::max(most, lost.size());
  if (lost.size() > MostGivenUp(stream)) {
    Violation(direction, stream, lost,
              absl::StrCat("is given up by one crash, more than ",
                           MostGivenUp(stream), " bytes"));
  }
}

uint64_t PadRecord::underway(Stream stream) const {
  uint64_t bytes = 0;
  for (const auto& direction : lines_) {
    for (const auto& [from, to] :
         direction[static_cast<size_t>(stream)].underway) {
      bytes += to - from;
    }
  }
  return bytes;
}

uint64_t PadRecord::left(Stream stream) const {
  uint64_t least = UINT64_MAX;
  for (const auto& direction : lines_) {
    const Line& line = direction[static_cast<size_t>(stream)];
    least = std::min(least, line.end - line.next);
  }
  return least;
}

void PadRecord::Violation(Direction direction, Stream stream, PadRange range,
                          const std::string& what) {
  violations_.push_back(absl::StrCat(
      name_, direction == Direction::kAgentToHub ? ", to" : ", from",
      " the hub, ", stream == Stream::kMac ? "mac" : "otp", " [", range.from,
      ", ", range.to, ") ", what));
}

}  // namespace skex
