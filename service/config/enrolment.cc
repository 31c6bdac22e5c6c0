#include "service/config/enrolment.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/config/strict_toml.h"
#include "service/storage/posix_file_system.h"

namespace service {
namespace {

constexpr uint64_t kMostQuota = uint64_t{1} << 50;

}  // namespace

absl::StatusOr<Enrolment> LoadEnrolment(const std::string& path) {
  absl::StatusOr<TomlDocument> document = TomlDocument::Load(path);
  if (!document.ok()) return document.status();
  const TomlTable root = document->Root({"allow", "pair_quota_bytes"});
  Enrolment enrolment;
  const std::vector<std::string> texts =
      root.Strings("allow", "bob@south.example");
  for (size_t i = 0; i < texts.size(); ++i) {
    absl::StatusOr<skex::AgentId> name = skex::AgentId::Parse(texts[i]);
    if (!name.ok()) {
      root.FailAtItem("allow", i, name.status().message());
      break;
    }
    if (std::find(enrolment.allow.begin(), enrolment.allow.end(), *name) !=
        enrolment.allow.end()) {
      root.FailAtItem(
          "allow", i,
          absl::StrCat("'", texts[i], "' is listed twice; remove one"));
    }
    enrolment.allow.push_back(*std::move(name));
  }
  enrolment.pair_quota_bytes =
      root.Integer("pair_quota_bytes", 0, 0, kMostQuota);
  if (!root.ok()) return document->status();
  return enrolment;
}

std::string FormatEnrolment(const Enrolment& enrolment) {
  const std::string allow = absl::StrJoin(
      enrolment.allow, ", ", [](std::string* out, const skex::AgentId& name) {
        absl::StrAppend(out, "\"", name.text(), "\"");
      });
  return absl::StrCat(
      "# Initiators that may establish keys with this agent.\n"
      "allow = [",
      allow,
      "]\n\n"
      "# Pad bytes that one initiator may use up in an hour; 0: no limit.\n"
      "pair_quota_bytes = ",
      enrolment.pair_quota_bytes, "\n");
}

EnrolledAgent EnrolmentPaths(const std::string& state_dir,
                             const skex::AgentId& agent) {
  const std::string folder = absl::StrCat(state_dir, "/agents/", agent.text());
  return {agent, absl::StrCat(folder, "/pad"),
          absl::StrCat(folder, "/enrolment.toml")};
}

absl::StatusOr<std::vector<EnrolledAgent>> ListEnrolments(
    const std::string& state_dir) {
  const std::string folder = absl::StrCat(state_dir, "/agents");
  absl::StatusOr<std::vector<std::string>> names =
      PosixFileSystem()->List(folder);
  std::vector<EnrolledAgent> agents;
  if (absl::IsNotFound(names.status())) return agents;
  if (!names.ok()) return names.status();
  for (const std::string& text : *names) {
    // What enrolling and revoking leave behind when they are interrupted.
    if (absl::StartsWith(text, ".")) continue;
    absl::StatusOr<skex::AgentId> name = skex::AgentId::Parse(text);
    if (!name.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(folder, "/", text, ": ", name.status().message(),
                       "; move it elsewhere, this folder is for enrolments"));
    }
    agents.push_back(EnrolmentPaths(state_dir, *name));
  }
  return agents;
}

}  // namespace service
