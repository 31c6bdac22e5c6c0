#include "service/ctl/progress_meter.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace service {
namespace {

constexpr absl::Duration kRefresh = absl::Milliseconds(100);
constexpr size_t kBarWidth = 30;

}  // namespace

ProgressMeter::ProgressMeter(std::ostream& out, bool terminal, std::string what,
                             Clock clock)
    : out_(out),
      terminal_(terminal),
      what_(std::move(what)),
      clock_(std::move(clock)),
      start_(clock_()) {}

void ProgressMeter::Update(uint64_t done, uint64_t total) {
  const absl::Time now = clock_();
  if (terminal_) {
    if (done < total && now - shown_ < kRefresh) return;
    shown_ = now;
    out_ << "\r" << Line(done, total, now) << "\x1b[K" << std::flush;
    open_line_ = true;
    return;
  }
  const uint64_t tenths = total == 0 ? 10 : done * 10 / total;
  if (tenths <= tenths_) return;
  tenths_ = tenths;
  out_ << Line(done, total, now) << "\n" << std::flush;
}

void ProgressMeter::Finish() {
  if (!open_line_) return;
  out_ << "\n" << std::flush;
  open_line_ = false;
}

std::string ProgressMeter::Line(uint64_t done, uint64_t total,
                                absl::Time now) const {
  const double part =
      total == 0 ? 1 : static_cast<double>(done) / static_cast<double>(total);
  std::string line = absl::StrCat(what_, " ");
  if (terminal_) {
    const size_t full = static_cast<size_t>(part * kBarWidth);
    absl::StrAppend(&line, "[", std::string(full, '#'),
                    std::string(kBarWidth - full, ' '), "] ");
  }
  absl::StrAppend(&line,
                  absl::StrFormat("%3d %%", static_cast<int>(part * 100)));
  const double seconds = absl::ToDoubleSeconds(now - start_);
  if (seconds <= 0 || done == 0) return line;
  const double rate = static_cast<double>(done) / seconds;
  absl::StrAppend(&line, absl::StrFormat("  %.0f MiB/s", rate / (1 << 20)));
  if (done < total) {
    const double left = static_cast<double>(total - done) / rate;
    absl::StrAppend(
        &line, absl::StrFormat("  %d s left", static_cast<int64_t>(left) + 1));
  }
  return line;
}

}  // namespace service
