#ifndef SERVICE_CTL_ONLINE_TAKE_H_
#define SERVICE_CTL_ONLINE_TAKE_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace service {

// Keys that the operator takes from a running agent.
struct TakeRequest {
  std::string socket;  // the agent's delivery socket
  std::string peer;
  uint32_t count = 1;
  // Key ids, hexadecimal: takes these, which the peer handed out, instead of
  // `count` new ones.
  std::vector<std::string> ids;
  bool json = false;
  absl::Duration timeout = absl::Seconds(5);
};

// Takes the keys and prints them to `out`, each as a line with its id and
// itself in hexadecimal, or as a line of JSON. A key that was printed is gone
// from the agent, also if a later one fails. Returns the exit status of the
// program: 0, 1 with the reason on `err` if it failed, 2 for an id that is
// none.
int RunTake(const TakeRequest& request, std::ostream& out, std::ostream& err);

}  // namespace service

#endif  // SERVICE_CTL_ONLINE_TAKE_H_
