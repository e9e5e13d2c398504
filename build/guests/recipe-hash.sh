#!/bin/bash
# recipe-hash.sh --variant linux|windows-stand-in
# Prints the SHA-256 of everything a build of that variant reads from this folder. Tests and prose do not count.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[[ "${1:-}" == --variant && ( "${2:-}" == linux || "${2:-}" == windows-stand-in ) ]] || {
  echo "usage: recipe-hash.sh --variant linux|windows-stand-in" >&2
  exit 2
}
other=$([[ $2 == linux ]] && echo windows-stand-in || echo linux)
cd "$here"
# Names and modes count too: sha256sum prints the names, find prints the modes of what is executable.
{
  echo "$2"
  find build.sh steps recipe overlay programs -type f -perm -u=x \
    -not -path "overlay/$other/*" -not -path "recipe/$other.*" | LC_ALL=C sort
  find build.sh steps recipe overlay programs -type f \
    -not -path "overlay/$other/*" -not -path "recipe/$other.*" -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
} | sha256sum | cut -d' ' -f1
