#!/bin/sh
# Writes a raw disk of 24 MiB with boot-sector.s on it to FILE; what it says on the serial port is TEXT.
# Usage: build-boot-sector.sh FILE TEXT
set -eu
file=$1 text=$2
here=$(dirname "$0")
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
as --32 -o "$work/sector.o" "$here/boot-sector.s"
ld -m elf_i386 -Ttext 0x7c00 --oformat binary -o "$work/sector" "$work/sector.o"
truncate -s 24M "$file"
dd if="$work/sector" of="$file" conv=notrunc status=none
printf '%s\0' "$text" | dd of="$file" bs=512 seek=34816 conv=notrunc status=none
