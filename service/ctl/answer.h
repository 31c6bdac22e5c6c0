#ifndef SERVICE_CTL_ANSWER_H_
#define SERVICE_CTL_ANSWER_H_

#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "nlohmann/json.hpp"

namespace service {

// What a verb that works on files has to say in the end: the same for people
// and for programs. A verb prints nothing itself, so none can forget one of the
// two.
struct Answer {
  Answer() = default;
  Answer(std::string text, nlohmann::ordered_json json)
      : text(std::move(text)), json(std::move(json)) {}
  // A failure, and nothing else to say. Implicit, to be returned like a Status.
  Answer(absl::Status error)  // NOLINT(google-explicit-constructor)
      : status(std::move(error)) {}

  std::string text;             // whole lines, or nothing
  nlohmann::ordered_json json;  // an object; null if there is nothing to say
  // What went wrong. There may be something to say all the same, such as what
  // is known of a damaged file.
  absl::Status status;
};

// Prints the answer to `out`, as JSON or as text, and its error, if it has one,
// to `err`; see Complain(). Returns the exit status of the program.
int PrintAnswer(const Answer& answer, bool json, std::ostream& out,
                std::ostream& err);

}  // namespace service

#endif  // SERVICE_CTL_ANSWER_H_
