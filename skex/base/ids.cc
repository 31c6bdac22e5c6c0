#include "skex/base/ids.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace skex {
namespace {

bool IsAlnum(char c) {
  return absl::ascii_islower(c) || absl::ascii_isdigit(c);
}

bool IsPart(absl::string_view part) {
  if (part.empty() || !IsAlnum(part.front()) || !IsAlnum(part.back())) {
    return false;
  }
  for (char c : part) {
    if (!IsAlnum(c) && c != '.' && c != '-' && c != '_') return false;
  }
  return true;
}

}  // namespace

absl::Status CheckName(absl::string_view text) {
  const size_t at = text.find('@');
  if (text.size() <= kMaxNameSize && at != absl::string_view::npos &&
      IsPart(text.substr(0, at)) && IsPart(text.substr(at + 1))) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "'", absl::CHexEscape(text.substr(0, kMaxNameSize)),
      "' is not a name: want name@domain in lower-case letters, digits, '.', "
      "'-' and '_', at most ",
      kMaxNameSize, " bytes"));
}

}  // namespace skex
