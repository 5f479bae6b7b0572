// What the simulated disk may keep, lose and tear: less would hide bugs of the storage, more would invent
// some.
#include "sim/sim_disk.h"

#include "sim/sim_executor.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace kontiki::sim {
namespace {

using env::DiskError;
using env::OpenMode;

class SimDiskTest : public testing::Test {
 protected:
  static void write(env::File& file, std::uint64_t at, const std::string& text) {
    const Slice slice = Slice::copy_of(text);
    ASSERT_TRUE(file.write(at, std::span(&slice, 1)));
  }
  std::unique_ptr<env::File> create(const std::string& path) { return *disk_.open(path, OpenMode::kCreate); }
  // A file whose name and content are durable.
  void durable(const std::string& path, const std::string& text) {
    auto file = create(path);
    write(*file, 0, text);
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(disk_.sync_dir(DiskImage::parent(path)));
  }
  // The content of `path` after each of many power losses of this moment; "(none)" where there is no such
  // file.
  std::set<std::string> outcomes(const std::string& path, int tries = 3000) {
    std::set<std::string> all;
    for (int seed = 0; seed < tries; ++seed) {
      auto twin = disk_.clone(static_cast<std::uint64_t>(seed));
      twin->power_loss();
      const auto bytes = twin->contents(path);
      all.insert(bytes ? std::string(bytes->text()) : "(none)");
    }
    return all;
  }

