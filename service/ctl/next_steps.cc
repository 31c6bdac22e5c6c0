#include "service/ctl/next_steps.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "service/config/agent_folder.h"
#include "service/enrol/pad_size.h"
#include "service/storage/file_system.h"

namespace service {
namespace {

std::string Describe(const skex::PadIdentity& identity) {
  return absl::StrCat("pad of ", FormatSize(identity.geometry.total_bytes()),
                      ", source ", skex::PadSourceName(identity.source),
                      ", table ", identity.table.Hex());
}

std::string Carry(const std::string& out, const skex::AgentId& agent) {
  return absl::StrCat(
      "\nNext:\n1. Carry ", out, " to the operator of ", agent.text(),
      ", in a way that nobody\n"
      "   else can read it, and keep no copy: whoever has it can read the "
      "keys.\n");
}

// What the agent's table has to say of the source: a hub's permission does not
// bind the agent.
std::string LeastSourceLine(skex::PadSource source) {
  return absl::StrCat("least_source = \"", skex::PadSourceName(source), "\"\n");
}

}  // namespace

std::string AfterEnrolment(const std::string& hub_file, const HubConfig& hub,
                           const EnrolRequest& request,
                           const skex::PadIdentity& identity) {
  std::string text =
      absl::StrCat("enrolled ", request.agent.text(), " at ",
                   request.hub.text(), ": ", Describe(identity), "\n");
  if (request.enrolment.allow.empty()) {
    absl::StrAppend(
        &text, "nobody may open connections to it yet: add names to allow in ",
        EnrolmentPath(AgentFolder(request.state_dir, request.agent)), "\n");
  }
  absl::StrAppend(
      &text, Carry(request.out, request.agent),
      "2. Add to the agent's configuration (address: as the agent reaches this "
      "hub):\n\n[[hub]]\nname = \"",
      request.hub.text(), "\"\naddress = \"", hub.listen.ToString(),
      "\"\npad = \"", BaseName(request.out), "\"\n");
  if (request.enrolment.least_source.has_value()) {
    absl::StrAppend(&text, LeastSourceLine(*request.enrolment.least_source));
  }
  absl::StrAppend(&text, "\n3. If the hub is running: skexctl --hub --config ",
                  hub_file, " reload\n");
  return text;
}

std::string AfterReplenishment(const std::string& hub_file,
                               const ReplenishRequest& request,
                               const Replenished& made) {
  std::string text = absl::StrCat(
      "replenished ", request.agent.text(), " at ", request.hub.text(), ": ",
      Describe(made.identity), ", ", made.pads, " pads now\n",
      Carry(request.out, request.agent),
      "2. Add it behind the pads that [[hub]] of ", request.hub.text(),
      " has in the agent's\n   configuration:\n\n"
      "pad = [\"the pads so far\", \"",
      BaseName(request.out), "\"]\n");
  if (made.least_source.has_value()) {
    absl::StrAppend(&text, LeastSourceLine(*made.least_source));
  }
  absl::StrAppend(
      &text,
      "\n3. If they are running: skexctl --config FILE reload for the agent,\n"
      "   and skexctl --hub --config ",
      hub_file,
      " reload for the hub, in either order: a pad\n"
      "   that only one end knows is not used. Keys keep coming meanwhile.\n"
      "4. When an older pad is used up: take it out of the agent's pad = [...],"
      "\n   and skexctl revoke --hub-config ",
      hub_file, " --agent ", request.agent.text(),
      "\n   --table DIGITS here; then reload both again.\n");
  return text;
}

}  // namespace service
