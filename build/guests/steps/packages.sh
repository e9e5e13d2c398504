#!/bin/bash
# Finds and downloads the guest's packages with the machine's own apt sources, in an apt world of its own under the
# cache: nothing is installed on this machine and no right is needed. Leaves WORK/packages.tsv (name, version, file).
set -euo pipefail
. "$RECIPE/steps/lib.sh"
apt=$CACHE/apt
mkdir -p "$apt/state/lists/partial" "$apt/archives/partial" "$apt/none.d"
: >"$apt/status"

export APT_CONFIG=$apt/apt.conf
write_config() { # default release
  cat >"$APT_CONFIG" <<CONF
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
Dir::Cache::archives "$apt/archives";
Dir::Etc::preferences "$apt/preferences";
Dir::Etc::preferencesparts "$apt/none.d";
APT::Sandbox::User "$(id -un)";
APT::Install-Recommends "false";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "2";
CONF
  # Debian's own archive only: what else this machine's sources offer must not slip into a guest.
  printf 'Package: *\nPin: release o=Debian,n=%s\nPin-Priority: 990\n\n' "$1" "$1-security" "$1-updates" >"$apt/preferences"
  printf 'Package: *\nPin: release o=*\nPin-Priority: -10\n' >>"$apt/preferences"
}

progress packages 1 "Reading the package lists"
write_config bookworm
if ! apt-get -q update; then
  apt-cache show linux-image-amd64 >/dev/null 2>&1 || fail "no network: the package lists cannot be fetched (see $CACHE/$VARIANT.log)"
  progress packages 1 "No network: using the package lists fetched before"
fi
suite=bookworm
if ! apt-cache policy | grep -q 'n=bookworm,'; then
  suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  write_config "$suite"
  apt-cache policy | grep -q "o=Debian,.*n=$suite," || fail "this machine's apt sources offer no Debian archive" 6
fi
echo "$suite" >"$WORK/suite"

mapfile -t wanted < <(list "$RECIPE/recipe/common.packages" "$RECIPE/recipe/$VARIANT.packages")
mapfile -t alone < <(list "$RECIPE/recipe/alone.packages")
excluded=$(list "$RECIPE/recipe/excluded.packages" | paste -sd'|')
kernel=$(apt-cache depends linux-image-amd64 | awk '$1 == "Depends:" && $2 ~ /^linux-image-[0-9]/ { print $2; exit }')
candidate() { apt-cache policy "$1" | awk '$1 == "Candidate:" { print $2 }'; }
{
  apt-get -q -s install "${wanted[@]}" | sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/\1 \2/p' | grep -vxE "($excluded) .*"
  for name in "${alone[@]}" "$kernel"; do echo "$name $(candidate "$name")"; done
} | sort -u >"$WORK/versions"
(($(wc -l <"$WORK/versions") > 20)) || fail "apt finds no solution for the guest's packages (see $CACHE/$VARIANT.log)"

# apt names what the archive folder lacks (file, size); it is fetched a few packages at a time, so that stopping loses little.
cd "$apt/archives"
tr ' ' = <"$WORK/versions" | xargs apt-get -q --print-uris download | awk '{ print $2, $3 }' >"$WORK/absent"
bytes=$(awk '{ n += $2 } END { print n + 0 }' "$WORK/absent")
count=$(wc -l <"$WORK/absent")
progress packages 3 "Downloading $count packages" "$bytes" $((1 + bytes / 8000000))
fetched=0
while mapfile -t -n 12 batch && ((${#batch[@]})); do
  specs=()
  for line in "${batch[@]}"; do
    file=${line%% *}
    rm -f "$file"
    name=${file%%_*}
    specs+=("$name=$(awk -v n="$name" '$1 == n { print $2 }' "$WORK/versions")")
  done
  apt-get -q download "${specs[@]}" || fail "no network: downloading the packages failed (see $CACHE/$VARIANT.log)"
  fetched=$((fetched + ${#batch[@]}))
  progress packages $((3 + 22 * fetched / count)) "Downloaded $fetched of $count packages"
done <"$WORK/absent"

while read -r name version; do
  file=$(echo "${name}_${version//:/%3a}_"*.deb)
  [[ -e $file ]] || fail "the package $name $version was not downloaded (see $CACHE/$VARIANT.log)"
  echo "$name $version $file"
done <"$WORK/versions" >"$WORK/packages.tsv"
{ "$RECIPE/recipe-hash.sh" --variant "$VARIANT"; cat "$WORK/packages.tsv"; } | sha256sum | cut -c1-16 >"$WORK/key"
