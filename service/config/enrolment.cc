#include "service/config/enrolment.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "service/config/agent_folder.h"
#include "service/config/least_source_reader.h"
#include "service/config/strict_toml.h"
#include "service/storage/file_system.h"
#include "service/storage/posix_file_system.h"
#include "skex/pad/pad_layout.h"

namespace service {
namespace {

constexpr uint64_t kMostQuota = uint64_t{1} << 50;

absl::StatusOr<Enrolment> Read(const TomlDocument& document) {
  const TomlTable root =
      document.Root({"allow", "pair_quota_bytes", "least_source"});
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
  enrolment.least_source = ReadLeastSource(root);
  if (!root.ok()) return document.status();
  return enrolment;
}

std::string LeastSourceLine(skex::PadSource least_source) {
  return absl::StrCat("least_source = \"", skex::PadSourceName(least_source),
                      "\"\n");
}

absl::Status CheckCount(const std::string& folder, size_t pads) {
  if (pads < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        folder,
        ": has no pad; put it back, or revoke the agent and enrol it "
        "again (skexctl revoke, skexctl enrol)"));
  }
  if (pads > skex::kMostPads) {
    return absl::InvalidArgumentError(
        absl::StrCat(folder, ": has ", pads, " pads, but ", skex::kMostPads,
                     " at most are possible; revoke those that are used up "
                     "(skexctl revoke --table)"));
  }
  return absl::OkStatus();
}

// Whether a line of TOML is that of least_source, in the usual spelling.
bool IsLeastSourceLine(absl::string_view line) {
  line = absl::StripLeadingAsciiWhitespace(line);
  return absl::ConsumePrefix(&line, "least_source") &&
         absl::StartsWith(absl::StripLeadingAsciiWhitespace(line), "=");
}

}  // namespace

absl::StatusOr<Enrolment> LoadEnrolment(const std::string& path) {
  absl::StatusOr<TomlDocument> document = TomlDocument::Load(path);
  if (!document.ok()) return document.status();
  return Read(*document);
}

absl::StatusOr<Enrolment> ParseEnrolment(const std::string& path,
                                         absl::string_view text) {
  absl::StatusOr<TomlDocument> document = TomlDocument::Parse(path, text);
  if (!document.ok()) return document.status();
  return Read(*document);
}

std::string FormatEnrolment(const Enrolment& enrolment) {
  const std::string allow = absl::StrJoin(
      enrolment.allow, ", ", [](std::string* out, const skex::AgentId& name) {
        absl::StrAppend(out, "\"", name.text(), "\"");
      });
  std::string text = absl::StrCat(
      "# Initiators that may establish keys with this agent.\n"
      "allow = [",
      allow,
      "]\n\n"
      "# Pad bytes that one initiator may use up in an hour; 0: no limit.\n"
      "pair_quota_bytes = ",
      enrolment.pair_quota_bytes,
      "\n\n"
      "# The lowest source of a pad: physical, generator or stretch. Without\n"
      "# it that of the oldest pad, but not below generator.\n");
  absl::StrAppend(&text, enrolment.least_source.has_value()
                             ? LeastSourceLine(*enrolment.least_source)
                             : "#least_source = \"generator\"\n");
  return text;
}

absl::StatusOr<std::string> WithLeastSource(const std::string& path,
                                            absl::string_view text,
                                            skex::PadSource least_source) {
  absl::StatusOr<Enrolment> wanted = ParseEnrolment(path, text);
  if (!wanted.ok()) return wanted.status();
  wanted->least_source = least_source;
  std::vector<std::string> lines = absl::StrSplit(text, '\n');
  const auto found =
      std::find_if(lines.begin(), lines.end(), &IsLeastSourceLine);
  const std::string line = LeastSourceLine(least_source);
  if (found != lines.end()) {
    *found = std::string(absl::StripSuffix(line, "\n"));
  } else {
    // An enrolment has no tables, so the key may stand at the end.
    if (!lines.back().empty()) lines.emplace_back();
    lines.back() = line;
  }
  std::string changed = absl::StrJoin(lines, "\n");
  const absl::StatusOr<Enrolment> read = ParseEnrolment(path, changed);
  if (!read.ok() || !(*read == *wanted)) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, ": cannot be changed by a program as it is written; set ",
        absl::StripSuffix(line, "\n"), " in it yourself"));
  }
  return changed;
}

absl::StatusOr<std::vector<EnrolledAgent>> ListEnrolments(
    const std::string& state_dir) {
  const std::string parent = absl::StrCat(state_dir, "/agents");
  FileSystem& files = *PosixFileSystem();
  absl::StatusOr<std::vector<std::string>> names = files.List(parent);
  std::vector<EnrolledAgent> agents;
  if (absl::IsNotFound(names.status())) return agents;
  if (!names.ok()) return names.status();
  for (const std::string& text : *names) {
    // What enrolling and revoking leave behind when they are interrupted.
    if (absl::StartsWith(text, ".")) continue;
    absl::StatusOr<skex::AgentId> name = skex::AgentId::Parse(text);
    if (!name.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(parent, "/", text, ": ", name.status().message(),
                       "; move it elsewhere, this folder is for enrolments"));
    }
    const std::string folder = AgentFolder(state_dir, *name);
    absl::StatusOr<std::vector<NumberedPad>> pads = ListPads(files, folder);
    // Revoked this moment.
    if (absl::IsNotFound(pads.status())) continue;
    if (!pads.ok()) return pads.status();
    absl::Status status = CheckCount(folder, pads->size());
    if (!status.ok()) return status;
    EnrolledAgent& agent =
        agents.emplace_back(EnrolledAgent{*name, {}, EnrolmentPath(folder)});
    for (NumberedPad& pad : *pads) agent.pads.push_back(std::move(pad.path));
  }
  return agents;
}

}  // namespace service
