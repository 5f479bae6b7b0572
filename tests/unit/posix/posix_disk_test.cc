// The promises of env/disk.h on a real file system, and the lock of the data folder.
#include "posix/posix_disk.h"

#include "posix/data_folder.h"
#include "posix/page_cache.h"
#include "unit/posix/loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <linux/magic.h>
#include <string>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kontiki::posix {
namespace {

using env::DiskError;
using env::OpenMode;

class PosixDiskTest : public testing::Test {
 protected:
  PosixDiskTest() {
    char name[] = "/tmp/kontiki-disk-XXXXXX";
    dir_ = ::mkdtemp(name);
  }
  ~PosixDiskTest() override { std::filesystem::remove_all(dir_); }
  std::string path(const std::string& name) const { return dir_ + "/" + name; }
  static std::string all_of(env::File& file) {
    std::string text(static_cast<std::size_t>(*file.size()), '\0');
    EXPECT_EQ(*file.read(0, std::as_writable_bytes(std::span(text))), text.size());
    return text;
  }

  std::string dir_;
  PosixDisk disk_;
};

TEST_F(PosixDiskTest, WritesManyPiecesAnywhereAndReadsThemBack) {
  auto file = *disk_.open(path("f"), OpenMode::kCreate);
  std::vector<Slice> pieces;
  std::string expected(5, '\0');
  for (int i = 0; i < 1500; ++i) {  // more than one call takes
    const std::string piece =
        i % 7 == 0 ? "" : std::string(static_cast<std::size_t>(i % 97), static_cast<char>('a' + i % 26));
    pieces.push_back(Slice::copy_of(piece));
    expected += piece;
  }
  ASSERT_TRUE(file->write(5, pieces));
  EXPECT_EQ(all_of(*file), expected);
  ASSERT_TRUE(file->write(0, {}));
  std::byte buffer[16];
  EXPECT_EQ(*file->read(expected.size() - 3, buffer), 3u);
  EXPECT_EQ(*file->read(expected.size() + 3, buffer), 0u);
  ASSERT_TRUE(file->truncate(7));
  EXPECT_EQ(*file->size(), 7u);
  EXPECT_TRUE(file->sync());
}

TEST_F(PosixDiskTest, SyncAsyncAnswersOnItsExecutorAlsoWhenTheFileIsClosed) {
  Loop loop;
  auto file = *disk_.open(path("f"), OpenMode::kCreate);
  const Slice x = Slice::copy_of("x");
  ASSERT_TRUE(file->write(0, std::span(&x, 1)));
  const auto loop_thread = loop.run([] { return std::this_thread::get_id(); });
  Awaited<bool> done;
  file->sync_async(loop.executor(), [&](auto result) {
    done.set(result.has_value() && std::this_thread::get_id() == loop_thread);
  });
  file.reset();
  EXPECT_EQ(done.wait(), true);
}

TEST_F(PosixDiskTest, WhatOnlyTheDeviceHasIsReadOnceItIsLoaded) {
  Loop loop;
  std::string text(1u << 20, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 31 + (i >> 8));
  const Slice bytes = Slice::copy_of(text);
  auto file = *disk_.open(path("f"), OpenMode::kCreate);
  ASSERT_TRUE(file->write(0, std::span(&bytes, 1)));
  ASSERT_TRUE(file->sync());
  file->drop_cache();
  std::string got(text.size() - 10, '\0');
  const auto into = std::as_writable_bytes(std::span(got));
  const auto cold = file->read_cached(10, into);
  EXPECT_TRUE(cold || cold.error() == DiskError::kNotCached);  // a file system in memory has it still
  const auto loop_thread = loop.run([] { return std::this_thread::get_id(); });
  Awaited<bool> done;
  file->cache_async(10, got.size(), loop.executor(),
                    [&] { done.set(std::this_thread::get_id() == loop_thread); });
  ASSERT_EQ(done.wait(), true);
  const auto warm = file->read_cached(10, into);
  ASSERT_TRUE(warm.has_value()) << env::to_string(warm.error());
  EXPECT_EQ(*warm, got.size());
  EXPECT_EQ(got, text.substr(10));
  EXPECT_EQ(*file->read_cached(text.size() - 3, into), 3u) << "as read does at the end";
}

std::size_t resident_pages(int file, std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file, 0);
  std::vector<unsigned char> pages(bytes / static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)));
  EXPECT_EQ(::mincore(memory, bytes, pages.data()), 0);
  ::munmap(memory, bytes);
  return static_cast<std::size_t>(
      std::ranges::count_if(pages, [](unsigned char page) { return (page & 1) != 0; }));
}

