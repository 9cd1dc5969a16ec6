#!/usr/bin/python3
"""Proves that tools/check_floors.py sees each kind of breach, and nothing where there is none."""

import contextlib
import importlib.util
import io
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

spec = importlib.util.spec_from_file_location("check_floors", ROOT / "tools/check_floors.py")
check_floors = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check_floors)


class Floors(unittest.TestCase):
    def setUp(self):
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.write("src/base/check.h", "#pragma once\n")

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def check(self):
        """The exit code and the output of the checker on the tree written so far."""
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            code = check_floors.main([str(self.root)])
        return code, output.getvalue()

    def expect_breach(self, *words):
        code, output = self.check()
        self.assertEqual(code, 1, output)
        for word in words:
            self.assertIn(word, output)
        self.assertEqual(len(output.splitlines()), 2, output)

    def expect_fine(self):
        code, output = self.check()
        self.assertEqual((code, output), (0, "The floors hold.\n"))

    def write_include(self, file, *includes):
        self.write(f"src/{file}", "".join(f"#include {include}\n" for include in includes))

    # Rule 1

    def test_an_include_that_points_downward_is_fine(self):
        self.write_include("server/main.cpp", '"base/check.h"', '"chat/room.h"', '"http/x.h"')
        self.write_include("chat/room.h", '"chat/member.h"', '"wire/packet.h"', "<vector>")
        self.write_include("bench/client.cpp", '"websocket/frame.h"')

        self.expect_fine()

    def test_an_include_that_points_upward_is_a_breach(self):
        self.write_include("wire/packet.cpp", "<vector>", '"chat/room.h"')

        self.expect_breach("src/wire/packet.cpp:2:", "floor 1", "floor 2", "rule 1")

    def test_base_includes_nobody(self):
        self.write_include("base/time.h", '"wire/packet.h"')

        self.expect_breach("src/base/time.h:1:")

    def test_angle_brackets_do_not_hide_an_include(self):
        self.write_include("chat/room.cpp", "<actor/shard.h>")

        self.expect_breach("src/chat/room.cpp:1:", "rule 1")

    def test_neighbours_on_a_floor_do_not_know_one_another(self):
        pairs = [("auth", "bus"), ("websocket", "webtransport"), ("bench", "server")]
        for folder, neighbour in pairs:
            with self.subTest(folder):
                self.write_include(f"{folder}/x.cpp", f'"{neighbour}/y.h"')

                self.expect_breach(f"src/{folder}/x.cpp:1:", "neighbours")
                (self.root / f"src/{folder}/x.cpp").unlink()

    def test_each_transport_has_its_own_staircase(self):
        self.write_include("websocket/x.cpp", '"http/y.h"')
        self.write_include("webtransport/x.cpp", '"quic/y.h"')
        self.write_include("server/x.cpp", '"bench/y.h"', '"quic/y.h"')
        self.expect_fine()

        self.write_include("websocket/x.cpp", '"quic/y.h"')
        self.expect_breach("src/websocket/x.cpp:1:", "staircase")

    def test_a_test_obeys_like_the_code_beside_it(self):
        self.write_include("wire/packet_test.cpp", "<gtest/gtest.h>", '"chat/room.h"')

        self.expect_breach("src/wire/packet_test.cpp:2:")

    def test_a_folder_without_a_floor_is_a_breach(self):
        self.write("src/misc/helpers.h", "")

        self.expect_breach("src/misc/helpers.h:1:", "no floor")

    def test_a_file_outside_every_folder_is_a_breach(self):
        self.write("src/main.cpp", "")

        self.expect_breach("src/main.cpp:1:")

    def test_a_quoted_include_names_its_folder(self):
        self.write_include("chat/room.cpp", '"room.h"')
        self.expect_breach("folder/file.h")

        self.write_include("chat/room.cpp", '"../wire/packet.h"')
        self.expect_breach("folder/file.h")

    def test_an_include_in_a_comment_is_none(self):
        self.write("src/base/x.h", '// #include "chat/room.h"\n/*\n#include "chat/room.h"\n*/\n')

        self.expect_fine()

    # Rule 2

    def test_libraries_at_home_are_fine(self):
        self.write_include("base/log.cpp", "<spdlog/logger.h>", "<fmt/core.h>")
        self.write_include("wire/notices.cpp", '"wire/proto/packet.pb.h"', "<google/protobuf/x.h>")
        self.write_include("actor/shard.h", "<boost/asio/io_context.hpp>")
        self.write_include("bus/x.h", "<boost/asio/post.hpp>")
        self.write_include("http/x.cpp", "<boost/beast/http.hpp>", "<openssl/evp.h>")
        self.write_include("websocket/x.cpp", "<boost/beast/http.hpp>")
        self.write_include("auth/x.cpp", "<jwt.h>", "<openssl/sha.h>", "<boost/json.hpp>")
        self.write_include("stats/metrics.cpp", "<prometheus/collectable.h>")
        self.write_include("server/config.cpp", "<CLI/CLI.hpp>", "<toml++/toml.h>")

        self.expect_fine()

    def test_a_library_away_from_home_is_a_breach(self):
        for file, header in [
            ("chat/room.cpp", "google/protobuf/message_lite.h"),
            ("chat/room.cpp", "packet.pb.h"),
            ("chat/room.cpp", "boost/asio/io_context.hpp"),
            ("bus/local_bus.cpp", "boost/beast/http.hpp"),
            ("server/main.cpp", "boost/beast/http.hpp"),
            ("server/main.cpp", "jwt.h"),
            ("bus/x.cpp", "openssl/ssl.h"),
            ("server/main.cpp", "prometheus/registry.h"),
            ("base/check.h", "spdlog/spdlog.h"),
            ("bench/main.cpp", "CLI/CLI.hpp"),
            ("http/x.cpp", "toml++/toml.h"),
            ("webtransport/x.cpp", "ngtcp2/ngtcp2.h"),
            ("auth/x.cpp", "gnutls/gnutls.h"),
            ("quic/x.cpp", "nghttp3/nghttp3.h"),
            ("chat/x.cpp", "sqlite3.h"),
        ]:
            with self.subTest(f"{file} {header}"):
                self.write_include(file, f"<{header}>")

                self.expect_breach(f"src/{file}:1:", "rule 2")
                (self.root / "src" / file).unlink()

    # Rule 3

    def test_rooms_know_no_thread_socket_or_clock(self):
        for line in ["#include <thread>", "#include <mutex>", "#include <sys/socket.h>",
                     "auto t = monotonic_now();", "auto t = std::chrono::steady_clock::now();"]:
            with self.subTest(line):
                self.write("src/chat/room.cpp", f"\n{line}\n")

                self.expect_breach("src/chat/room.cpp:2:", "rule 3")

    def test_above_the_rooms_threads_and_clocks_are_welcome(self):
        self.write("src/actor/shard.cpp", "#include <thread>\nauto t = monotonic_now();\n")

        self.expect_fine()

    # Rule 4

    def test_only_the_server_reads_the_environment(self):
        self.write("src/server/config.cpp", 'auto x = std::getenv("X");\n')
        self.write("src/auth/x.cpp", "// getenv() is not for us\n")
        self.expect_fine()

        self.write("src/auth/x.cpp", '\n\nauto x = std::getenv("X");\n')
        self.expect_breach("src/auth/x.cpp:3:", "rule 4")

    # Rule 5

    def test_500_lines_are_fine_and_501_are_not(self):
        self.write("src/chat/room.cpp", "\n" * 500)
        self.expect_fine()

        self.write("src/chat/room.cpp", "\n" * 501)
        self.expect_breach("src/chat/room.cpp:501:", "501 lines", "rule 5")

    def test_a_long_file_that_says_why_is_fine(self):
        self.write("src/chat/room.cpp", "// long because: it is one table\n" + "\n" * 600)
        self.write("test/long_test.py", "# long because: it is one table\n" + "\n" * 600)
        self.expect_fine()

        self.write("src/chat/room.cpp", "// long because:\n" + "\n" * 600)
        self.expect_breach("rule 5")

    def test_length_counts_in_every_folder_but_not_in_what_was_built(self):
        self.write("build/x.cpp", "\n" * 600)
        self.write("test/browser/node_modules/x.js", "\n" * 600)
        self.expect_fine()

        self.write("demo/page.js", "\n" * 600)
        self.expect_breach("demo/page.js:501:")

    # The tool

    def test_every_breach_is_listed(self):
        self.write_include("wire/x.cpp", '"chat/a.h"', '"server/b.h"')

        code, output = self.check()

        self.assertEqual(code, 1)
        self.assertIn("src/wire/x.cpp:1:", output)
        self.assertIn("src/wire/x.cpp:2:", output)
        self.assertIn("2 places", output)

    def test_a_tree_without_sources_is_not_called_fine(self):
        with tempfile.TemporaryDirectory() as empty, contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(check_floors.main([empty]), 2)


if __name__ == "__main__":
    unittest.main()
