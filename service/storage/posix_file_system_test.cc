#include "service/storage/posix_file_system.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "skex/base/bytes.h"

namespace service {
namespace {

class PosixFileSystemTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/fsXXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }

  std::string Path(const std::string& name) { return folder_ + "/" + name; }

  std::unique_ptr<File> MustOpen(const std::string& name, OpenMode mode) {
    auto file = files_->Open(Path(name), mode);
    EXPECT_TRUE(file.ok()) << file.status();
    return file.ok() ? *std::move(file) : nullptr;
  }

  std::string folder_;
  FileSystem* files_ = PosixFileSystem();
};

TEST_F(PosixFileSystemTest, MakesFilesAndFoldersForTheOwnerOnly) {
  MustOpen("f", OpenMode::kCreate);
  ASSERT_TRUE(files_->MakeFolder(Path("d")).ok());
  EXPECT_EQ(files_->Info(Path("f"))->mode, 0600u);
  EXPECT_EQ(files_->Info(Path("d"))->mode, 0700u);
  EXPECT_EQ(files_->Info(Path("d"))->kind, FileInfo::Kind::kFolder);
  EXPECT_EQ(files_->Info(Path("f"))->owner, geteuid());
}

TEST_F(PosixFileSystemTest, ReadsWhatItWrote) {
  auto file = MustOpen("f", OpenMode::kCreate);
  ASSERT_TRUE(file->WriteAt(3, skex::AsBytes("abc")).ok());
  ASSERT_TRUE(file->Sync().ok());
  std::array<uint8_t, 4> bytes;
  ASSERT_TRUE(file->ReadAt(2, absl::MakeSpan(bytes)).ok());
  EXPECT_EQ(skex::AsText(bytes), absl::string_view("\0abc", 4));
  EXPECT_EQ(file->ReadAt(3, absl::MakeSpan(bytes)).code(),
            absl::StatusCode::kOutOfRange);
}

TEST_F(PosixFileSystemTest, SaysWhereAFileEndsThatIsTooShort) {
  auto file = MustOpen("f", OpenMode::kCreate);
  ASSERT_TRUE(file->WriteAt(0, skex::AsBytes(std::string(5000, 'x'))).ok());
  std::array<uint8_t, 5000> bytes;
  for (uint64_t offset : {1, 4999, 5000}) {
    const absl::Status status = file->ReadAt(offset, absl::MakeSpan(bytes));
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
    EXPECT_EQ(status.message(), Path("f") + ": ends at byte 5000");
  }
}

// The kernel gives no more than a page of this file at a time.
TEST_F(PosixFileSystemTest, ReadsOnAfterAShortRead) {
  const char path[] = "/proc/self/maps";
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  // Every other page can be read: a line for each.
  constexpr size_t kPages = 400;
  void* const pages = mmap(nullptr, kPages * page, PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  for (size_t i = 0; i < kPages; i += 2) {
    ASSERT_EQ(mprotect(static_cast<char*>(pages) + i * page, page, PROT_READ),
              0);
  }
  std::vector<uint8_t> bytes(3 * page);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t got = pread(fd, bytes.data(), bytes.size(), 0);
  close(fd);
  if (got <= 0 || static_cast<size_t>(got) == bytes.size()) {
    munmap(pages, kPages * page);
    GTEST_SKIP() << "this system does not read " << path << " by the page";
  }
  std::fill(bytes.begin(), bytes.end(), uint8_t{0});
  const absl::Status status =
      (*files_->Open(path, OpenMode::kRead))->ReadAt(0, absl::MakeSpan(bytes));
  munmap(pages, kPages * page);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(std::count(bytes.begin(), bytes.end(), uint8_t{0}), 0);
}

// Memory that is not there reads as a broken sector does, and behind a part
// that can be read: a short read first, then the error.
TEST_F(PosixFileSystemTest, ReportsAReadErrorAfterAShortRead) {
  const char path[] = "/proc/self/mem";
  auto file = files_->Open(path, OpenMode::kRead);
  if (!file.ok()) GTEST_SKIP() << file.status();
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  std::vector<uint8_t> bytes(2 * page);
  void* const pages = mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  memset(pages, 'x', 2 * page);
  ASSERT_EQ(munmap(static_cast<char*>(pages) + page, page), 0);
  const absl::Status status = (*file)->ReadAt(
      reinterpret_cast<uintptr_t>(pages), absl::MakeSpan(bytes));
  munmap(pages, page);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(),
            "/proc/self/mem: cannot read: Input/output error");
  EXPECT_EQ(bytes[page - 1], 'x');
  EXPECT_EQ(bytes[page], 0);
}

TEST_F(PosixFileSystemTest, NamesPathAndReason) {
  const absl::Status status =
      files_->Open(Path("none"), OpenMode::kRead).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(),
            Path("none") + ": cannot open: No such file or directory");
}

TEST_F(PosixFileSystemTest, CreatesOnlyNewFiles) {
  MustOpen("f", OpenMode::kCreate);
  EXPECT_EQ(files_->Open(Path("f"), OpenMode::kCreate).status().code(),
            absl::StatusCode::kAlreadyExists);
}

