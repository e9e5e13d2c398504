#!/bin/bash
# Writes manifest.json: what was built from what, with the size and SHA-256 of every file.
set -euo pipefail
. "$RECIPE/steps/lib.sh"
progress checksum 97 "Adding up the checksums"
cd "$RESULT"
if [[ $VARIANT == linux ]]; then
  os=$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' "$CACHE/steps/$VARIANT-rootfs/os-release")
else
  os="Windows stand-in (Wine $(awk '$1 == "wine64" { sub(/~.*/, "", $2); print $2 }' "$WORK/packages.tsv"))"
fi
chmod 644 ./*
{
  printf '{\n  "variant": "%s",\n  "recipe": "%s",\n' "$VARIANT" "$("$RECIPE/recipe-hash.sh" --variant "$VARIANT")"
  printf '  "os": "%s",\n  "suite": "%s",\n  "kernel": "%s",\n' "$os" \
    "$(cat "$WORK/suite")" "$(cat "$CACHE/steps/kernel/release")"
  printf '  "packages": {\n'
  awk '{ printf "%s    \"%s\": \"%s\"", sep, $1, $2; sep = ",\n" }' "$WORK/packages.tsv"
  printf '\n  },\n  "files": {\n'
  for file in cmdline disk.qcow2 initrd.img vmlinux vmlinuz; do
    printf '%s    "%s": { "bytes": %d, "sha256": "%s" }' "${separator:-}" "$file" "$(stat -c %s "$file")" "$(sha256sum "$file" | cut -d' ' -f1)"
    separator=$',\n'
  done
  printf '\n  },\n  "builtAt": %d\n}\n' "$SOURCE_DATE_EPOCH"
} >"$WORK/manifest.json"
mv "$WORK/manifest.json" manifest.json
