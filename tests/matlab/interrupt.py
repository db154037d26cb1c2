"""Ctrl-C during a restore in an interactive Octave: interrupt.py FOLDER..., the folders for Octave's path.

The run must end soon, compared with the time of a whole run on this machine. Its stream must be closed (its thread is
gone), nothing assigned, and the model still work.
"""

import contextlib
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

DEADLINE_S = 180


def main():
    command = ["octave-cli", "--quiet", "--norc", "--no-history", "--no-line-editing", "--interactive"]
    for folder in sys.argv[1:]:
        command += ["--path", folder]
    octave = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
    )
    deadline = threading.Timer(DEADLINE_S, octave.kill)
    deadline.start()
    try:
        talk(octave)
    finally:
        deadline.cancel()
        octave.kill()


def talk(octave):
    printed = []

    def say(line):
        octave.stdin.write(line + "\n")
        octave.stdin.flush()

    def until(word):
        for line in octave.stdout:
            printed.append(line)
            if word in line:
                return
        raise SystemExit(f"Octave ended before it printed '{word}':\n{''.join(printed)}")

    def streams():
        count = 0
        for thread in Path(f"/proc/{octave.pid}/task").glob("*/comm"):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                count += thread.read_text().strip() == "parfocal-stream"
        return count

    def resident():
        """Bytes of memory in use."""
        return int(Path(f"/proc/{octave.pid}/statm").read_text().split()[1]) * 4096

    def interrupted(line, rounds):
        """Ctrl-C at different times after the begin of a line."""
        for round in range(rounds):
            say(f"disp(['g' 'o']); {line}; disp(['no' 't stopped']);")
            until("go")
            time.sleep(0.01 + 0.005 * round)
            octave.send_signal(signal.SIGINT)
            # If the line was faster, Ctrl-C at the prompt discards the next line.
            time.sleep(0.1)
            say("")
            time.sleep(0.1)
            say("disp(['aft' 'er']);")
            until("after")

    # Words are put together in Octave, so that an echo of the line is not mistaken for its output.
    say("m = parfocal.Model('device=cpu threads=1'); frame = uint16(rand(1500) * 999); disp(['rea' 'dy']);")
    until("ready")
    started = time.monotonic()
    say("restored = m.restore(frame); clear restored; disp(['who' 'le']);")
    until("whole")
    whole = time.monotonic() - started
    # The slowest node of the network is a small part of a run.
    limit = whole / 4
    for frames in ("frame", "cat(3, frame, frame, frame)"):
        say(f"disp(['g' 'o']); restored = m.restore({frames}); disp(['not st' 'opped']);")
        until("go")
        give_up = time.monotonic() + 60
        while streams() != 1:
            if time.monotonic() > give_up:
                raise SystemExit(f"no stream was opened:\n{''.join(printed)}")
            time.sleep(0.05)
        time.sleep(min(0.3, whole / 4))
        stopped = time.monotonic()
        octave.send_signal(signal.SIGINT)
        say("disp(['aft' 'er']); printf('restored: %d\\n', exist('restored', 'var'));")
        until("restored: 0")
        took = time.monotonic() - stopped
        if any("not stopped" in line for line in printed) or took > limit:
            raise SystemExit(f"Ctrl-C took {took:.2f} s of a run of {whole:.2f} s:\n{''.join(printed)}")
        if streams() != 0:
            raise SystemExit("the stream is still open after Ctrl-C")
        print(f"Ctrl-C ended a restore of {frames} after {took:.2f} s; the frame takes {whole:.2f} s")
    # While a stream or a model is being opened, its handle is stored nowhere yet.
    say("large = zeros(6000, 6000, 'uint8'); large(1) = 1;")
    interrupted("restored = m.restore(large)", 8)
    if streams() != 0:
        raise SystemExit(f"{streams()} streams are open after Ctrl-C while they were opened")
    before = resident()
    interrupted("n = parfocal.Model('device=cpu threads=1'); n.close()", 12)
    grown = resident() - before
    if grown > 100e6:
        raise SystemExit(f"Ctrl-C while models were opened left {grown / 1e6:.0f} MB")
    print(f"Ctrl-C while streams and models were opened left {grown / 1e6:.0f} MB")
    say("restored = m.restore(frame(1:40, 1:30)); m.close(); printf('size %d %d\\n', size(restored)); exit")
    until("size 40 30")


if __name__ == "__main__":
    main()