TEST_F(PosixFileSystemTest, AppendsBehindWhatOthersAppended) {
  auto one = MustOpen("f", OpenMode::kAppend);
  auto two = MustOpen("f", OpenMode::kAppend);
  ASSERT_TRUE(one->Append(skex::AsBytes("a\n")).ok());
  ASSERT_TRUE(two->Append(skex::AsBytes("b\n")).ok());
  ASSERT_TRUE(one->Append(skex::AsBytes("c\n")).ok());
  std::array<uint8_t, 6> bytes;
  ASSERT_TRUE(one->ReadAt(0, absl::MakeSpan(bytes)).ok());
  EXPECT_EQ(skex::AsText(bytes), "a\nb\nc\n");
}

TEST_F(PosixFileSystemTest, LocksAgainstEveryOtherOpenFile) {
  auto one = MustOpen("f", OpenMode::kCreate);
  auto two = MustOpen("f", OpenMode::kReadWrite);
  ASSERT_TRUE(one->Lock().ok());
  EXPECT_EQ(two->Lock().code(), absl::StatusCode::kFailedPrecondition);
  one.reset();
  EXPECT_TRUE(two->Lock().ok());
}

TEST_F(PosixFileSystemTest, RenamesOnlyToNewNames) {
  MustOpen("a", OpenMode::kCreate);
  MustOpen("b", OpenMode::kCreate);
  EXPECT_EQ(files_->Rename(Path("a"), Path("b")).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(files_->Rename(Path("a"), Path("c")).ok());
  EXPECT_TRUE(files_->Replace(Path("c"), Path("b")).ok());
  EXPECT_EQ(*files_->List(folder_), std::vector<std::string>{"b"});
}

TEST_F(PosixFileSystemTest, PunchesHoles) {
  auto file = MustOpen("f", OpenMode::kCreate);
  ASSERT_TRUE(file->WriteAt(0, skex::AsBytes(std::string(8192, 'x'))).ok());
  ASSERT_TRUE(file->Sync().ok());
  const absl::Status status = file->PunchHole(0, 4096);
  ASSERT_TRUE(status.ok() || absl::IsUnimplemented(status)) << status;
  std::array<uint8_t, 1> byte;
  ASSERT_TRUE(file->ReadAt(4095, absl::MakeSpan(byte)).ok());
  EXPECT_EQ(byte[0], status.ok() ? 0 : 'x');
  ASSERT_TRUE(file->ReadAt(4096, absl::MakeSpan(byte)).ok());
  EXPECT_EQ(byte[0], 'x');
  EXPECT_EQ(file->Info()->size, 8192u);
}

TEST_F(PosixFileSystemTest, ReservesSpace) {
  auto file = MustOpen("f", OpenMode::kCreate);
  ASSERT_TRUE(file->Allocate(100000).ok());
  EXPECT_EQ(file->Info()->size, 100000u);
}

TEST_F(PosixFileSystemTest, OpensNoPipeForEver) {
  ASSERT_EQ(mkfifo(Path("p").c_str(), 0600), 0);
  auto file = MustOpen("p", OpenMode::kRead);
  EXPECT_EQ(file->Info()->kind, FileInfo::Kind::kOther);
}

TEST_F(PosixFileSystemTest, SyncsFolders) {
  EXPECT_TRUE(files_->SyncFolder(folder_).ok());
  EXPECT_EQ(files_->SyncFolder(Path("none")).code(),
            absl::StatusCode::kNotFound);
}

// The limit on the size of files makes the kernel write a part first, then
// fail: a short write, as on a full disk.
TEST_F(PosixFileSystemTest, ReportsAFullDiskAfterAShortWrite) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 1000;
  auto old_handler = signal(SIGXFSZ, SIG_IGN);
  auto file = MustOpen("f", OpenMode::kCreate);
  auto log = MustOpen("log", OpenMode::kAppend);
  const std::string bytes(1500, 'x');
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &low), 0);
  const absl::Status written = file->WriteAt(0, skex::AsBytes(bytes));
  const absl::Status appended = log->Append(skex::AsBytes(bytes));
  const absl::Status reserved = file->Allocate(5000);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, old_handler);
  EXPECT_EQ(written.code(), absl::StatusCode::kResourceExhausted) << written;
  EXPECT_EQ(appended.code(), absl::StatusCode::kResourceExhausted) << appended;
  EXPECT_EQ(reserved.code(), absl::StatusCode::kResourceExhausted) << reserved;
  EXPECT_EQ(file->Info()->size, 1000u);
}

TEST(PathTest, SplitsAPath) {
  EXPECT_EQ(FolderOf("a/b/c"), "a/b");
  EXPECT_EQ(FolderOf("c"), ".");
  EXPECT_EQ(FolderOf("/c"), "/");
  EXPECT_EQ(BaseName("a/b/c"), "c");
  EXPECT_EQ(BaseName("c"), "c");
}

}  // namespace
}  // namespace service
