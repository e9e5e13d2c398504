#!/bin/bash
# Unpacks the packages and keeps what the guest uses: the files named in recipe/*.files and the libraries they need.
# No package script runs, nothing is mounted, no right is needed; what those scripts would have made (caches, link
# farms) is made at the end. Result: steps/VARIANT-rootfs.tar.zst in the cache, under a key of recipe and versions.
set -euo pipefail
. "$RECIPE/steps/lib.sh"
lib=usr/lib/x86_64-linux-gnu
key=$(cat "$WORK/key")
done_mark=$CACHE/steps/$VARIANT-rootfs
if [[ $(cat "$done_mark/key" 2>/dev/null) == "$key" ]]; then
  progress rootfs 60 "Root file system kept from before"
  exit 0
fi

progress rootfs 25 "Unpacking the packages" "" 15
all=$WORK/all root=$WORK/root
mkdir -p "$all"/usr/{bin,sbin,lib,lib64}
for link in bin sbin lib lib64; do ln -s "usr/$link" "$all/$link"; done
while read -r name _ file; do
  [[ $name == linux-image-* ]] && continue
  dpkg-deb --fsys-tarfile "$CACHE/apt/archives/$file" | tar -x -C "$all" --keep-directory-symlink \
    --exclude=./usr/share/doc --exclude=./usr/share/man --exclude=./usr/share/locale
done <"$WORK/packages.tsv"

if [[ $VARIANT == windows-stand-in ]]; then
  # Debian ships Wine's PE files with their symbols: 670 MB, 190 without.
  list "$RECIPE/recipe/windows-stand-in.drop" | while read -r glob; do
    # shellcheck disable=SC2086 # globs
    rm -f "$all/$lib/wine/"$glob
  done
  # What libwine's own set-up script does: zlib, marked as one of Wine's built-in files.
  zlib=$all/usr/x86_64-w64-mingw32/lib/zlib1.dll
  { head -c 64 "$zlib" && printf 'Wine builtin DLL' && head -c 16 /dev/zero && tail -c +97 "$zlib"; } >"$all/$lib/wine/x86_64-windows/zlib1.dll"
  # One strip a file: given several, it writes the first one's file alignment into all, and Wine refuses those below 4 KiB.
  find "$all/$lib/wine/x86_64-windows" -type f -print0 | TZ=UTC0 at_fixed_time xargs -0 -n 1 -P 2 strip -S 2>/dev/null || true
fi

progress rootfs 40 "Choosing the files the guest needs"
cd "$all"
shopt -s nullglob globstar
kept=()
mapfile -t globs < <(list "$RECIPE/recipe/common.files" "$RECIPE/recipe/$VARIANT.files")
for glob in "${globs[@]}"; do
  # shellcheck disable=SC2206 # the list holds globs
  matches=($glob)
  [[ -e ${matches[0]:-} || -L ${matches[0]:-} ]] || fail "no package brings $glob"
  kept+=("${matches[@]}")
done

# Libraries: follow DT_NEEDED breadth first. A symbolic link is kept with what it points to.
declare -A seen=()
queue=()
while IFS= read -r file; do queue+=("$file"); done < <(find -H "${kept[@]}" \( -type f -o -type l \) ! -path '*/x86_64-windows/*')
libraries=("$lib/ld-linux-x86-64.so.2" lib64/ld-linux-x86-64.so.2)
while ((${#queue[@]})); do
  mapfile -t needed < <(printf '%s\n' "${queue[@]}" | xargs readelf -d 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u)
  queue=()
  for name in "${needed[@]}"; do
    [[ -z ${seen[$name]:-} ]] || continue
    seen[$name]=1
    if [[ -e $lib/$name ]]; then
      libraries+=("$lib/$name" "$(realpath -s --relative-to=. "$(readlink -f "$lib/$name")")")
      queue+=("$lib/$name")
    elif ! compgen -G "$lib/wine/x86_64-unix/$name" >/dev/null; then
      fail "no package brings the library $name"
    fi
  done
done
# Links in what is kept (Wine's zlib1.dll is one) need what they point to; an absolute one counts from the guest's root.
while IFS= read -r link; do
  target=$(readlink "$link")
  [[ $target == /* ]] && target=.$target || target=$(dirname "$link")/$target
  target=$(realpath -m -s --relative-to=. "$target")
  [[ ! -e $target ]] || libraries+=("$target")
done < <(find "${kept[@]}" -type l)

mkdir -p "$root"/usr/{bin,sbin,lib,lib64,local/bin} "$root"/{etc,proc,sys,dev,run,tmp,root,home/guest,srv,mnt,var/lib,var/log/diptych,var/cache/fontconfig}
for link in bin sbin lib lib64; do ln -s "usr/$link" "$root/$link"; done
ln -s ../run "$root/var/run"
printf '%s\n' "${kept[@]}" "${libraries[@]}" | sort -u >"$WORK/keep.list"
tar -c -C "$all" -T "$WORK/keep.list" | tar -x -p -C "$root" --keep-directory-symlink

progress rootfs 45 "Making the guest's caches"
# The guest's own tools make its caches, run here through its own loader.
guest_run() { "$all/$lib/ld-linux-x86-64.so.2" --library-path "$all/$lib" "$@"; }
busybox_applets() { guest_run "$all/usr/bin/busybox" --list | grep -vxE 'busybox|dpkg|dpkg-deb|rpm|ar'; }
for applet in $(busybox_applets); do [[ -e $root/usr/bin/$applet ]] || ln -s busybox "$root/usr/bin/$applet"; done
for tool in modprobe insmod rmmod depmod; do ln -sf ../bin/kmod "$root/usr/sbin/$tool" && rm -f "$root/usr/bin/$tool"; done
ln -sf kmod "$root/usr/bin/lsmod"
for tool in init hwclock; do ln -sf ../bin/busybox "$root/usr/sbin/$tool"; done 
if [[ $VARIANT == linux ]]; then
  guest_run "$all/$lib/glib-2.0/glib-compile-schemas" "$root/usr/share/glib-2.0/schemas"
  guest_run "$all/usr/bin/update-mime-database" "$root/usr/share/mime"
  rm -rf "$root"/usr/share/mime/packages "$root"/usr/share/glib-2.0/schemas/*.xml
  loaders=("$root/$lib"/gdk-pixbuf-2.0/*/loaders/*.so)
  guest_run "$all/$lib/gdk-pixbuf-2.0/gdk-pixbuf-query-loaders" "${loaders[@]}" | sed "s#$root##" >"${loaders[0]%/*/*}/loaders.cache"
fi
ldconfig -X -r "$root"
rm -rf "$root/var/cache/ldconfig"
freeze_times "$root"
guest_run "$all/usr/bin/fc-cache" --sysroot "$root" -s

[[ $VARIANT != windows-stand-in ]] || bash "$RECIPE/steps/wine-prefix.sh" "$root"

mkdir "$WORK/kept"
tar -c -C "$root" . | zstd -q -T0 -1 >"$WORK/kept/rootfs.tar.zst"
cp "$root/usr/lib/os-release" "$WORK/kept/"
echo "$key" >"$WORK/kept/key"
rm -rf "$root" "$all"
keep "$WORK/kept" "$VARIANT-rootfs"
progress rootfs 60 "Root file system made"
