#include "service/config/agent_folder.h"

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace service {
namespace {

constexpr absl::string_view kEnrolmentName = "enrolment.toml";

std::string PadName(uint32_t number) {
  return number == 1 ? "pad" : absl::StrCat("pad-", number);
}

// The number of a pad of that name; none for another name, also for another
// spelling of a number.
std::optional<uint32_t> NumberOf(absl::string_view name) {
  if (name == PadName(1)) return 1;
  absl::string_view digits = name;
  uint32_t number = 0;
  if (!absl::ConsumePrefix(&digits, "pad-") ||
      !absl::SimpleAtoi(digits, &number) || number < 2 ||
      name != PadName(number)) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

std::string AgentFolder(const std::string& state_dir,
                        const skex::AgentId& agent) {
  return absl::StrCat(state_dir, "/agents/", agent.text());
}

std::string EnrolmentPath(const std::string& folder) {
  return absl::StrCat(folder, "/", kEnrolmentName);
}

std::string PadPath(const std::string& folder, uint32_t number) {
  return absl::StrCat(folder, "/", PadName(number));
}

absl::StatusOr<std::vector<NumberedPad>> ListPads(FileSystem& files,
                                                  const std::string& folder) {
  absl::StatusOr<std::vector<std::string>> names = files.List(folder);
  if (!names.ok()) return names.status();
  std::vector<NumberedPad> pads;
  for (const std::string& name : *names) {
    if (absl::StartsWith(name, ".") || name == kEnrolmentName) continue;
    const std::optional<uint32_t> number = NumberOf(name);
    if (!number.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat(
          folder, "/", name, ": is neither ", kEnrolmentName,
          " nor a pad (pad, pad-2, pad-3, ...); move it elsewhere"));
    }
    pads.push_back({*number, absl::StrCat(folder, "/", name)});
  }
  std::sort(pads.begin(), pads.end(),
            [](const NumberedPad& a, const NumberedPad& b) {
              return a.number < b.number;
            });
  return pads;
}

}  // namespace service
