#!/bin/bash
# test.sh [--shots DIR] [--boot pvh,bios,uefi] DIR...
# Boots each built guest under QEMU's emulation by each way and checks what it promises.
set -euo pipefail
exec node "$(dirname "${BASH_SOURCE[0]}")/test/check-guests.mjs" "$@"
