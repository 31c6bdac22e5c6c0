#include "skex/pad/pad.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"

namespace skex {
namespace {

// Consumed ranges above the floor that are remembered. When there are more,
// the lowest gap is given up.
constexpr size_t kMostConsumedRanges = 64;

constexpr std::array<Stream, 2> kStreams = {Stream::kMac, Stream::kOtp};

uint64_t Granule(Stream stream) {
  return stream == Stream::kMac ? kMacSlotSize : kOtpBlockSize;
}

uint64_t Chunk(Stream stream) {
  return stream == Stream::kMac ? kMacChunk : kOtpChunk;
}

absl::string_view StreamName(Stream stream) {
  return stream == Stream::kMac ? "mac" : "otp";
}

// Whether any granule of `bytes`, which are whole granules, is all zeros.
bool HasHole(absl::Span<const uint8_t> bytes, uint64_t granule) {
  // Granules are whole words.
  const uint8_t* at = bytes.data();
  for (size_t left = bytes.size(); left > 0; left -= granule) {
    uint64_t any = 0;
    for (const uint8_t* end = at + granule; at < end; at += sizeof(any)) {
      uint64_t word;
      std::memcpy(&word, at, sizeof(word));
      any |= word;
    }
    if (any == 0) return true;
  }
  return false;
}

absl::Status HoleError(Stream stream, PadRange range) {
  return absl::DataLossError(absl::StrCat("pad has a hole in its ",
                                          StreamName(stream), " stream at [",
                                          range.from, ", ", range.to, ")"));
}

}  // namespace

PadMarks PadMarks::Fresh(const PadGeometry& geometry) {
  PadMarks marks;
  for (Direction direction : {Direction::kAgentToHub, Direction::kHubToAgent}) {
    for (uint8_t lane = 0; lane < geometry.lanes; ++lane) {
      for (Stream stream : kStreams) {
        const uint64_t begin = geometry.Begin(direction, lane, stream);
        marks.at(direction, lane, stream) = {begin, begin};
      }
    }
  }
  return marks;
}

Pad::Pad(PadStorage* storage, Side side, uint8_t lane)
    : storage_(storage), side_(side), lane_(lane) {}

absl::StatusOr<std::unique_ptr<Pad>> Pad::Open(PadStorage* storage, Side side,
                                               uint8_t lane) {
  const PadGeometry& geometry = storage->identity().geometry;
  if (absl::Status status = geometry.Check(); !status.ok()) return status;
  if (lane >= geometry.lanes) {
    return absl::InvalidArgumentError(
        absl::StrCat("lane ", lane, " of a pad with ", geometry.lanes));
  }
  auto pad = absl::WrapUnique(new Pad(storage, side, lane));
  for (Stream stream : kStreams) {
    const uint64_t sent =
        storage->marks().at(SendDirection(side), lane, stream).claimed_upto;
    pad->out(stream) = {sent, sent};
    const uint64_t received =
        storage->marks().at(ReceiveDirection(side), lane, stream).claimed_upto;
    pad->in(stream).floor = pad->in(stream).granted_to = received;
  }
  if (absl::Status status = pad->EraseAtStart(); !status.ok()) return status;
  return pad;
}

absl::Status Pad::EraseAtStart() {
  for (Stream stream : kStreams) {
    absl::Status status =
        EraseBelow(SendDirection(side_), stream, out(stream).next, 1);
    if (!status.ok()) return status;
    status = EraseBelow(ReceiveDirection(side_), stream, in(stream).floor, 1);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Pad::AddGrant(Stream stream, PadRange range) {
  const PadGeometry& geometry = identity().geometry;
  const Direction direction = SendDirection(side_);
  if (range.from > range.to || range.from % Granule(stream) != 0 ||
      range.to % Granule(stream) != 0 ||
      range.from < geometry.Begin(direction, lane_, stream) ||
      range.to > geometry.End(direction, lane_, stream)) {
    return absl::InvalidArgumentError(
        absl::StrCat("grant [", range.from, ", ", range.to, ") is not in the ",
                     StreamName(stream), " stream of lane ", lane_));
  }
  Outgoing& o = out(stream);
  if (range.to <= o.granted_to) return absl::OkStatus();
  // A range that does not follow on leaves a gap, which is given up.
  const uint64_t from = std::max(range.from, o.granted_to);
  if (from != o.granted_to) {
    wasted_bytes_ += from - o.next;
    o.next = from;
  }
  o.granted_to = range.to;
  return absl::OkStatus();
}

void Pad::DropGrants() {
  for (Stream stream : kStreams) {
    Outgoing& o = out(stream);
    wasted_bytes_ += o.granted_to - o.next;
    o.next = o.granted_to;
  }
}

uint64_t Pad::Granted(Stream stream) const {
  return out(stream).granted_to - out(stream).next;
}

absl::Status Pad::Claim(Direction direction, Stream stream, uint64_t upto) {
  PadMarks marks = storage_->marks();
  marks.at(direction, lane_, stream).claimed_upto = upto;
  absl::Status status = storage_->CommitMarks(marks);
  if (status.ok()) ++commits_;
  return status;
}

absl::StatusOr<PadSlice> Pad::Take(Stream stream, uint64_t size) {
  Outgoing& o = out(stream);
  if (size == 0 || size % Granule(stream) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot take ", size, " bytes of the ", StreamName(stream),
                     " stream: not in whole granules"));
  }
  if (size > Granted(stream)) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "pad with ",
        side_ == Side::kAgent ? identity().hub.text() : identity().agent.text(),
        ": ", Granted(stream), " bytes granted in the ", StreamName(stream),
        " stream, ", size, " needed"));
  }
  const PadRange range = {o.next, o.next + size};
  const Direction direction = SendDirection(side_);
  const uint64_t claimed =
      storage_->marks().at(direction, lane_, stream).claimed_upto;
  if (range.to > claimed) {
    const uint64_t upto =
        std::min(o.granted_to, std::max(range.to, range.from + Chunk(stream)));
    absl::Status status = Claim(direction, stream, upto);
    if (!status.ok()) return status;
  }
  PadSlice slice = {range.from, Secret::OfSize(size)};
  absl::Status status = storage_->Read(range.from, slice.bytes.mutable_view());
  if (!status.ok()) return status;
  o.next = range.to;
  if (HasHole(slice.bytes.view(), Granule(stream))) {
    wasted_bytes_ += size;
    return HoleError(stream, range);
  }
  Observe(direction, stream, range);
  return slice;
}

