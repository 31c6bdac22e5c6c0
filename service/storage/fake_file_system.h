#ifndef SERVICE_STORAGE_FAKE_FILE_SYSTEM_H_
#define SERVICE_STORAGE_FAKE_FILE_SYSTEM_H_

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "service/storage/file_system.h"

namespace service {

// A file system in memory that keeps apart what programs see and what is on
// the medium. What was not synced may be lost, kept, or torn at sectors of 512
// bytes when the power fails or a sync does, each write for itself, as the
// seed says. Creations, renames and removals are kept in their order, up to a
// point that the seed says.
//
// Not thread-safe; for tests.
class FakeFileSystem : public FileSystem {
 public:
  static constexpr uint64_t kForEver = std::numeric_limits<uint64_t>::max();

  explicit FakeFileSystem(uint64_t seed) : random_(seed), history_(1) {}

  // --- Faults ---

  // How many operations that change something were begun.
  uint64_t operations() const { return operations_; }

  // The operation number `at` (of operations()) and the `times` - 1 after it
  // fail with `code`. A failing write leaves a part of its bytes behind.
  void Fail(uint64_t at, absl::StatusCode code, uint64_t times = kForEver) {
    operation_fault_ = {at, times, code};
  }

  // How many reads of files were begun, and as above for those. A failing read
  // has filled a part of its buffer. Reads are never short: File hides that.
  uint64_t reads() const { return reads_; }
  void FailReads(uint64_t at,
                 absl::StatusCode code = absl::StatusCode::kUnavailable,
                 uint64_t times = kForEver) {
    read_fault_ = {at, times, code};
  }

  void StopFailing() { operation_fault_ = read_fault_ = Fault(); }

  // The power fails: only the medium counts. Faults end. Files that are open
  // must not be used any more.
  void Crash();

  // The process ends without a power failure: locks are gone, nothing else.
  void ReleaseLocks();

  // --- Looking in ---

  bool Exists(const std::string& path) const;
  // What a program would read.
  std::string Contents(const std::string& path) const;
  // What is on the medium, or `size` bytes of it from `offset`.
  std::string Durable(const std::string& path) const;
  std::string Durable(const std::string& path, uint64_t offset,
                      uint64_t size) const;
  void SetContents(const std::string& path, std::string bytes);
  void SetMode(const std::string& path, uint32_t mode);
  void SetOwner(const std::string& path, uint32_t owner);
  std::vector<std::string> Paths() const;

  // --- FileSystem ---

  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path,
                                             OpenMode mode) override;
  absl::StatusOr<FileInfo> Info(const std::string& path) override;
  absl::Status Replace(const std::string& from, const std::string& to) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status MakeFolder(const std::string& path) override;
  absl::Status RemoveFolder(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> List(
      const std::string& path) override;
  absl::Status SyncFolder(const std::string& path) override;

 private:
  friend class FakeFile;

  struct Node {
    FileInfo info;
    bool locked = false;
    std::string visible;
    std::string durable;
    std::vector<std::pair<uint64_t, std::string>> pending;
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;
  // What comes at number `at` and at the `times` - 1 numbers after it.
  struct Fault {
    uint64_t at = 0;
    uint64_t times = 0;
    absl::StatusCode code = absl::StatusCode::kUnavailable;

    absl::Status At(uint64_t number, const std::string& path) const;
  };

  Names& names() { return history_.back(); }
  const Names& names() const { return history_.back(); }
  std::shared_ptr<Node> Find(const std::string& path) const;
  // Counts an operation. Returns its fault, if it has one.
  absl::Status Begin(const std::string& path);
  absl::Status BeginRead(const std::string& path);
  bool Coin() { return (random_() & 1) != 0; }
  // Brings `node`'s pending writes to the medium: all, or as the seed says.
  void Settle(Node& node, bool all);
  void Write(Node& node, uint64_t offset, std::string bytes);
  // A copy of the names, to be changed.
  Names& Change();
  void Move(const std::string& from, const std::string& to);

  std::mt19937_64 random_;
  std::vector<Names> history_;  // the first one is on the medium
  uint64_t operations_ = 0;
  uint64_t reads_ = 0;
  Fault operation_fault_;
  Fault read_fault_;
};

}  // namespace service

#endif  // SERVICE_STORAGE_FAKE_FILE_SYSTEM_H_
