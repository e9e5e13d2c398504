#!/bin/bash
# Debian's own kernel: the modules for QEMU's hardware, the uncompressed image for PVH, and a RAM disk that finds the
# root. Result: steps/kernel in the cache {vmlinuz, vmlinux, initrd.img, modules/, release, key}.
set -euo pipefail
. "$RECIPE/steps/lib.sh"
deb=$(awk '$1 ~ /^linux-image-/ { print $3 }' "$WORK/packages.tsv")
key=$({ echo "$deb"; cat "$RECIPE/recipe/modules.list" "$RECIPE/recipe/initramfs-init" "${BASH_SOURCE[0]}" /bin/busybox; } | sha256sum | cut -c1-16)
if [[ $(cat "$CACHE/steps/kernel/key" 2>/dev/null) == "$key" ]]; then
  progress kernel 70 "Kernel kept from before"
  exit 0
fi

progress kernel 60 "Unpacking the kernel" "" 5
tree=$WORK/kernel-tree made=$WORK/kernel-made
mkdir -p "$tree/usr" "$made/modules"
ln -s usr/lib "$tree/lib"
mkdir "$tree/usr/lib"
dpkg-deb --fsys-tarfile "$CACHE/apt/archives/$deb" | tar -x -C "$tree" --keep-directory-symlink --exclude=./usr/share
release=$(basename "$tree"/lib/modules/*)
cp "$tree/boot/vmlinuz-$release" "$made/vmlinuz"

# PVH starts the ELF image inside the bzImage, which saves unpacking it under emulation.
at() { grep -abom1 "$1" "$made/vmlinuz" | cut -d: -f1; }
offset=$(at $'\xfd7zXZ' || true)
if [[ -n $offset ]]; then
  tail -c "+$((offset + 1))" "$made/vmlinuz" | xz -dc --single-stream >"$made/vmlinux" || true
else
  offset=$(at $'\x28\xb5\x2f\xfd')
  tail -c "+$((offset + 1))" "$made/vmlinuz" | zstd -dcq >"$made/vmlinux" || true
fi
readelf -h "$made/vmlinux" >/dev/null || fail "cannot unpack the kernel image of $deb"

find "$tree/lib/modules" -name '*.ko.xz' -exec unxz {} +
depmod -b "$tree" "$release"
# The insmod order of some modules, as paths.
order() { for m in "$@"; do modprobe -d "$tree" -S "$release" --show-depends "$m" 2>/dev/null; done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'; }
mapfile -t names < <(list "$RECIPE/recipe/modules.list")
order "${names[@]}" | sed "s#^.*/lib/modules/$release/##" | sort -u >"$WORK/modules.keep"
(cd "$tree/lib/modules/$release" && find kernel -name '*.ko' | sort | grep -vxFf "$WORK/modules.keep" | xargs rm -f && find . -type d -empty -delete && rm -f build source)
depmod -b "$tree" "$release"

progress kernel 66 "Making the initial RAM disk"
ram=$WORK/initramfs
mkdir -p "$ram"/{bin,dev,proc,sys,new,modules}
cp /bin/busybox "$ram/bin/busybox"
install -m 755 "$RECIPE/recipe/initramfs-init" "$ram/init"
# `fast` finds a virtio disk; the slow buses are tried only when there is none.
order virtio_pci virtio_blk crc32c_generic ext4 >"$WORK/fast"
order sd_mod ata_piix ahci virtio_scsi | grep -vxFf "$WORK/fast" >"$WORK/slow"
for speed in fast slow; do
  while read -r module; do
    cp "$module" "$ram/modules/"
    basename "$module" >>"$ram/modules/$speed"
  done <"$WORK/$speed"
done
freeze_times "$ram"
(cd "$ram" && find . | sort | cpio --quiet -o -H newc --reproducible -R 0:0) >"$made/initrd.img"

cp -a "$tree/lib/modules/$release" "$made/modules/"
echo "$release" >"$made/release"
echo "$key" >"$made/key"
rm -rf "$tree" "$ram"
keep "$made" kernel
progress kernel 70 "Kernel ready"
