#ifndef SERVICE_CONFIG_ENROLMENT_H_
#define SERVICE_CONFIG_ENROLMENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "skex/base/ids.h"
#include "skex/pad/pad_source.h"

namespace service {

// What a hub knows of one enrolled agent besides its pads. It lies beside them,
// in STATE_DIR/agents/<agent>/enrolment.toml.
struct Enrolment {
  // Initiators that may establish keys with this agent.
  std::vector<skex::AgentId> allow;
  // Bytes of this agent's pads that one initiator may use up in an hour; 0: no
  // limit.
  uint64_t pair_quota_bytes = 0;
  // The lowest source that a pad may have; none: see skex::CheckPadSources(),
  // which the reader of the pads asks.
  std::optional<skex::PadSource> least_source = std::nullopt;

  friend bool operator==(const Enrolment&, const Enrolment&) = default;
};

// As LoadAgentConfig(), for an enrolment.toml.
absl::StatusOr<Enrolment> LoadEnrolment(const std::string& path);

// The same for its text; `path` is for the messages.
absl::StatusOr<Enrolment> ParseEnrolment(const std::string& path,
                                         absl::string_view text);

// The text of a file that LoadEnrolment() reads back.
std::string FormatEnrolment(const Enrolment& enrolment);

// The text of an enrolment.toml with another least_source and nothing else
// changed, so that the operator's comments stay. Returns ParseEnrolment()'s
// errors for `text`, and FAILED_PRECONDITION if the key is written in a way
// that only a person can change.
absl::StatusOr<std::string> WithLeastSource(const std::string& path,
                                            absl::string_view text,
                                            skex::PadSource least_source);

// One enrolled agent of a hub and its files.
struct EnrolledAgent {
  skex::AgentId name;
  // Paths of the hub's halves of the pads, oldest first: 1 to skex::kMostPads.
  std::vector<std::string> pads;
  std::string enrolment;  // path of enrolment.toml
};

// The agents enrolled under a hub's state folder, by name. An unfinished or
// half-removed enrolment is left out. Returns INVALID_ARGUMENT if an entry of
// the folder is not an agent's name, or an agent's folder has something else
// than agent_folder.h says, no pad or too many; UNAVAILABLE if one cannot be
// read. No agents folder: an empty list.
absl::StatusOr<std::vector<EnrolledAgent>> ListEnrolments(
    const std::string& state_dir);

}  // namespace service

#endif  // SERVICE_CONFIG_ENROLMENT_H_
