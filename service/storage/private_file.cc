#include "service/storage/private_file.h"

#include "absl/strings/str_cat.h"

namespace service {
namespace {

absl::Status CheckOwnerAndMode(const std::string& path, const FileInfo& info,
                               absl::string_view mode, uint32_t user) {
  if (info.owner != user) {
    return absl::PermissionDeniedError(
        absl::StrCat(path, ": belongs to user id ", info.owner,
                     user == geteuid() ? ", this program runs as "
                                       : ", the state folder to ",
                     user, "; chown ", user, " ", path));
  }
  if (info.open_to_others()) {
    return absl::PermissionDeniedError(absl::StrCat(
        path, ": other users have access to it; chmod ", mode, " ", path));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckPrivateFile(const std::string& path, const FileInfo& info,
                              absl::string_view what, uint32_t user) {
  if (info.kind != FileInfo::Kind::kRegular) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is not a regular file; give the path of ", what));
  }
  return CheckOwnerAndMode(path, info, "600", user);
}

absl::Status CheckPrivateFolder(const std::string& path, const FileInfo& info,
                                uint32_t user) {
  if (info.kind != FileInfo::Kind::kFolder) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is not a folder; choose another path"));
  }
  return CheckOwnerAndMode(path, info, "700", user);
}

}  // namespace service
