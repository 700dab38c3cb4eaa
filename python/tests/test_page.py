"""The shared page of started exchanges."""

import os
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from propylon_worker.page import Page  # noqa: E402


class SharedPage(unittest.TestCase):
    def page(self, *entries):
        file = tempfile.NamedTemporaryFile()
        self.addCleanup(file.close)
        for entry in entries:
            file.write(struct.pack("<IId48x", *entry))
        file.flush()
        return file, Page(file.name)

    def entry(self, file, lane):
        file.seek(64 * lane)
        return struct.unpack("<IId", file.read(16))

    def test_what_a_lane_notes_is_in_the_file_at_once(self):
        file, page = self.page((0, 0, 0.0), (0, 0, 0.0))
        page.writer(1)(3, 0xFFFFFFFF, 12.5)
        self.assertEqual((self.entry(file, 0), self.entry(file, 1)), ((0, 0, 0.0), (3, 0xFFFFFFFF, 12.5)))
        self.assertEqual((page.running(0), page.running(1)), (False, True))
        self.assertEqual(page.entries(2), [(0, 0.0), (0xFFFFFFFF, 12.5)])

    def test_a_new_session_counts_on(self):
        file, page = self.page((41, 9, 1.0))
        page.writer(0)(1, 10, 2.0)
        self.assertEqual(self.entry(file, 0), (42, 10, 2.0))

    def test_the_count_goes_on_beyond_32_bits(self):
        file, page = self.page((0, 0, 0.0), (0xFFFFFFFF, 0, 0.0))
        page.writer(0)(0x100000002, 1, 0.0)
        page.writer(1)(1, 1, 0.0)
        self.assertEqual((self.entry(file, 0)[0], self.entry(file, 1)[0]), (2, 0))


if __name__ == "__main__":
    unittest.main()