bool is_in_memory(int file) {
  struct statfs system{};
  EXPECT_EQ(::fstatfs(file, &system), 0);
  return system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC;
}

bool has_cachestat() {
  errno = 0;
  ::syscall(451, -1, nullptr, nullptr, 0u);
  return errno != ENOSYS && errno != EPERM;
}

TEST_F(PosixDiskTest, AReadThatDoesNotWaitTakesWhatIsThereAndStartsNoOther) {
  constexpr std::size_t kFileBytes = 1u << 20, kLoadedBytes = 100'000;
  const Slice bytes = Slice::copy_of(std::string(kFileBytes, 'x'));
  auto file = *disk_.open(path("f"), OpenMode::kCreate);
  ASSERT_TRUE(file->write(0, std::span(&bytes, 1)));
  ASSERT_TRUE(file->sync());
  file->drop_cache();
  const int same = ::open(path("f").c_str(), O_RDONLY | O_CLOEXEC);
  std::vector<std::byte> into(kFileBytes);
  // What cached_prefix asks, asked in another way: nothing is in memory, unless the file system is.
  ASSERT_TRUE(resident_pages(same, kFileBytes) == 0 || is_in_memory(same)) << "the file was not dropped";
  if (is_in_memory(same) || !has_cachestat()) {  // then all is read, as before Linux 6.5
    EXPECT_EQ(cached_prefix(same, 0, kFileBytes), kFileBytes);
    EXPECT_EQ(file->read_cached(0, into).value_or(kFileBytes), kFileBytes);
    ::close(same);
    return;
  }
  EXPECT_EQ(cached_prefix(same, 0, kFileBytes), 0u);
  EXPECT_EQ(file->read_cached(0, into).error(), DiskError::kNotCached);
  Loop loop;
  Awaited<bool> done;
  file->cache_async(0, kLoadedBytes, loop.executor(), [&] { done.set(true); });
  ASSERT_TRUE(done.wait());
  const auto got = file->read_cached(10, into);
  ASSERT_TRUE(got.has_value());
  EXPECT_GE(*got, kLoadedBytes - 10);
  EXPECT_LT(*got, kLoadedBytes + (64u << 10)) << "a page";
  EXPECT_EQ(cached_prefix(same, 10, kFileBytes), *got) << "more has come by itself";
  EXPECT_EQ(cached_prefix(same, kFileBytes / 2, 1), 0u);
  ::close(same);
}

TEST_F(PosixDiskTest, NamesAreMadeListedRenamedAndRemoved) {
  ASSERT_TRUE(disk_.make_dirs(path("a/b/c/")));
  ASSERT_TRUE(disk_.make_dirs(path("a/b/c")));
  for (const char* name : {"a/z", "a/y"}) ASSERT_TRUE(disk_.open(path(name), OpenMode::kCreate));
  EXPECT_EQ(*disk_.list(path("a")), (std::vector<std::string>{"b", "y", "z"}));
  ASSERT_TRUE(disk_.rename(path("a/z"), path("a/y")));
  ASSERT_TRUE(disk_.sync_dir(path("a")));
  EXPECT_EQ(*disk_.list(path("a")), (std::vector<std::string>{"b", "y"}));
  ASSERT_TRUE(disk_.remove(path("a/y")));
  ASSERT_TRUE(disk_.remove_all(path("a")));
  ASSERT_TRUE(disk_.remove_all(path("a")));
  EXPECT_TRUE(disk_.list(dir_)->empty());
}

