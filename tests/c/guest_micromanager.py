"""Micro-Manager's core with the adapter in it: it restores a frame of a simulated camera and lives on for SECONDS."""

import sys
import time

from conftest import Microscope

microscope = Microscope()
microscope.core.snapImage()
microscope.image()
assert microscope.counts() == (1, 0, 0), microscope.get("LastError")
time.sleep(int(sys.argv[1]))
microscope.core.reset()
