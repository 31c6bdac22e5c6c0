#include "service/storage/posix_file_system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace service {
namespace {

absl::StatusCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::StatusCode::kNotFound;
    case EEXIST:
    case ENOTEMPTY:
      return absl::StatusCode::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::StatusCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return absl::StatusCode::kResourceExhausted;
    case EOPNOTSUPP:
    case ENOSYS:
      return absl::StatusCode::kUnimplemented;
    case EWOULDBLOCK:
      return absl::StatusCode::kFailedPrecondition;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

absl::Status ErrnoStatus(const std::string& path, const char* what, int error) {
  return absl::Status(CodeOf(error), absl::StrCat(path, ": cannot ", what, ": ",
                                                  strerror(error)));
}

// Calls `call` until no signal interrupts it.
template <typename Call>
auto Uninterrupted(Call call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

FileInfo InfoOf(const struct stat& stat) {
  FileInfo info;
  if (S_ISREG(stat.st_mode)) info.kind = FileInfo::Kind::kRegular;
  if (S_ISDIR(stat.st_mode)) info.kind = FileInfo::Kind::kFolder;
  info.mode = stat.st_mode & 07777;
  info.owner = stat.st_uid;
  info.size = static_cast<uint64_t>(stat.st_size);
  return info;
}

class PosixFile : public File {
 public:
  PosixFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~PosixFile() override { close(fd_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  absl::Status ReadAt(uint64_t offset, absl::Span<uint8_t> out) override {
    while (!out.empty()) {
      const ssize_t got = Uninterrupted([&] {
        return pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
      });
      if (got < 0) return ErrnoStatus(path_, "read", errno);
      if (got == 0) {
        return absl::OutOfRangeError(
            absl::StrCat(path_, ": ends at byte ", offset));
      }
      out.remove_prefix(static_cast<size_t>(got));
      offset += static_cast<uint64_t>(got);
    }
    return absl::OkStatus();
  }

  absl::Status WriteAt(uint64_t offset,
                       absl::Span<const uint8_t> bytes) override {
    while (!bytes.empty()) {
      const ssize_t put = Uninterrupted([&] {
        return pwrite(fd_, bytes.data(), bytes.size(),
                      static_cast<off_t>(offset));
      });
      if (put < 0) return ErrnoStatus(path_, "write", errno);
      bytes.remove_prefix(static_cast<size_t>(put));
      offset += static_cast<uint64_t>(put);
    }
    return absl::OkStatus();
  }

  absl::Status Append(absl::Span<const uint8_t> bytes) override {
    const ssize_t put =
        Uninterrupted([&] { return write(fd_, bytes.data(), bytes.size()); });
    if (put < 0) return ErrnoStatus(path_, "write", errno);
    if (static_cast<size_t>(put) != bytes.size()) {
      return absl::ResourceExhaustedError(
          absl::StrCat(path_, ": only ", put, " of ", bytes.size(),
                       " bytes could be written"));
    }
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    if (Uninterrupted([&] { return fdatasync(fd_); }) != 0) {
      return ErrnoStatus(path_, "sync", errno);
    }
    return absl::OkStatus();
  }

  absl::Status Allocate(uint64_t size) override {
    const int result = Uninterrupted(
        [&] { return fallocate(fd_, 0, 0, static_cast<off_t>(size)); });
    if (result == 0) return absl::OkStatus();
    if (errno != EOPNOTSUPP && errno != ENOSYS) {
      return ErrnoStatus(path_, "reserve space", errno);
    }
    struct stat stat;
    if (fstat(fd_, &stat) != 0) return ErrnoStatus(path_, "look at", errno);
    if (static_cast<uint64_t>(stat.st_size) < size &&
        Uninterrupted(
            [&] { return ftruncate(fd_, static_cast<off_t>(size)); }) != 0) {
      return ErrnoStatus(path_, "resize", errno);
    }
    return absl::OkStatus();
  }

  absl::Status PunchHole(uint64_t offset, uint64_t size) override {
    const int result = Uninterrupted([&] {
      return fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                       static_cast<off_t>(offset), static_cast<off_t>(size));
    });
    if (result != 0) return ErrnoStatus(path_, "give space back", errno);
    return absl::OkStatus();
  }

  absl::StatusOr<FileInfo> Info() override {
    struct stat stat;
    if (fstat(fd_, &stat) != 0) return ErrnoStatus(path_, "look at", errno);
    return InfoOf(stat);
  }

  absl::Status Lock() override {
    if (Uninterrupted([&] { return flock(fd_, LOCK_EX | LOCK_NB); }) == 0) {
      return absl::OkStatus();
    }
    if (errno == EWOULDBLOCK) {
      return absl::FailedPreconditionError(
          absl::StrCat(path_, ": another process holds it"));
    }
    return ErrnoStatus(path_, "lock", errno);
  }

 private:
  const int fd_;
  const std::string path_;
};

int FlagsOf(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR;
    case OpenMode::kCreate:
      return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::kOpenOrCreate:
      return O_RDWR | O_CREAT;
    case OpenMode::kAppend:
      return O_RDWR | O_CREAT | O_APPEND;
  }
  return O_RDONLY;
}

class RealFileSystem : public FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path,
                                             OpenMode mode) override {
    // Without O_NONBLOCK, opening a named pipe would wait for its other end.
    const int fd = Uninterrupted([&] {
      return open(path.c_str(), FlagsOf(mode) | O_CLOEXEC | O_NONBLOCK, 0600);
    });
    if (fd < 0) {
      return ErrnoStatus(path, mode == OpenMode::kCreate ? "create" : "open",
                         errno);
    }
    return std::make_unique<PosixFile>(fd, path);
  }

