#include "service/storage/fake_file_system.h"

#include <unistd.h>

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "skex/base/bytes.h"

namespace service {
namespace {

constexpr size_t kSector = 512;

void Put(std::string& file, uint64_t offset, const std::string& bytes) {
  if (file.size() < offset + bytes.size()) file.resize(offset + bytes.size());
  file.replace(offset, bytes.size(), bytes);
}

// As the system says it.
absl::string_view Reason(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kResourceExhausted:
      return "No space left on device";
    case absl::StatusCode::kUnavailable:
      return "Input/output error";
    default:
      return "fault";
  }
}

}  // namespace

class FakeFile : public File {
 public:
  FakeFile(FakeFileSystem* files, std::string path,
           std::shared_ptr<FakeFileSystem::Node> node)
      : files_(files), path_(std::move(path)), node_(std::move(node)) {}
  ~FakeFile() override {
    if (locked_) node_->locked = false;
  }

  absl::Status ReadAt(uint64_t offset, absl::Span<uint8_t> out) override {
    const absl::Span<const uint8_t> from = skex::AsBytes(node_->visible);
    if (offset > from.size() || out.size() > from.size() - offset) {
      return absl::OutOfRangeError(
          absl::StrCat(path_, ": ends at byte ", from.size()));
    }
    absl::Status fault = files_->BeginRead(path_);
    const size_t size =
        fault.ok() ? out.size() : files_->random_() % (out.size() + 1);
    std::copy_n(from.data() + offset, size, out.data());
    return fault;
  }

  absl::Status WriteAt(uint64_t offset,
                       absl::Span<const uint8_t> bytes) override {
    absl::Status fault = files_->Begin(path_);
    const size_t size =
        fault.ok() ? bytes.size() : files_->random_() % (bytes.size() + 1);
    files_->Write(*node_, offset, std::string(skex::AsText(bytes.first(size))));
    return fault;
  }

  absl::Status Append(absl::Span<const uint8_t> bytes) override {
    return WriteAt(node_->visible.size(), bytes);
  }

  absl::Status Sync() override {
    absl::Status fault = files_->Begin(path_);
    // A failed sync leaves pages behind that count as clean: what did not
    // reach the medium never will.
    files_->Settle(*node_, fault.ok());
    return fault;
  }

  absl::Status Allocate(uint64_t size) override {
    absl::Status fault = files_->Begin(path_);
    if (!fault.ok()) return fault;
    if (node_->visible.size() < size) node_->visible.resize(size);
    return absl::OkStatus();
  }

  absl::Status PunchHole(uint64_t offset, uint64_t size) override {
    absl::Status fault = files_->Begin(path_);
    if (!fault.ok()) return fault;
    // Dirty pages are dropped, so an unsynced write never gets anywhere.
    auto inside = [&](const std::pair<uint64_t, std::string>& write) {
      return write.first >= offset &&
             write.first + write.second.size() <= offset + size;
    };
    node_->pending.erase(
        std::remove_if(node_->pending.begin(), node_->pending.end(), inside),
        node_->pending.end());
    Put(node_->visible, offset, std::string(size, '\0'));
    return absl::OkStatus();
  }

  absl::StatusOr<FileInfo> Info() override {
    FileInfo info = node_->info;
    info.size = node_->visible.size();
    return info;
  }

  absl::Status Lock() override {
    if (node_->locked && !locked_) {
      return absl::FailedPreconditionError(
          absl::StrCat(path_, ": another process holds it"));
    }
    node_->locked = locked_ = true;
    return absl::OkStatus();
  }

 private:
  FakeFileSystem* const files_;
  const std::string path_;
  const std::shared_ptr<FakeFileSystem::Node> node_;
  bool locked_ = false;
};

absl::Status FakeFileSystem::Fault::At(uint64_t number,
                                       const std::string& path) const {
  if (times == 0 || number < at || number - at >= times) {
    return absl::OkStatus();
  }
  return absl::Status(code, absl::StrCat(path, ": ", Reason(code)));
}

absl::Status FakeFileSystem::Begin(const std::string& path) {
  return operation_fault_.At(operations_++, path);
}

absl::Status FakeFileSystem::BeginRead(const std::string& path) {
  return read_fault_.At(reads_++, path);
}

void FakeFileSystem::Write(Node& node, uint64_t offset, std::string bytes) {
  if (bytes.empty()) return;
  Put(node.visible, offset, bytes);
  node.pending.emplace_back(offset, std::move(bytes));
}

void FakeFileSystem::Settle(Node& node, bool all) {
  if (all || Coin()) {
    node.durable.resize(std::max(node.durable.size(), node.visible.size()));
  }
  for (const auto& [offset, bytes] : node.pending) {
    const uint64_t fate = all ? 0 : random_() % 3;
    if (fate == 0) Put(node.durable, offset, bytes);
    if (fate != 2) continue;
    for (uint64_t at = 0; at < bytes.size(); at += kSector) {
      if (Coin()) Put(node.durable, offset + at, bytes.substr(at, kSector));
    }
  }
  node.pending.clear();
}

void FakeFileSystem::Crash() {
  Names kept = history_[random_() % history_.size()];
  history_.assign(1, kept);
  for (auto& [path, node] : kept) {
    Settle(*node, false);
    node->visible = node->durable;
    node->locked = false;
  }
  StopFailing();
}

void FakeFileSystem::ReleaseLocks() {
  for (auto& [path, node] : names()) node->locked = false;
}

