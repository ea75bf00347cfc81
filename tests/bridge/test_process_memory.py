import mmap
import struct
import sys

import pytest

from bridge.process_memory import pages_of, resident_bytes, resident_of


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="compared with Linux's own figures")
def test_the_memory_of_this_process_grows_with_what_it_holds():
    before = resident_bytes()
    with mmap.mmap(-1, 64 << 20) as held:  # new pages; an array could lie in memory that the process kept when freed
        for place in range(0, len(held), mmap.PAGESIZE):
            held[place] = 1
        assert before > 1 << 20
        assert resident_bytes() - before > 60 << 20


def test_linuxs_line_is_read():
    assert pages_of("2048 512 300 1 0 400 0") == 512


def test_macoss_record_is_read():
    record = struct.pack("=16s10Q", b"i" * 16, *range(10))
    assert resident_of(record) == 6  # after two times, three counts and the wired bytes