  Scheduler scheduler_{1};
  SimExecutor executor_{scheduler_};
  SimDisk disk_{scheduler_, 1};
};

TEST_F(SimDiskTest, WhatIsWrittenIsReadBackAtOnceInPiecesAndPastHoles) {
  auto file = create("f");
  const Slice pieces[] = {Slice::copy_of("abc"), Slice(), Slice::copy_of("defg")};
  ASSERT_TRUE(file->write(2, pieces));
  std::byte buffer[32];
  EXPECT_EQ(*file->read(0, buffer), 9u);
  EXPECT_EQ(as_text(Bytes(buffer, 9)), std::string("\0\0abcdefg", 9));
  EXPECT_EQ(*file->read(9, buffer), 0u);
  EXPECT_EQ(*file->size(), 9u);
  ASSERT_TRUE(file->truncate(4));
  ASSERT_TRUE(file->truncate(6));
  EXPECT_EQ(disk_.contents("f")->text(), std::string("\0\0ab\0\0", 6));
}

TEST_F(SimDiskTest, LargeFilesAcrossPagesReadBackExactly) {
  auto file = create("f");
  std::string expected;
  for (int i = 0; expected.size() < 50'000; ++i) expected += std::to_string(i) + ",";
  write(*file, 0, expected);
  write(*file, 4090, "0123456789ABCDEF");
  expected.replace(4090, 16, "0123456789ABCDEF");
  EXPECT_EQ(disk_.contents("f")->text(), expected);
}

TEST_F(SimDiskTest, OfWhatIsPartlyColdTheFirstPagesAreRead) {
  SimExecutor executor(scheduler_);
  auto file = create("f");
  const Slice text = Slice::copy_of(std::string(100'000, 'x'));
  ASSERT_TRUE(file->write(0, std::span(&text, 1)));
  disk_.set_cold(1, 10);
  std::string got(90'000, '\0');
  std::set<std::size_t> lengths;
  for (int i = 0; i < 100; ++i) {
    file->cache_async(0, 50'000, executor, [] {});
    scheduler_.run_until_idle();
    const auto n = file->read_cached(100, std::as_writable_bytes(std::span(got)));
    if (n) lengths.insert(*n);
  }
  EXPECT_GT(lengths.size(), 5u);
  EXPECT_LT(*lengths.begin(), 50'000u) << "pages are never taken away";
  EXPECT_GT(*lengths.rbegin(), 50'000u) << "what was not loaded is never in memory";
}

TEST_F(SimDiskTest, WhatIsColdIsRefusedAndALoadAnswersLater) {
  SimExecutor executor(scheduler_);
  auto file = create("f");
  const Slice text = Slice::copy_of(std::string_view("abc"));
  ASSERT_TRUE(file->write(0, std::span(&text, 1)));
  std::byte got[3];
  EXPECT_EQ(*file->read_cached(0, got), 3u) << "nothing is cold unless it is asked for";
  disk_.set_cold(1, 1);
  EXPECT_EQ(file->read_cached(0, got).error(), DiskError::kNotCached);
  EXPECT_EQ(*file->read(0, got), 3u) << "who waits may read";
  bool done = false;
  file->cache_async(0, 3, executor, [&] { done = true; });
  EXPECT_FALSE(done);
  disk_.hold_syncs();
  scheduler_.run_until_idle();
  EXPECT_FALSE(done) << "a stalled device";
  disk_.release_syncs();
  scheduler_.run_until_idle();
  EXPECT_TRUE(done);
  EXPECT_EQ(file->read_cached(0, got).error(), DiskError::kNotCached) << "it was taken away again";
  EXPECT_EQ(disk_.counters().reads_refused, 2u);
  EXPECT_EQ(disk_.counters().loads, 1u);
  file->cache_async(0, 3, executor, [&] { FAIL() << "of a process that is gone"; });
  disk_.crash_process();
  scheduler_.run_until_idle();
}

TEST_F(SimDiskTest, SyncedBytesUnderASyncedNameSurviveEveryPowerLoss) {
  durable("f", "kept for ever");
  EXPECT_EQ(outcomes("f"), std::set<std::string>{"kept for ever"});
}

TEST_F(SimDiskTest, AnUnsyncedWriteIsKeptLostTornOrZeros) {
  durable("f", "12");
  auto file = *disk_.open("f", OpenMode::kWrite);
  write(*file, 2, "abc");
  const auto seen = outcomes("f");
  for (std::string_view outcome : {"12", "12a", "12ab", "12abc"})
    EXPECT_TRUE(seen.contains(std::string(outcome))) << outcome;
  EXPECT_TRUE(seen.contains(std::string("12\0\0\0", 5)));
  EXPECT_TRUE(seen.contains(std::string("12a\0\0", 5)));
  for (const auto& outcome : seen) EXPECT_TRUE(outcome.starts_with("12")) << "synced bytes were lost";
}

TEST_F(SimDiskTest, UnsyncedWritesAreLostIndependentlyOfEachOther) {
  durable("f", "......");
  auto file = *disk_.open("f", OpenMode::kWrite);
  write(*file, 0, "a");
  write(*file, 2, "b");
  write(*file, 4, "c");
  const auto seen = outcomes("f");
  for (const char* outcome : {"......", "a.....", "..b...", "....c.", "a.b...", "a...c.", "..b.c.", "a.b.c."})
    EXPECT_TRUE(seen.contains(outcome)) << outcome;
  EXPECT_EQ(seen.size(), 8u);
}

TEST_F(SimDiskTest, ALargeWriteMayLoseItsFirstSectorAndKeepItsLast) {
  durable("f", std::string(1024, '.'));
  auto file = *disk_.open("f", OpenMode::kWrite);
  write(*file, 0, std::string(1024, 'x'));
  EXPECT_TRUE(outcomes("f").contains(std::string(512, '.') + std::string(512, 'x')));
}

TEST_F(SimDiskTest, AnUnsyncedTruncationIsKeptOrLost) {
  durable("f", "abcdef");
  auto file = *disk_.open("f", OpenMode::kWrite);
  ASSERT_TRUE(file->truncate(2));
  EXPECT_EQ(outcomes("f"), (std::set<std::string>{"ab", "abcdef"}));
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(outcomes("f"), std::set<std::string>{"ab"});
}

TEST_F(SimDiskTest, ASyncCoversTheBytesButNotTheName) {
  auto file = create("f");
  write(*file, 0, "abc");
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(outcomes("f"), (std::set<std::string>{"(none)", "abc"}));
  ASSERT_TRUE(disk_.sync_dir("."));
  EXPECT_EQ(outcomes("f"), std::set<std::string>{"abc"});
}

TEST_F(SimDiskTest, AnUnsyncedRenameIsAtomic) {
  durable("old", "1");
  durable("target", "2");
  ASSERT_TRUE(disk_.rename("old", "target"));
  EXPECT_EQ(outcomes("target"), (std::set<std::string>{"1", "2"}));
  for (int seed = 0; seed < 200; ++seed) {
    auto twin = disk_.clone(static_cast<std::uint64_t>(seed));
    twin->power_loss();
    EXPECT_EQ(twin->exists("old"), twin->contents("target")->text() == "2");
  }
  ASSERT_TRUE(disk_.sync_dir("."));
  EXPECT_EQ(outcomes("target"), std::set<std::string>{"1"});
  EXPECT_EQ(outcomes("old"), std::set<std::string>{"(none)"});
}

TEST_F(SimDiskTest, RenamingAFileThatWasNotSyncedMayLeaveItEmptyUnderItsNewName) {
  durable("f", "old");
  auto file = create("f.new");
  write(*file, 0, "new");
  ASSERT_TRUE(disk_.rename("f.new", "f"));
  ASSERT_TRUE(disk_.sync_dir("."));
  const auto seen = outcomes("f");
  EXPECT_TRUE(seen.contains(""));
  EXPECT_TRUE(seen.contains("new"));
  EXPECT_FALSE(seen.contains("old"));
}

TEST_F(SimDiskTest, ARemovedFileMayComeBackUntilItsFolderIsSynced) {
  ASSERT_TRUE(disk_.make_dirs("d/e"));
  durable("d/e/f", "abc");
  ASSERT_TRUE(disk_.remove("d/e/f"));
  EXPECT_FALSE(disk_.exists("d/e/f"));
  EXPECT_EQ(outcomes("d/e/f"), (std::set<std::string>{"(none)", "abc"}));
  ASSERT_TRUE(disk_.sync_dir("d/e"));
  EXPECT_EQ(outcomes("d/e/f"), std::set<std::string>{"(none)"});
}

TEST_F(SimDiskTest, RemoveAllTakesTheWholeTreeAndNothingElse) {
  ASSERT_TRUE(disk_.make_dirs("d/e"));
  durable("d/e/f", "1");
  durable("d/g", "2");
  ASSERT_TRUE(disk_.make_dirs("de"));
  durable("de/f", "3");
  ASSERT_TRUE(disk_.remove_all("d"));
  ASSERT_TRUE(disk_.remove_all("d"));
  EXPECT_EQ(disk_.files(), std::vector<std::string>{"de/f"});
  EXPECT_EQ(*disk_.list("."), std::vector<std::string>{"de"});
  EXPECT_EQ(disk_.list("d").error(), DiskError::kNotFound);
  EXPECT_EQ(outcomes("d/e/f"), (std::set<std::string>{"(none)", "1"}));
}

TEST_F(SimDiskTest, AProcessCrashLosesNothingButALaterPowerLossMay) {
  durable("f", "1");
  {
    auto file = *disk_.open("f", OpenMode::kWrite);
    write(*file, 1, "2");
    disk_.crash_process();
    std::byte byte;
    EXPECT_EQ(file->read(0, std::span(&byte, 1)).error(), DiskError::kIo);
  }
  EXPECT_EQ(disk_.contents("f")->text(), "12");
  EXPECT_TRUE(outcomes("f").contains("1"));
}

TEST_F(SimDiskTest, SyncAsyncCoversWhatWasWrittenBeforeItAndAnswersLater) {
  durable("f", "");
  auto file = *disk_.open("f", OpenMode::kWrite);
  write(*file, 0, "a");
  int answers = 0;
  file->sync_async(executor_, [&](auto result) { answers += result.has_value(); });
  write(*file, 1, "b");
  EXPECT_TRUE(outcomes("f").contains("")) << "nothing is durable before the answer";
  EXPECT_EQ(answers, 0);
  EXPECT_TRUE(scheduler_.run_until_idle());
  EXPECT_EQ(answers, 1);
  EXPECT_EQ(outcomes("f"), (std::set<std::string>{"a", "ab", std::string("a\0", 2)}));
}

TEST_F(SimDiskTest, HeldSyncsAnswerWhenReleased) {
  auto file = create("f");
  int answers = 0;
  disk_.hold_syncs();
  file->sync_async(executor_, [&](auto) { ++answers; });
  scheduler_.run_for(10'000'000);
  EXPECT_EQ(answers, 0);
  disk_.release_syncs();
  EXPECT_TRUE(scheduler_.run_until_idle());
  EXPECT_EQ(answers, 1);
}

TEST_F(SimDiskTest, ASyncThatThePowerLossOvertookNeverAnswers) {
  auto file = create("f");
  file->sync_async(executor_, [](auto) { FAIL(); });
  disk_.power_loss();
  EXPECT_TRUE(scheduler_.run_until_idle());
}

TEST_F(SimDiskTest, AfterAFailedSyncNoLaterSyncMakesThoseBytesDurable) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimDisk disk(scheduler_, seed);
    auto file = *disk.open("f", OpenMode::kCreate);
    ASSERT_TRUE(disk.sync_dir("."));
    write(*file, 0, "1");
    ASSERT_TRUE(file->sync());
    write(*file, 1, "2");
    disk.fail_nth(DiskOp::kSync, 1, DiskError::kIo);
    EXPECT_EQ(file->sync().error(), DiskError::kIo);
    EXPECT_TRUE(file->sync());
    EXPECT_EQ(disk.contents("f")->text(), "12") << "it is still there to be read";
    disk.power_loss();
    outcomes.insert(std::string(disk.contents("f")->text()));
  }
  EXPECT_TRUE(outcomes.contains("1"));
  EXPECT_TRUE(outcomes.contains("12")) << "the disk may have written it and failed afterwards";
}

TEST_F(SimDiskTest, WhatAFailedSyncLeftBehindNeverReplacesALaterSyncedWrite) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimDisk disk(scheduler_, seed);
    auto file = *disk.open("f", OpenMode::kCreate);
    ASSERT_TRUE(disk.sync_dir("."));
    write(*file, 0, "old");
    disk.fail_nth(DiskOp::kSync, 1, DiskError::kIo);
    EXPECT_EQ(file->sync().error(), DiskError::kIo);
    write(*file, 0, "new");
    ASSERT_TRUE(file->sync());
    disk.power_loss();
    EXPECT_EQ(disk.contents("f")->text(), "new");
  }
}

TEST_F(SimDiskTest, TheNthOperationFailsOnceAndOnlyOnThatPath) {
  auto file = create("f"), other = create("g");
  disk_.fail_nth(DiskOp::kWrite, 2, DiskError::kIo, "f");
  const Slice x = Slice::copy_of("x");
  EXPECT_TRUE(file->write(0, std::span(&x, 1)));
  EXPECT_TRUE(other->write(0, std::span(&x, 1)));
  EXPECT_EQ(file->write(1, std::span(&x, 1)).error(), DiskError::kIo);
  EXPECT_TRUE(file->write(1, std::span(&x, 1)));
  disk_.fail_nth(DiskOp::kOpen, 1, DiskError::kDenied);
  EXPECT_EQ(disk_.open("f", OpenMode::kRead).error(), DiskError::kDenied);
  EXPECT_TRUE(disk_.open("f", OpenMode::kRead));
}

TEST_F(SimDiskTest, AFullDiskRefusesGrowthButNotOverwritingAndRecoversBySpace) {
  disk_.set_capacity(10);
  auto file = create("f");
  write(*file, 0, "0123456789");
  const Slice x = Slice::copy_of("xy");
  EXPECT_EQ(file->write(9, std::span(&x, 1)).error(), DiskError::kNoSpace);
  EXPECT_TRUE(file->write(3, std::span(&x, 1)));
  EXPECT_EQ(file->truncate(11).error(), DiskError::kNoSpace);
  ASSERT_TRUE(file->truncate(4));
  EXPECT_TRUE(file->write(4, std::span(&x, 1)));
}

TEST_F(SimDiskTest, DamageIsSeenNowAndAfterACrash) {
  durable("f", "abc");
  EXPECT_TRUE(disk_.flip_bit("f", 1, 0));
  EXPECT_FALSE(disk_.flip_bit("f", 3, 0));
  EXPECT_EQ(disk_.contents("f")->text(), "acc");
  EXPECT_EQ(outcomes("f"), std::set<std::string>{"acc"});
  EXPECT_TRUE(disk_.truncate_file("f", 1));
  EXPECT_EQ(outcomes("f"), std::set<std::string>{"a"});
}

TEST_F(SimDiskTest, TheErrorsAreThoseOfARealFileSystem) {
  EXPECT_EQ(disk_.open("f", OpenMode::kWrite).error(), DiskError::kNotFound);
  EXPECT_EQ(disk_.open("no/f", OpenMode::kCreate).error(), DiskError::kNotFound);
  EXPECT_EQ(disk_.remove("f").error(), DiskError::kNotFound);
  EXPECT_EQ(disk_.rename("f", "g").error(), DiskError::kNotFound);
  EXPECT_EQ(disk_.list("no").error(), DiskError::kNotFound);
  EXPECT_EQ(disk_.sync_dir("no").error(), DiskError::kNotFound);
  create("f");
  EXPECT_EQ(disk_.make_dirs("f/d").error(), DiskError::kExists);
  auto file = *disk_.open("./f", OpenMode::kRead);
  const Slice x = Slice::copy_of("x");
  EXPECT_EQ(file->write(0, std::span(&x, 1)).error(), DiskError::kDenied);
  ASSERT_TRUE(disk_.make_dirs("/a//b/"));
  EXPECT_EQ(*disk_.list("/"), std::vector<std::string>{"a"});
  EXPECT_EQ(*disk_.list("/a"), std::vector<std::string>{"b"});
}

TEST_F(SimDiskTest, AFolderRenamedTakesItsFilesAlong) {
  ASSERT_TRUE(disk_.make_dirs("a/b"));
  durable("a/b/f", "1");
  ASSERT_TRUE(disk_.rename("a", "c"));
  EXPECT_EQ(disk_.files(), std::vector<std::string>{"c/b/f"});
  EXPECT_EQ(outcomes("c/b/f"), (std::set<std::string>{"(none)", "1"}));
  ASSERT_TRUE(disk_.sync_dir("."));
  EXPECT_EQ(outcomes("c/b/f"), std::set<std::string>{"1"});
}

TEST_F(SimDiskTest, CountersShowSyncsBytesAndOpenFiles) {
  auto a = create("a");
  auto b = create("b");
  b.reset();
  write(*a, 0, "abc");
  ASSERT_TRUE(a->sync());
  EXPECT_EQ(disk_.counters().files_open, 1u);
  EXPECT_EQ(disk_.counters().files_open_max, 2u);
  EXPECT_EQ(disk_.counters().bytes_written, 3u);
  EXPECT_EQ(disk_.counters().syncs, 1u);
}

}  // namespace
}  // namespace kontiki::sim
