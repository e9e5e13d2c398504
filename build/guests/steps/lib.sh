# lib.sh: what every step shares. Sourced, never run.
# shellcheck shell=bash
# Environment set by build.sh: VARIANT RECIPE (this folder) WORK (temporary, beside the output) CACHE RESULT (the new
# output folder, still under a temporary name) SOURCE_DATE_EPOCH.

# One JSON line on the real standard output (file descriptor 3). done and total count the whole build in percent.
progress() { # step percent label [bytes] [expectedSeconds]
  printf '{"step":"%s","label":"%s","done":%d,"total":100%s%s}\n' "$1" "$3" "$2" \
    "${4:+,\"bytes\":$4}" "${5:+,\"expectedSeconds\":$5}" >&3
}

# One line for the person, on the real standard error (file descriptor 4); 6 = something must be installed first.
fail() { # message [exit code]
  echo "build.sh: $1" >&4
  exit "${2:-5}"
}

# A list file without comments and blank lines.
list() { sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$@"; }

# Gives every file below a folder the one time of the build.
freeze_times() { find "$1" -print0 | xargs -0 touch -h -d "@$SOURCE_DATE_EPOCH"; }

# Runs a program at the build's time. mtools, syslinux and what binutils does to PE files write the current time into
# what they make, and have no option against it.
at_fixed_time() { faketime -f "$(date -u -d "@$SOURCE_DATE_EPOCH" '+%Y-%m-%d %H:%M:%S')" "$@"; }

# Publishes a finished folder under its final name; the last step of everything kept in the cache.
keep() { # folder name-in-cache
  rm -rf "${CACHE:?}/steps/$2"
  mkdir -p "$CACHE/steps"
  mv "$1" "$CACHE/steps/$2"
}
