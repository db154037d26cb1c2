"""A Python with the library in it, by ctypes: LIBRARY MODEL live SECONDS opens, restores and lives on; LIBRARY MODEL
leave MICROSECONDS ends by status 7 while two threads open, restore and close.
"""

import ctypes
import sys
import threading
import time

WIDTH, HEIGHT, CLOSED = 256, 192, 15


def restore(library: ctypes.CDLL, model: ctypes.c_uint64) -> int:
    pixels = (ctypes.c_uint16 * (WIDTH * HEIGHT))(*(400 + i * 7 % 901 for i in range(WIDTH * HEIGHT)))
    shape = (ctypes.c_int64 * 4)(WIDTH, HEIGHT, 1, 1)
    count = ctypes.c_uint64(WIDTH * HEIGHT)
    return library.parfocal_restore_u16(
        model, ctypes.c_uint64(0), pixels, count, None, pixels, count, None, shape, None
    )


def work(library: ctypes.CDLL, path: bytes) -> None:
    while True:
        model = ctypes.c_uint64(0)
        found = library.parfocal_model_open(path, b"device=cpu threads=2", ctypes.byref(model))
        for _ in range(5):
            found = found or restore(library, model)
        found = found or library.parfocal_model_close(model)
        # Nothing else may end a run than the end of the process.
        if found not in (0, CLOSED):
            sys.stderr.write(f"status {found}\n")


def main() -> None:
    library = ctypes.CDLL(sys.argv[1])
    path, what, number = sys.argv[2].encode(), sys.argv[3], int(sys.argv[4])
    if what == "live":
        model = ctypes.c_uint64(0)
        found = library.parfocal_model_open(path, b"device=cpu threads=2", ctypes.byref(model))
        found = found or restore(library, model)
        time.sleep(number)
        sys.exit(found or library.parfocal_model_close(model))
    for _ in range(2):
        threading.Thread(target=work, args=(library, path), daemon=True).start()
    time.sleep(number / 1e6)
    sys.exit(7)


main()
