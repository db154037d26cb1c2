#!/bin/sh
# Builds the shim: build.sh HEADER FOLDER makes FOLDER/shim_mex.mex and the table of HEADER beside it.
# PYTHON (python3) must have pycparser; mkoctfile, a C compiler and libffi's header come from octave-dev and libffi-dev.
set -eu
if [ $# -ne 2 ] || [ ! -f "$1" ]; then
    echo "usage: build.sh HEADER FOLDER (HEADER must exist)" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$2"
# mkoctfile's -o takes no space in a path.
(cd "$2" && mkoctfile --mex -std=gnu11 -O1 -g -Wall -Wextra -Werror -o shim_mex.mex "$here"/mex/*.c -lffi -ldl)
"${PYTHON:-python3}" "$here/table.py" "$1" "$2"
