#!/bin/sh
# Builds the shim, the probe library and its thunks in FOLDER and runs the shim's tests: test.sh LIBRARY MODEL FOLDER.
# LIBRARY is a built libparfocal.so with ONNX Runtime beside it, MODEL an ONNX file (tests/models/tiny.onnx).
set -eu
if [ $# -ne 3 ] || [ ! -f "$1" ] || [ ! -f "$2" ]; then
    echo "usage: test.sh LIBRARY MODEL FOLDER (the first two must exist)" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../../.." && pwd)
"$here/../build.sh" "$root/include/parfocal.h" "$3"
"${PYTHON:-python3}" "$here/../table.py" "$here/probe.h" "$3"
cc -std=c99 -O1 -g -Wall -Wextra -Werror -shared -fPIC -o "$3/libprobe.so" "$here/probe.c"
cc -std=c99 -O1 -g -Wall -Wextra -Werror -shared -fPIC -o "$3/probe_thunks.so" "$here/probe_thunks.c"
library=$(realpath "$1") model=$(realpath "$2") folder=$(realpath "$3")
cd "$here"
# A quote in a path would end the text below.
case "$library$model$folder" in *"'"*) echo "test.sh: a path with ' in it" >&2; exit 2 ;; esac
octave-cli --quiet --norc --no-history --eval \
    "addpath('$here'); addpath('$here/..'); addpath('$folder'); exit(run_tests('$folder', '$library', '$model') > 0)"
