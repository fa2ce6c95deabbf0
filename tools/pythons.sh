#!/bin/sh
# Print "VERSION PATH" for every supported Python that runs here, oldest first.
set -eu

supported="3.11 3.12 3.13"
# A name on the PATH may be a shim that does not run, or a Python that cannot make virtual environments.
ask='import ensurepip, sys, venv
if sys.version_info < (3, 11): sys.exit(1)
print("%d.%d" % sys.version_info[:2], sys.executable)'

found=""
for version in $supported; do
    for candidate in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/"bin/python$version"; do
        if answer=$("$candidate" -c "$ask" 2>/dev/null); then
            echo "$answer"
            found=yes
            break
        fi
    done
done
if [ -z "$found" ] && ! python3 -c "$ask" 2>/dev/null; then
    echo "No Python 3.11 or later with venv and ensurepip was found; install one (looked for python3.11," \
        "python3.12, python3.13 and python3, on the PATH and among pyenv's versions)." >&2
    exit 1
fi
