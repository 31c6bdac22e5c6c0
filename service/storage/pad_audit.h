#ifndef SERVICE_STORAGE_PAD_AUDIT_H_
#define SERVICE_STORAGE_PAD_AUDIT_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/base/mutex.h"
#include "service/storage/file_system.h"
#include "skex/base/ids.h"
#include "skex/pad/pad.h"
#include "skex/pad/pad_layout.h"

namespace service {

// PadAudit appends a line to a text file for every range of pad bytes, before
// its first use, so that it can be shown afterwards that no byte was used
// twice:
//
//   <table id, hex> agent|hub send|receive mac|otp <from> <to>
//
// A line is one system call: what was recorded survives the end of the
// process, however it ends, but not a power loss; nothing is synced.
//
// Thread-safe: one file serves all pads of a process.
class PadAudit {
 public:
  // Opens or creates the file. Returns PERMISSION_DENIED if other users could
  // read it, and the file system's errors.
  static absl::StatusOr<std::unique_ptr<PadAudit>> Open(
      FileSystem* files, const std::string& path);

  PadAudit(const PadAudit&) = delete;
  PadAudit& operator=(const PadAudit&) = delete;

  void Record(const skex::TableId& table, skex::Side side,
              skex::Direction direction, skex::Stream stream,
              skex::PadRange range);

  // An observer for the pad `table`: Record() with its first two parameters
  // filled in. This object must outlive it.
  skex::Pad::UseObserver ObserverOf(const skex::TableId& table,
                                    skex::Side side);

  // The first error of any Record(), for ever: from then on the file may lack
  // lines.
  absl::Status status() const;

 private:
  PadAudit(std::unique_ptr<File> file, bool torn);

  const std::unique_ptr<File> file_;
  mutable Mutex mutex_;
  bool torn_ ABSL_GUARDED_BY(mutex_);  // the last line lacks its end
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace service

#endif  // SERVICE_STORAGE_PAD_AUDIT_H_