  absl::StatusOr<FileInfo> Info(const std::string& path) override {
    struct stat info;
    if (stat(path.c_str(), &info) != 0) {
      return ErrnoStatus(path, "look at", errno);
    }
    return InfoOf(info);
  }

  absl::Status Replace(const std::string& from,
                       const std::string& to) override {
    if (rename(from.c_str(), to.c_str()) != 0) {
      return ErrnoStatus(to, "replace", errno);
    }
    return absl::OkStatus();
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(),
                  RENAME_NOREPLACE) == 0) {
      return absl::OkStatus();
    }
    // File systems without the flag say EINVAL. There the check comes first:
    // between two runs of the same operator it is as good.
    if (errno != EINVAL && errno != ENOSYS) {
      return ErrnoStatus(to, "create", errno);
    }
    struct stat info;
    if (lstat(to.c_str(), &info) == 0) {
      return ErrnoStatus(to, "create", EEXIST);
    }
    return Replace(from, to);
  }

  absl::Status Remove(const std::string& path) override {
    if (unlink(path.c_str()) != 0) return ErrnoStatus(path, "remove", errno);
    return absl::OkStatus();
  }

  absl::Status MakeFolder(const std::string& path) override {
    if (mkdir(path.c_str(), 0700) != 0) {
      return ErrnoStatus(path, "create", errno);
    }
    return absl::OkStatus();
  }

  absl::Status RemoveFolder(const std::string& path) override {
    if (rmdir(path.c_str()) != 0) return ErrnoStatus(path, "remove", errno);
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> List(
      const std::string& path) override {
    DIR* folder = opendir(path.c_str());
    if (folder == nullptr) return ErrnoStatus(path, "list", errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = readdir(folder)) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    const int error = errno;
    closedir(folder);
    if (error != 0) return ErrnoStatus(path, "list", error);
    std::sort(names.begin(), names.end());
    return names;
  }

  absl::Status SyncFolder(const std::string& path) override {
    const int fd = Uninterrupted(
        [&] { return open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (fd < 0) return ErrnoStatus(path, "open", errno);
    const int result = Uninterrupted([&] { return fsync(fd); });
    const int error = errno;
    close(fd);
    if (result != 0) return ErrnoStatus(path, "sync", error);
    return absl::OkStatus();
  }
};

}  // namespace

FileSystem* PosixFileSystem() {
  static RealFileSystem* const file_system = new RealFileSystem;
  return file_system;
}

}  // namespace service
