#!/bin/bash
# build.sh --variant linux|windows-stand-in --out DIR [--cache DIR]
#
# Builds one demonstration guest from Debian packages, without root: packages -> rootfs -> kernel -> programs -> disk
# -> checksum. Each step is a script in steps/; its result is kept in the cache under a key of everything it was made
# from, so a cancelled build goes on where it was. DIR appears whole, by one rename, or not at all.
#
# Standard output: one JSON line per piece of progress. Standard error: one line saying what is wrong.
# Exit: 0 built, 2 usage, 5 failed, 6 a tool or right is missing, 130 interrupted.
set -Eeuo pipefail
exec 3>&1 4>&2
RECIPE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$RECIPE/steps/lib.sh"

usage() { fail "usage: build.sh --variant linux|windows-stand-in --out DIR [--cache DIR]" 2; }
VARIANT='' out='' CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/diptych/recipes
while (($#)); do
  case $1 in
    --variant) VARIANT=${2-} ;;
    --out) out=${2-} ;;
    --cache) CACHE=${2-} ;;
    *) usage ;;
  esac
  shift 2 || usage
done
[[ $VARIANT == linux || $VARIANT == windows-stand-in ]] || usage
[[ -n $out && -n $CACHE ]] || usage

export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin" VARIANT RECIPE SOURCE_DATE_EPOCH=1704067200
umask 022
mkdir -p "$CACHE" "$(dirname "$out")" 2>/dev/null || fail "cannot make $CACHE or the folder of $out"
CACHE=$(cd "$CACHE" && pwd)
out=$(cd "$(dirname "$out")" && pwd)/$(basename "$out")
WORK=$(dirname "$out")/.$(basename "$out").building
RESULT=$WORK/result
export CACHE WORK RESULT

child=''
# Ends a running step with all it started (each step is its own process group) and removes what is half made.
clean_up() {
  if [[ -n $child ]] && kill -TERM -- "-$child" 2>/dev/null; then
    for _ in {1..30}; do kill -0 -- "-$child" 2>/dev/null || break; sleep 0.1; done
    kill -KILL -- "-$child" 2>/dev/null || true
  fi
  rm -rf "$WORK"
}
interrupted() {
  trap '' INT TERM HUP
  exec 2>/dev/null # bash would report the ended step
  clean_up
  exit 130
}

# Builds that share a cache take turns; the kernel releases the lock however this process ends.
exec 9>"$CACHE/lock"
flock -n 9 || { progress packages 0 "Waiting for another build to finish"; flock 9; }
trap interrupted INT TERM HUP
trap clean_up EXIT
rm -rf "$WORK"
mkdir -p "$RESULT" 2>/dev/null || fail "cannot write beside $out"
: >"$CACHE/$VARIANT.log"

set -m # each background step becomes a process group of its own
for step in prerequisites packages rootfs kernel programs disk checksum; do
  bash "$RECIPE/steps/$step.sh" >>"$CACHE/$VARIANT.log" 2>&1 9>&- &
  child=$!
  status=0
  wait "$child" || status=$?
  child=''
  # 5 and 6 were explained by the step itself; anything else is a command that failed unexpectedly.
  case $status in
    0) ;;
    2 | 5 | 6) exit "$status" ;;
    *) fail "step $step failed: $(tail -n 1 "$CACHE/$VARIANT.log" | cut -c1-200) (log: $CACHE/$VARIANT.log)" ;;
  esac
done

rm -rf "$WORK/old"
[[ ! -e $out ]] || mv "$out" "$WORK/old"
mv "$RESULT" "$out"
progress checksum 100 "Finished"
