#include "service/config/check_files.h"

#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "service/config/enrolment.h"
#include "service/storage/private_file.h"

namespace service {
namespace {

// Checks the state folder. Returns the user who has to own everything else.
absl::StatusOr<uint32_t> CheckStateFolder(const std::string& path,
                                          FileSystem& files) {
  absl::StatusOr<FileInfo> info = files.Info(path);
  if (absl::IsNotFound(info.status())) {
    if (files.Info(FolderOf(path)).ok()) return geteuid();
    return absl::NotFoundError(absl::StrCat(
        path, ": cannot be created: its parent folder is missing; make that"));
  }
  if (!info.ok()) return info.status();
  const uint32_t user = geteuid() == 0 ? info->owner : geteuid();
  absl::Status status = CheckPrivateFolder(path, *info, user);
  if (!status.ok()) return status;
  return user;
}

absl::Status CheckFile(const std::string& path, absl::string_view what,
                       uint32_t user, FileSystem& files) {
  absl::StatusOr<FileInfo> info = files.Info(path);
  if (!info.ok()) return info.status();
  return CheckPrivateFile(path, *info, what, user);
}

absl::Status CheckPads(const std::vector<std::string>& pads, uint32_t user,
                       FileSystem& files) {
  for (const std::string& pad : pads) {
    absl::Status status = CheckFile(pad, "a pad file", user, files);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Checks what agents and hubs have in common. Returns as CheckStateFolder().
absl::StatusOr<uint32_t> CheckDaemon(const DaemonConfig& config,
                                     FileSystem& files) {
  absl::StatusOr<uint32_t> user = CheckStateFolder(config.state_dir, files);
  if (!user.ok() || config.pad_log.empty()) return user;
  absl::Status log = CheckFile(config.pad_log, "an audit log", *user, files);
  // One that is missing is made.
  if (!log.ok() && !absl::IsNotFound(log)) return log;
  return user;
}

}  // namespace

absl::Status CheckFiles(const AgentConfig& config, FileSystem& files) {
  const absl::StatusOr<uint32_t> user = CheckDaemon(config.daemon, files);
  if (!user.ok()) return user.status();
  for (const HubEntry& hub : config.hubs) {
    absl::Status status = CheckPads(hub.pads, *user, files);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckFiles(const HubConfig& config, FileSystem& files) {
  const absl::StatusOr<uint32_t> user = CheckDaemon(config.daemon, files);
  if (!user.ok()) return user.status();
  const absl::StatusOr<std::vector<EnrolledAgent>> agents =
      ListEnrolments(config.daemon.state_dir);
  if (!agents.ok()) return agents.status();
  for (const EnrolledAgent& agent : *agents) {
    absl::Status status = LoadEnrolment(agent.enrolment).status();
    if (!status.ok()) return status;
    status = CheckPads(agent.pads, *user, files);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace service
