#!/bin/bash
# wine-prefix.sh ROOT: runs wineboot once at build time, natively, so that the guest never does. It runs in namespaces
# of its own (mounts and processes vanish with it) and without the network; times and random ids are then evened out.
set -euo pipefail
. "$RECIPE/steps/lib.sh"
root=$1 lib=usr/lib/x86_64-linux-gnu
progress rootfs 48 "Preparing the Windows-style desktop" "" 15

# Wine marks its files as built-in and reads them by name: it needs no more than /proc and /dev.
mkdir -p "$root/run/setup"
cp "$RECIPE/recipe/wine.reg" "$root/run/setup/wine.reg"
namespaces=(--mount --pid --fork --kill-child --net)
[[ $(id -u) == 0 ]] || namespaces+=(--user --map-root-user)
cat >"$root/run/setup/inside" <<'SH'
#!/bin/sh
set -e
wine() { timeout "$1" /usr/bin/env -i HOME=/home/guest USER=guest WINEPREFIX=/home/guest/.wine PATH=/usr/lib/wine:/usr/bin:/usr/sbin \
  LANG=C.UTF-8 WINEDEBUG=-all "WINEDLLOVERRIDES=mscoree=d;mshtml=d;winemenubuilder.exe=d" "$2" "$3" "$4" "$5"; }
wine 300 /usr/lib/wine/wine64 wineboot --init ''
wine 60 /usr/lib/wine/wine64 regedit /S 'Z:\run\setup\wine.reg'
timeout 60 /usr/bin/env WINEPREFIX=/home/guest/.wine HOME=/home/guest PATH=/usr/lib/wine:/usr/bin /usr/lib/wine/wineserver -w
SH
# shellcheck disable=SC2016 # expanded inside
unshare "${namespaces[@]}" sh -c '
  mount --make-rprivate / && mount --rbind /proc "$0/proc" && mount --rbind /dev "$0/dev" && mount -t tmpfs tmpfs "$0/tmp" &&
  exec chroot "$0" /usr/bin/sh /run/setup/inside' "$root" || fail "Wine could not prepare its prefix (see $CACHE/$VARIANT.log)"
rm -rf "$root/run/setup"

prefix=$root/home/guest/.wine
[[ -s $prefix/system.reg ]] || fail "Wine made no prefix (see $CACHE/$VARIANT.log)"
rm -f "$prefix/wineserver" # names the build's own server
echo disable >"$prefix/.update-timestamp"
mkdir -p "$prefix/drive_c/windows/Fonts"
for font in "$root"/usr/share/wine/fonts/*.ttf; do ln -f "$font" "$prefix/drive_c/windows/Fonts/"; done
# system32 holds copies of the built-in files: the same content becomes one inode.
(cd "$prefix/drive_c/windows" && find . -type f) | while IFS= read -r file; do
  builtin=$root/$lib/wine/x86_64-windows/${file##*/}
  if [[ -f $builtin ]] && cmp -s "$prefix/drive_c/windows/$file" "$builtin"; then ln -f "$builtin" "$prefix/drive_c/windows/$file"; fi
done

# Registry files carry the time of every key, and wineboot draws random ids.
sed -i -E -e 's/^(\[.*\]) [0-9]+$/\1 '"$SOURCE_DATE_EPOCH"'/' -e 's/^#time=.*/#time=1da3c45e8d30000/' \
  -e 's/^("MachineGuid"=).*/\1"d1b7d1b7-0000-4000-8000-00000000d1b7"/' -e 's/^("InstallDate"=dword:).*/\165920080/' \
  -e 's/^("VideoID"=).*/\1"{d1b7d1b7-0000-4000-8000-00000000d1b7}"/' -e 's/^("DriverDateData"=hex:).*/\100,00,d3,e8,45,3c,da,01/' \
  "$prefix"/*.reg
freeze_times "$root"