absl::StatusOr<PadRange> Pad::Grant(Stream stream, uint64_t size) {
  Incoming& i = in(stream);
  const Direction direction = ReceiveDirection(side_);
  const uint64_t end = identity().geometry.End(direction, lane_, stream);
  const uint64_t left = end - i.granted_to;
  if (left == 0) {
    return absl::ResourceExhaustedError(
        absl::StrCat("pad of ", identity().agent.text(), " with ",
                     identity().hub.text(), " is used up: nothing is left in ",
                     "the ", StreamName(stream), " stream; enrol a new pad"));
  }
  const uint64_t granule = Granule(stream);
  size = std::min(left, std::max(size, granule));
  size = (size + granule - 1) / granule * granule;
  const PadRange range = {i.granted_to, i.granted_to + size};
  absl::Status status = Claim(direction, stream, range.to);
  if (!status.ok()) return status;
  i.granted_to = range.to;
  return range;
}

absl::StatusOr<Secret> Pad::Peek(Stream stream, PadRange range) const {
  const Incoming& i = in(stream);
  const PadGeometry& geometry = identity().geometry;
  const uint64_t begin = geometry.Begin(ReceiveDirection(side_), lane_, stream);
  const uint64_t granule = Granule(stream);
  if (range.from >= range.to || range.from < begin || range.to > i.granted_to ||
      (range.from - begin) % granule != 0 || range.size() % granule != 0) {
    return absl::OutOfRangeError(absl::StrCat(
        "pad range [", range.from, ", ", range.to, ") was not granted in the ",
        StreamName(stream), " stream"));
  }
  auto after = i.consumed.upper_bound(range.from);
  const bool overlaps_next =
      after != i.consumed.end() && after->first < range.to;
  const bool overlaps_previous =
      after != i.consumed.begin() && std::prev(after)->second > range.from;
  if (range.from < i.floor || overlaps_next || overlaps_previous) {
    return absl::AlreadyExistsError(absl::StrCat(
        "pad range [", range.from, ", ", range.to, ") was used before"));
  }
  Secret bytes = Secret::OfSize(range.size());
  absl::Status status = storage_->Read(range.from, bytes.mutable_view());
  if (!status.ok()) return status;
  if (HasHole(bytes.view(), granule)) return HoleError(stream, range);
  return bytes;
}

void Pad::Consume(Stream stream, PadRange range) {
  Observe(ReceiveDirection(side_), stream, range);
  Incoming& i = in(stream);
  i.consumed.emplace(range.from, range.to);
  if (i.consumed.size() > kMostConsumedRanges) {
    wasted_bytes_ += i.consumed.begin()->first - i.floor;
    i.floor = i.consumed.begin()->first;
  }
  while (!i.consumed.empty() && i.consumed.begin()->first == i.floor) {
    i.floor = i.consumed.begin()->second;
    i.consumed.erase(i.consumed.begin());
  }
}

absl::Status Pad::EraseUsed(bool all) {
  const uint64_t least = all ? 1 : kEraseRun;
  for (Stream stream : kStreams) {
    absl::Status status =
        EraseBelow(SendDirection(side_), stream, out(stream).next, least);
    if (!status.ok()) return status;
    status =
        EraseBelow(ReceiveDirection(side_), stream, in(stream).floor, least);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Pad::EraseBelow(Direction direction, Stream stream, uint64_t floor,
                             uint64_t least) {
  const StreamMark& mark = storage_->marks().at(direction, lane_, stream);
  if (floor < mark.erased_upto + least) return absl::OkStatus();
  // What is not claimed durably must not be erased: after a crash it would be
  // a hole in a range that is still to be used.
  const uint64_t upto = std::min(floor, mark.claimed_upto);
  if (upto <= mark.erased_upto) return absl::OkStatus();
  absl::Status status = storage_->Erase(mark.erased_upto, upto);
  if (!status.ok()) return status;
  erasure_syncs_ += 2;
  PadMarks marks = storage_->marks();
  marks.at(direction, lane_, stream).erased_upto = upto;
  return storage_->CommitMarks(marks);
}

uint64_t Pad::Remaining(Direction direction, Stream stream) const {
  const uint64_t end = identity().geometry.End(direction, lane_, stream);
  if (direction == SendDirection(side_)) return end - out(stream).next;
  return end - in(stream).floor;
}

void Pad::Observe(Direction direction, Stream stream, PadRange range) {
  if (observer_) observer_(direction, stream, range);
}

}  // namespace skex
