#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes .venv with a Python that is new enough; says in one line what is missing.
set -euo pipefail
asked=${1:-python3}
[ -x .venv/bin/python ] && .venv/bin/python -m pip --version >/dev/null 2>&1 && exit 0

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
python=
for name in "$asked" python3.13 python3.12 python3.11; do
  if command -v "$name" >/dev/null 2>&1 && new_enough "$name"; then python=$name; break; fi
done
[ -n "$python" ] || { echo "Python 3.11 or newer is needed; PYTHON=/path/to/python make ... names one" >&2; exit 1; }

rm -rf .venv
"$python" -m venv .venv >/dev/null 2>&1 && exit 0
# Debian keeps what venv needs in a package of its own.
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  apt-get update -qq >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "python$version-venv" >/dev/null 2>&1
  rm -rf .venv
  "$python" -m venv .venv >/dev/null 2>&1 && exit 0
fi
echo "$python cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2
exit 1