TEST_F(PosixDiskTest, ErrorsSayTheirKind) {
  EXPECT_EQ(disk_.open(path("f"), OpenMode::kRead).error(), DiskError::kNotFound);
  EXPECT_EQ(disk_.open(path("f"), OpenMode::kWrite).error(), DiskError::kNotFound);
  EXPECT_EQ(disk_.open(path("no/f"), OpenMode::kCreate).error(), DiskError::kNotFound);
  EXPECT_EQ(disk_.remove(path("f")).error(), DiskError::kNotFound);
  EXPECT_EQ(disk_.rename(path("f"), path("g")).error(), DiskError::kNotFound);
  EXPECT_EQ(disk_.list(path("no")).error(), DiskError::kNotFound);
  EXPECT_EQ(disk_.sync_dir(path("no")).error(), DiskError::kNotFound);
  ASSERT_TRUE(disk_.open(path("f"), OpenMode::kCreate));
  EXPECT_EQ(disk_.make_dirs(path("f")).error(), DiskError::kExists);
  EXPECT_EQ(disk_.make_dirs(path("f/d")).error(), DiskError::kExists);
  auto reader = *disk_.open(path("f"), OpenMode::kRead);
  const Slice x = Slice::copy_of("x");
  EXPECT_EQ(reader->write(0, std::span(&x, 1)).error(), DiskError::kDenied);
  EXPECT_EQ(reader->truncate(1).error(), DiskError::kDenied);
  EXPECT_EQ(disk_error_of(ENOSPC), DiskError::kNoSpace);
  EXPECT_EQ(disk_error_of(EDQUOT), DiskError::kNoSpace);
  EXPECT_EQ(disk_error_of(EROFS), DiskError::kDenied);
  EXPECT_EQ(disk_error_of(EIO), DiskError::kIo);
}

TEST_F(PosixDiskTest, AFullDeviceIsNoSpace) {
  auto full = disk_.open("/dev/full", OpenMode::kWrite);
  if (!full) GTEST_SKIP() << "no /dev/full here";
  const Slice x = Slice::copy_of("x");
  EXPECT_EQ((*full)->write(0, std::span(&x, 1)).error(), DiskError::kNoSpace);
}

TEST_F(PosixDiskTest, TheDataFolderBelongsToOneOwnerAtATime) {
  const std::string data = path("deep/data");
  {
    auto first = DataFolder::open(data);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->path(), data);
    auto second = DataFolder::open(data);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().reason, Reason::kDataOwned);
    EXPECT_NE(second.error().message.find("process " + std::to_string(::getpid())), std::string::npos)
        << second.error().message;
  }
  EXPECT_TRUE(DataFolder::open(data));
}

TEST_F(PosixDiskTest, AnOwnerInAnotherProcessIsNamedAndItsDeathFreesTheFolder) {
  const std::string lock = path("lock");
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {  // only calls that are safe after fork()
    const int file = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    const bool ok = file >= 0 && ::write(file, "424242\n", 7) == 7 && ::flock(file, LOCK_EX) == 0;
    if (!ok || ::write(ready[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  auto refused = DataFolder::open(dir_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::kDataOwned);
  EXPECT_NE(refused.error().message.find("process 424242"), std::string::npos) << refused.error().message;
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(DataFolder::open(dir_));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(PosixDiskTest, ADataFolderThatCannotBeMadeSaysWhatToDo) {
  std::ofstream(path("file")) << "x";
  auto refused = DataFolder::open(path("file/data"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::kDataNotWritable);
  EXPECT_NE(refused.error().message.find(path("file/data")), std::string::npos);
  EXPECT_EQ(DataFolder::open("/proc/kontiki").error().reason, Reason::kDataNotWritable);
}

}  // namespace
}  // namespace kontiki::posix
