"""Tests of the checkers themselves: each rule sees the tree that breaks it, and leaves alone the one that does not."""
import tempfile
import unittest
from pathlib import Path

import check_layers
import tidy

LAYERS = """base:
model: base
raft: base model
storage: base model
multiraft: base model raft storage
broker: base raft storage multiraft
only multiraft: raft storage
external boost: base
"""


class TreeTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        self.addCleanup(self.folder.cleanup)

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, newline="")

    def expect(self, problems, *starts):
        """Exactly one problem for each start, in order."""
        self.assertEqual(len(problems), len(starts), problems)
        for problem, start in zip(problems, starts):
            self.assertTrue(problem.startswith(start), f"{problem!r} does not start with {start!r}")


class LayersTest(TreeTest):
    def setUp(self):
        super().setUp()
        self.write("tools/layers.txt", LAYERS)

    def check(self, *starts):
        self.expect(check_layers.check(self.root), *starts)

    def test_allowed_includes_pass(self):
        self.write("src/raft/core.h", '#include "raft/log.h"\n#include "model/entry.h"\n#include <vector>\n')
        self.write("src/multiraft/loop.cc", '#include "raft/core.h"\n#include "storage/wal.h"\n')
        self.check()

    def test_forbidden_module(self):
        self.write("src/raft/core.cc", '\n  #  include "storage/wal.h"\n')
        self.check("src/raft/core.cc:2: raft includes storage/wal.h")

    def test_angle_brackets_do_not_hide_a_module(self):
        self.write("src/storage/wal.h", "")
        self.write("src/raft/core.cc", "#include <storage/wal.h>\n")
        self.check("src/raft/core.cc:1: raft includes storage/wal.h")

    def test_nested_folders_are_read(self):
        self.write("src/base/deep/down.h", '#include "model/entry.h"\n')
        self.check("src/base/deep/down.h:1: base includes model/entry.h")

    def test_quoted_path_that_is_no_module(self):
        self.write("src/raft/core.cc", '#include "core.h"\n#include "../storage/wal.h"\n')
        self.check('src/raft/core.cc:1: "core.h"', 'src/raft/core.cc:2: "../storage/wal.h"')

    def test_external_library(self):
        self.write("src/base/a.cc", "#include <boost/asio.hpp>\n")
        self.write("src/raft/core.cc", "#include <boost/asio.hpp>\n")
        self.check("src/raft/core.cc:1: raft includes <boost/asio.hpp>")

    def test_only_one_module_joins_raft_and_storage(self):
        self.write("src/broker/a.cc", '#include "raft/core.h"\n')
        self.check()
        self.write("src/broker/b.cc", '#include "storage/wal.h"\n')
        self.check("src/broker/b.cc:1: broker uses raft and storage together")

    def test_module_without_a_line(self):
        self.write("src/surprise/a.h", "")
        self.check("src/surprise: has no line")

    def test_cycle_cannot_be_written(self):
        self.write("tools/layers.txt", "base: model\nmodel: base\n")
        self.check("tools/layers.txt:1: 'model' is not a module defined above")

    def test_unreadable_line(self):
        self.write("tools/layers.txt", "base\n")
        self.check("tools/layers.txt:1: cannot read 'base'")

    def test_our_own_graph_is_well_formed(self):
        layers = check_layers.Layers(Path(check_layers.__file__).parent / "layers.txt")
        self.assertEqual(layers.problems, [])
        self.assertIn("raft", layers.may)


