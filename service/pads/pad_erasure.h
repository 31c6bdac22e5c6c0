#ifndef SERVICE_PADS_PAD_ERASURE_H_
#define SERVICE_PADS_PAD_ERASURE_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "service/log/log.h"
#include "service/storage/pad_audit.h"
#include "skex/pad/pad.h"

namespace service {

// PadErasure overwrites the used bytes of a daemon's pads: long runs at every
// call, all of them every kEraseInterval, which bounds how long a used byte
// can be read from the medium. When the medium fails it says so once, and once
// when it works again.
//
// Thread-compatible.
class PadErasure {
 public:
  static constexpr absl::Duration kEraseInterval = absl::Seconds(10);

  explicit PadErasure(Log* log) : log_(log) {}

  // Sees to `pads`, at `now` by the monotonic clock, and to the audit file,
  // which may be null.
  void Run(absl::Duration now, absl::Span<skex::Pad* const> pads,
           const PadAudit* audit);

 private:
  Log* const log_;
  absl::Duration all_at_;  // when all is due
  bool failed_ = false;    // as last logged
};

}  // namespace service

#endif  // SERVICE_PADS_PAD_ERASURE_H_