bool FakeFileSystem::Exists(const std::string& path) const {
  return Find(path) != nullptr;
}

std::string FakeFileSystem::Contents(const std::string& path) const {
  return names().at(path)->visible;
}

std::string FakeFileSystem::Durable(const std::string& path) const {
  return names().at(path)->durable;
}

std::string FakeFileSystem::Durable(const std::string& path, uint64_t offset,
                                    uint64_t size) const {
  return names().at(path)->durable.substr(offset, size);
}

void FakeFileSystem::SetContents(const std::string& path, std::string bytes) {
  Node& node = *names().at(path);
  node.visible = node.durable = std::move(bytes);
  node.pending.clear();
}

void FakeFileSystem::SetMode(const std::string& path, uint32_t mode) {
  names().at(path)->info.mode = mode;
}

void FakeFileSystem::SetOwner(const std::string& path, uint32_t owner) {
  names().at(path)->info.owner = owner;
}

std::vector<std::string> FakeFileSystem::Paths() const {
  std::vector<std::string> paths;
  for (const auto& [path, node] : names()) paths.push_back(path);
  return paths;
}

std::shared_ptr<FakeFileSystem::Node> FakeFileSystem::Find(
    const std::string& path) const {
  auto it = names().find(path);
  return it == names().end() ? nullptr : it->second;
}

FakeFileSystem::Names& FakeFileSystem::Change() {
  history_.push_back(history_.back());
  return history_.back();
}

absl::StatusOr<std::unique_ptr<File>> FakeFileSystem::Open(
    const std::string& path, OpenMode mode) {
  std::shared_ptr<Node> node = Find(path);
  const bool may_create = mode == OpenMode::kCreate ||
                          mode == OpenMode::kOpenOrCreate ||
                          mode == OpenMode::kAppend;
  if (node == nullptr && !may_create) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot open"));
  }
  if (node != nullptr && mode == OpenMode::kCreate) {
    return absl::AlreadyExistsError(absl::StrCat(path, ": cannot create"));
  }
  if (node == nullptr) {
    absl::Status fault = Begin(path);
    if (!fault.ok()) return fault;
    node = std::make_shared<Node>();
    node->info = {FileInfo::Kind::kRegular, 0600, geteuid(), 0};
    Change()[path] = node;
  }
  return std::make_unique<FakeFile>(this, path, node);
}

absl::StatusOr<FileInfo> FakeFileSystem::Info(const std::string& path) {
  std::shared_ptr<Node> node = Find(path);
  if (node == nullptr) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot look at"));
  }
  FileInfo info = node->info;
  info.size = node->visible.size();
  return info;
}

void FakeFileSystem::Move(const std::string& from, const std::string& to) {
  Names& names = Change();
  const std::string inside = from + "/";
  Names moved;
  for (auto it = names.begin(); it != names.end();) {
    if (it->first == from || absl::StartsWith(it->first, inside)) {
      moved[to + it->first.substr(from.size())] = it->second;
      it = names.erase(it);
    } else {
      ++it;
    }
  }
  for (auto& [path, node] : moved) names[path] = node;
}

absl::Status FakeFileSystem::Replace(const std::string& from,
                                     const std::string& to) {
  absl::Status fault = Begin(to);
  if (!fault.ok()) return fault;
  if (!Exists(from)) {
    return absl::NotFoundError(absl::StrCat(from, ": cannot replace"));
  }
  Move(from, to);
  return absl::OkStatus();
}

absl::Status FakeFileSystem::Rename(const std::string& from,
                                    const std::string& to) {
  if (Exists(to)) {
    return absl::AlreadyExistsError(absl::StrCat(to, ": cannot create"));
  }
  return Replace(from, to);
}

absl::Status FakeFileSystem::Remove(const std::string& path) {
  if (!Exists(path)) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot remove"));
  }
  absl::Status fault = Begin(path);
  if (fault.ok()) Change().erase(path);
  return fault;
}

absl::Status FakeFileSystem::MakeFolder(const std::string& path) {
  if (Exists(path)) {
    return absl::AlreadyExistsError(absl::StrCat(path, ": cannot create"));
  }
  absl::Status fault = Begin(path);
  if (!fault.ok()) return fault;
  auto node = std::make_shared<Node>();
  node->info = {FileInfo::Kind::kFolder, 0700, geteuid(), 0};
  Change()[path] = node;
  return absl::OkStatus();
}

absl::Status FakeFileSystem::RemoveFolder(const std::string& path) {
  absl::StatusOr<std::vector<std::string>> inside = List(path);
  if (!inside.ok()) return inside.status();
  if (!inside->empty()) {
    return absl::AlreadyExistsError(absl::StrCat(path, ": not empty"));
  }
  return Remove(path);
}

absl::StatusOr<std::vector<std::string>> FakeFileSystem::List(
    const std::string& path) {
  if (!Exists(path)) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot list"));
  }
  const std::string prefix = path + "/";
  std::set<std::string> found;
  for (const auto& [name, node] : names()) {
    if (!absl::StartsWith(name, prefix)) continue;
    const std::string rest = name.substr(prefix.size());
    found.insert(rest.substr(0, rest.find('/')));
  }
  return std::vector<std::string>(found.begin(), found.end());
}

// The names of all folders: one journal serves the whole file system.
absl::Status FakeFileSystem::SyncFolder(const std::string& path) {
  absl::Status fault = Begin(path);
  if (fault.ok()) history_.assign(1, Names(history_.back()));
  return fault;
}

}  // namespace service
