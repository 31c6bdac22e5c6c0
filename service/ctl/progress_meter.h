#ifndef SERVICE_CTL_PROGRESS_METER_H_
#define SERVICE_CTL_PROGRESS_METER_H_

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

#include "absl/time/time.h"

namespace service {

// Shows how far a long job is: on a terminal one line that changes, with a
// bar, the rate and the time left; elsewhere a line for each tenth.
// Thread-compatible.
class ProgressMeter {
 public:
  using Clock = std::function<absl::Time()>;

  // `out` must outlive this object. `what` begins every line.
  ProgressMeter(std::ostream& out, bool terminal, std::string what,
                Clock clock);

  // `done` of `total` bytes are done.
  void Update(uint64_t done, uint64_t total);

  // Ends the line on a terminal, if there is one.
  void Finish();

 private:
  std::string Line(uint64_t done, uint64_t total, absl::Time now) const;

  std::ostream& out_;
  const bool terminal_;
  const std::string what_;
  const Clock clock_;
  const absl::Time start_;
  absl::Time shown_ = absl::InfinitePast();
  uint64_t tenths_ = 0;
  bool open_line_ = false;
};

}  // namespace service

#endif  // SERVICE_CTL_PROGRESS_METER_H_
