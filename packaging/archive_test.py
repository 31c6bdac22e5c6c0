"""The archive installs what it should where it should.

usage: archive_test.py ARCHIVE
"""

import sys
import tarfile
import unittest

_PROGRAM, _FILE = 0o755, 0o644
_WANTED = {
    "usr/bin/skexctl": _PROGRAM,
    "usr/sbin/skexd": _PROGRAM,
    "usr/sbin/skex-hub": _PROGRAM,
    "usr/lib/systemd/system/skexd.service": _FILE,
    "usr/lib/systemd/system/skex-hub.service": _FILE,
    "usr/share/doc/skex/examples/skexd.socket": _FILE,
    "usr/share/man/man1/skexctl.1": _FILE,
    "usr/share/man/man8/skexd.8": _FILE,
    "usr/share/man/man8/skex-hub.8": _FILE,
}


class ArchiveTest(unittest.TestCase):
    path = None

    def test_has_these_files_for_root(self):
        with tarfile.open(self.path) as archive:
            members = archive.getmembers()
        files = {one.name: one.mode for one in members if one.isfile()}
        self.assertEqual(files, _WANTED)
        self.assertEqual({(one.uid, one.gid) for one in members}, {(0, 0)})
        # A folder would change the mode of one that is there.
        self.assertTrue(all(one.isfile() for one in members))


if __name__ == "__main__":
    ArchiveTest.path = sys.argv.pop()
    unittest.main()
