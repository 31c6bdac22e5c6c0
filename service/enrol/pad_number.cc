#include "service/enrol/pad_number.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "service/config/agent_folder.h"
#include "service/storage/state_dir.h"

namespace service {
namespace {

constexpr size_t kMostDigits = 16;

std::string LastPadPath(const std::string& folder) {
  return absl::StrCat(folder, "/.last-pad");
}

// The number that is remembered, 0 if there is none.
absl::StatusOr<uint32_t> Remembered(FileSystem& files,
                                    const std::string& folder) {
  const std::string path = LastPadPath(folder);
  absl::StatusOr<std::string> text = ReadSmallFile(files, path, kMostDigits);
  if (absl::IsNotFound(text.status())) return 0;
  if (!text.ok()) return text.status();
  uint32_t number = 0;
  if (!absl::SimpleAtoi(absl::StripAsciiWhitespace(*text), &number)) {
    return absl::DataLossError(absl::StrCat(
        path,
        ": is damaged; write into it the highest number that a pad of this "
        "folder ever had"));
  }
  return number;
}

}  // namespace

absl::StatusOr<uint32_t> NextPadNumber(FileSystem& files,
                                       const std::string& folder) {
  absl::StatusOr<std::vector<NumberedPad>> pads = ListPads(files, folder);
  if (!pads.ok()) return pads.status();
  absl::StatusOr<uint32_t> remembered = Remembered(files, folder);
  if (!remembered.ok()) return remembered.status();
  const uint32_t highest = pads->empty() ? 0 : pads->back().number;
  return std::max(highest, *remembered) + 1;
}

absl::Status RememberPadNumber(FileSystem& files, const std::string& folder,
                               uint32_t number) {
  absl::StatusOr<uint32_t> remembered = Remembered(files, folder);
  if (!remembered.ok()) return remembered.status();
  if (number <= *remembered) return absl::OkStatus();
  return WriteFileDurably(files, LastPadPath(folder),
                          absl::StrCat(number, "\n"));
}

}  // namespace service