class TidyTest(TreeTest):
    def check(self, path, text, *starts):
        self.write(path, text)
        self.expect(tidy.check(self.root), *starts)

    def test_clean_files_pass(self):
        self.write("src/raft/core.h", "// The core. std::mutex, time(0) and throw are fine in a comment.\n#pragma once\n")
        self.write("src/raft/timer.cc", 'auto a = "std::thread"; int n = 1\'000\'000; f.time(0); uptime(0);\n')
        self.write("src/raft/raw.cc", 'auto a = R"(throw\nassert(x))";\nstatic_assert(true);\n')
        self.write("src/posix/loop.cc", "std::mutex m; auto t = std::chrono::steady_clock::now();\n")
        self.write("Makefile", "run:\n\techo\n")
        self.expect(tidy.check(self.root))

    def test_thread(self):
        self.check("src/raft/a.cc", "\nstd::mutex m;\nstd::atomic<int> a;\n", "src/raft/a.cc:2: thread (std::mutex)",
                   "src/raft/a.cc:3: thread (std::atomic)")

    def test_coroutine(self):
        self.check("src/broker/a.cc", "co_await f();\n", "src/broker/a.cc:1: thread (co_await)")

    def test_threads_are_fine_in_tests(self):
        self.check("tests/unit/posix/a.cc", "std::thread t;\n")

    def test_clock(self):
        self.check("tests/unit/raft/a.cc",
                   "std::chrono::system_clock::now();\nstd::random_device d;\ntime(nullptr);\nstd::time(0);\nrand();\n",
                   *(f"tests/unit/raft/a.cc:{line}: clock" for line in range(1, 6)))

    def test_sleep(self):
        self.check("tests/unit/raft/a.cc", "std::this_thread::sleep_for(1s);\nusleep(3);\nsleep(1);\n",
                   *(f"tests/unit/raft/a.cc:{line}: sleep" for line in range(1, 4)))

    def test_throw(self):
        self.check("src/raft/a.cc", "throw 3;\n", "src/raft/a.cc:1: throw")

    def test_assert(self):
        self.check("src/raft/a.cc", "#include <cassert>\nassert(x);\n", "src/raft/a.cc:1: assert",
                   "src/raft/a.cc:2: assert")

    def test_using_namespace_in_a_header(self):
        self.check("src/raft/a.h", "// A.\n#pragma once\nusing namespace std;\n", "src/raft/a.h:3: namespace")

    def test_marker_also_in_comments_and_docs(self):
        word = "TO" + "DO"
        self.write("docs/a.md", f"{word}: write\n")
        self.check("src/raft/a.cc", f"// {word}\n", f"docs/a.md:1: marker ({word})", "src/raft/a.cc:1: marker")

    def test_path_outside_the_tree(self):
        self.check("docs/a.md", "see ../" + "shared/x\n", "docs/a.md:1: outside path")

    def test_white_space(self):
        self.check("src/raft/a.cc", "int a;\t\nint b; \nint c;\r\nint d;", "src/raft/a.cc:1: tab",
                   "src/raft/a.cc:2: trailing space", "src/raft/a.cc:3: trailing space", "src/raft/a.cc:4: end of file")

    def test_header_opening(self):
        self.check("src/raft/a.h", "int a;\n", "src/raft/a.h:1: header comment", "src/raft/a.h:1: include guard")

    def test_file_size(self):
        self.write("src/raft/a.cc", "\n" * tidy.LINES_MAX)
        self.expect(tidy.check(self.root))
        self.check("src/raft/a.cc", "\n" * (tidy.LINES_MAX + 1), "src/raft/a.cc:801: file size")

    def test_function_size(self):
        body = "  a();\n" * (tidy.FUNCTION_LINES_MAX - 2)
        self.write("src/raft/a.cc", "namespace x {\nvoid f() {\n" + body + "}\n}\n")
        self.expect(tidy.check(self.root))
        self.check("src/raft/a.cc", "namespace x {\nvoid f() {\n  a();\n" + body + "}\n}\n",
                   "src/raft/a.cc:2: function size: 101")

    def test_not_utf8(self):
        (self.root / "a.md").write_bytes(b"ok\n\xff\n")
        self.expect(tidy.check(self.root), "a.md:1: encoding")

    def test_build_output_is_not_looked_at(self):
        self.check("build/release/a.cc", "std::mutex m;\n")


if __name__ == "__main__":
    unittest.main()
