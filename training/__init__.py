"""Parfocal's training: see README.md in this folder."""

import os

# The onnxruntime of the requirements has a telemetry client; it reads this while it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
