#include "service/enrol/revoke.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/config/agent_folder.h"
#include "service/enrol/pad_number.h"
#include "service/enrol/unfinished.h"
#include "service/storage/erase.h"
#include "service/storage/pad_file_reader.h"

namespace service {
namespace {

absl::Status NotEnrolled(const std::string& state_dir,
                         const skex::AgentId& agent) {
  return absl::NotFoundError(
      absl::StrCat(agent.text(), " is not enrolled in ", state_dir,
                   "; check the name and the hub's configuration"));
}

// Whether any file of a folder is locked, as far as that can be found out.
bool AnyLocked(FileSystem& files, const std::string& folder) {
  absl::StatusOr<std::vector<std::string>> names = files.List(folder);
  if (!names.ok()) return false;
  return std::any_of(names->begin(), names->end(),
                     [&](const std::string& name) {
                       absl::StatusOr<bool> locked =
                           IsLocked(files, absl::StrCat(folder, "/", name));
                       return locked.ok() && *locked;
                     });
}

// The revocation of one pad of the agent whose folder is given.
class TableRevoker {
 public:
  TableRevoker(FileSystem& files, const skex::AgentId& agent,
               std::string folder)
      : files_(files), agent_(agent), folder_(std::move(folder)) {}

  absl::StatusOr<RevokedTable> Run(const std::string& digits) {
    absl::StatusOr<bool> completed = CompleteInterrupted();
    if (!completed.ok()) return completed.status();
    absl::Status status = ReadPads();
    if (!status.ok()) return status;
    std::vector<Pad> found;
    for (const Pad& pad : pads_) {
      if (absl::StartsWith(pad.table.Hex(), digits)) found.push_back(pad);
    }
    if (found.size() > 1) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the tables of ", found.size(), " pads of ", agent_.text(),
          " begin with ", digits, "; give more digits"));
    }
    if (found.size() == 1) return Revoke(found.front());
    if (!*completed) return NoSuchPad(digits);
    return RevokedTable{.left = count_};
  }

 private:
  struct Pad {
    uint32_t number;
    std::string path;
    skex::TableId table;
  };

  // Erases what earlier revocations have hidden. Returns whether there was
  // something.
  absl::StatusOr<bool> CompleteInterrupted() {
    absl::StatusOr<std::vector<std::string>> names = files_.List(folder_);
    if (!names.ok()) return names.status();
    bool any = false;
    for (const std::string& name : *names) {
      if (!absl::StartsWith(name, ".pad") ||
          !absl::EndsWith(name, ".revoked")) {
        continue;
      }
      absl::Status status =
          EraseAndRemove(files_, absl::StrCat(folder_, "/", name));
      if (!status.ok()) return status;
      any = true;
    }
    return any;
  }

  // A pad that cannot be read has no name to be revoked by; the others have.
  absl::Status ReadPads() {
    absl::StatusOr<std::vector<NumberedPad>> pads = ListPads(files_, folder_);
    if (!pads.ok()) return pads.status();
    count_ = pads->size();
    for (const NumberedPad& pad : *pads) {
      absl::StatusOr<std::unique_ptr<File>> file =
          files_.Open(pad.path, OpenMode::kRead);
      absl::Status status = file.status();
      if (status.ok()) {
        absl::StatusOr<PadFileHeader> header = ReadPadHeader(pad.path, **file);
        status = header.status();
        if (status.ok()) {
          pads_.push_back({pad.number, pad.path, header->identity.table});
        }
      }
      unreadable_.Update(status);
    }
    return absl::OkStatus();
  }

  absl::Status NoSuchPad(absl::string_view digits) const {
    if (!unreadable_.ok()) return unreadable_;
    return absl::NotFoundError(absl::StrCat(
        agent_.text(), " has no pad whose table begins with ", digits,
        "; it has ",
        absl::StrJoin(pads_, ", ", [](std::string* out, const Pad& pad) {
          absl::StrAppend(out, pad.table.Hex());
        })));
  }

  absl::StatusOr<RevokedTable> Revoke(const Pad& pad) {
    if (count_ == 1) {
      return absl::FailedPreconditionError(absl::StrCat(
          pad.table.Hex(), " is the only pad of ", agent_.text(),
          "; give it another first (skexctl enrol --replenish), or revoke the "
          "agent, without --table"));
    }
    absl::Status status = RememberPadNumber(files_, folder_, pad.number);
    if (!status.ok()) return status;
    const std::string hidden = HiddenName(pad.path, "revoked");
    status = files_.Rename(pad.path, hidden);
    if (status.ok()) status = files_.SyncFolder(folder_);
    if (!status.ok()) return status;
    absl::StatusOr<bool> locked = IsLocked(files_, hidden);
    // Also while a hub has the pad open: it refuses to use zeros.
    status = EraseAndRemove(files_, hidden);
    if (!status.ok()) return status;
    return RevokedTable{pad.table, locked.ok() && *locked, count_ - 1};
  }

  FileSystem& files_;
  const skex::AgentId& agent_;
  const std::string folder_;
  std::vector<Pad> pads_;    // those that can be read, oldest first
  size_t count_ = 0;         // all of them
  absl::Status unreadable_;  // the first error of one that cannot
};

}  // namespace

absl::StatusOr<Revoked> RevokeAgent(FileSystem& files,
                                    const std::string& state_dir,
                                    const skex::AgentId& agent) {
  const std::string folder = AgentFolder(state_dir, agent);
  const std::string hidden = HiddenName(folder, "revoked");
  const bool enrolled = files.Info(folder).ok();
  const bool interrupted = files.Info(hidden).ok();
  if (!enrolled && !interrupted) return NotEnrolled(state_dir, agent);
  absl::Status status = EraseFolder(files, hidden);
  if (!status.ok()) return status;
  Revoked revoked;
  if (!enrolled) return revoked;
  status = files.Rename(folder, hidden);
  if (status.ok()) status = files.SyncFolder(FolderOf(folder));
  if (!status.ok()) return status;
  revoked.in_use = AnyLocked(files, hidden);
  // Also while a hub has a pad open: it refuses to use zeros.
  status = EraseFolder(files, hidden);
  if (!status.ok()) return status;
  return revoked;
}

absl::StatusOr<RevokedTable> RevokeTable(FileSystem& files,
                                         const std::string& state_dir,
                                         const skex::AgentId& agent,
                                         absl::string_view digits) {
  if (digits.size() < kLeastTableDigits ||
      digits.size() > 2 * skex::TableId::kSize ||
      !std::all_of(digits.begin(), digits.end(), absl::ascii_isxdigit)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", absl::CHexEscape(digits), "' names no table; give the first ",
        kLeastTableDigits, " to ", 2 * skex::TableId::kSize,
        " hexadecimal digits of what skexctl pad shows"));
  }
  const std::string folder = AgentFolder(state_dir, agent);
  if (absl::IsNotFound(files.Info(folder).status())) {
    return NotEnrolled(state_dir, agent);
  }
  return TableRevoker(files, agent, folder).Run(absl::AsciiStrToLower(digits));
}

}  // namespace service
