#!/usr/bin/env bash
# The wall, checked without a network and without cargo-deny:
#   domain <- ports <- adapters <- app, and nobody depends on tests;
#   isahc, keyring, diesel and simple-dns are named by the adapters alone;
#   the domain touches no file, socket, clock, environment, randomness or terminal.
set -euo pipefail
cd "$(dirname "$0")/.."
export PYTHONDONTWRITEBYTECODE=1

cargo metadata --locked --no-deps --format-version 1 | python3 tests/wall.py
