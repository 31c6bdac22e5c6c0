#include "service/storage/private_file.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace service {

absl::Status CheckPrivateFile(const std::string& path, const FileInfo& info,
                              absl::string_view what) {
  if (info.kind != FileInfo::Kind::kRegular) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is not a regular file; give the path of ", what));
  }
  if (info.owner != geteuid()) {
    return absl::PermissionDeniedError(absl::StrCat(
        path, ": belongs to user id ", info.owner, ", this program runs as ",
        geteuid(), "; chown ", geteuid(), " ", path));
  }
  if (info.open_to_others()) {
    return absl::PermissionDeniedError(absl::StrCat(
        path, ": other users have access to it; chmod 600 ", path));
  }
  return absl::OkStatus();
}

}  // namespace service
