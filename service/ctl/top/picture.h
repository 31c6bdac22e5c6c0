#ifndef SERVICE_CTL_TOP_PICTURE_H_
#define SERVICE_CTL_TOP_PICTURE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "service/ctl/top/figures.h"

namespace service {

// Of a terminal, in characters.
struct ScreenSize {
  size_t columns = 80;
  size_t rows = 24;
};

// What is around the figures on the screen.
struct Scene {
  absl::Time time;
  absl::TimeZone zone;
  std::string trouble;  // why the daemon does not answer now; else empty
  bool paused = false;
  bool help = false;  // a line with the keys
};

// The figures for people: at most `size.rows` lines of at most `size.columns`
// characters, all of them printable ASCII. What is too long is cut; the last
// line says how many there are no room for.
std::vector<std::string> Picture(const Figures& figures, const Scene& scene,
                                 const ScreenSize& size);

}  // namespace service

#endif  // SERVICE_CTL_TOP_PICTURE_H_
