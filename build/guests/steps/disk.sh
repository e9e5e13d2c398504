#!/bin/bash
# Puts the disk together without root and without mounting: MBR, a FAT partition that boots by BIOS (syslinux) and by
# UEFI (kernel, arguments and RAM disk in one EFI program), and the ext4 root. Every time and id in it is fixed.
set -euo pipefail
. "$RECIPE/steps/lib.sh"
progress disk 76 "Laying out the root file system" "" 12
kernel=$CACHE/steps/kernel root=$WORK/root boot_mib=40
cp "$kernel/vmlinux" "$kernel/vmlinuz" "$kernel/initrd.img" "$RECIPE/recipe/cmdline" "$RESULT/"

mkdir "$root"
zstd -dcq "$CACHE/steps/$VARIANT-rootfs/rootfs.tar.zst" | tar -x -p -C "$root"
mkdir -p "$root/usr/lib/modules"
cp -a "$kernel/modules/." "$root/usr/lib/modules/"
for layer in "$RECIPE/overlay/common" "$RECIPE/overlay/$VARIANT" "$WORK/programs"; do
  # Through tar, because usr-merged links in the root must survive folders of the same name.
  tar -c -C "$layer" . | tar -x -C "$root" --keep-directory-symlink --no-overwrite-dir
done
version() { awk -v n="$1" '$1 == n { sub(/^[0-9]+:/, "", $2); sub(/[-~+].*/, "", $2); print $2 }' "$WORK/packages.tsv"; }
mkdir -p "$root/usr/share/diptych"
if [[ $VARIANT == linux ]]; then
  echo "lighttpd $(version lighttpd)" >"$root/usr/share/diptych/server"
  echo "server.tag = \"lighttpd/$(version lighttpd)\"" >"$root/usr/share/diptych/lighttpd-tag.conf"
  echo "NetSurf $(version netsurf-gtk)" >"$root/usr/share/diptych/browser"
else
  version wine64 >"$root/usr/share/diptych/wine"
fi
ln -sf ../usr/lib/os-release "$root/etc/os-release"
freeze_times "$root"

used_mib=$(du -sm --apparent-size "$root" | cut -f1)
size_mib=$((used_mib * 125 / 100 + 64))
ext4=$WORK/root.ext4
truncate -s "${size_mib}M" "$ext4"
E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH mke2fs -q -t ext4 -b 4096 -I 256 -m 0 -O ^has_journal,^metadata_csum,^resize_inode \
  -E lazy_itable_init=0,hash_seed=6e1f2d70-1111-4222-8333-444455556666,root_owner=0:0 -U 6e1f2d70-0000-4000-8000-00000000d1b7 \
  -d "$root" "$ext4"
# mke2fs copies owner and change time from the build folder: debugfs sets both, inode by inode.
bash "$RECIPE/steps/even-out.sh" "$root" "$ext4"
rm -rf "$root"

progress disk 86 "Making the boot partition"
fat=$WORK/boot.fat
export MTOOLS_SKIP_CHECK=1 TZ=UTC0 # FAT keeps local time
truncate -s "${boot_mib}M" "$fat"
mkfs.fat -F 32 -i d1b7c4a1 -n DIPTYCH --invariant "$fat" >/dev/null
arguments=$(cat "$RECIPE/recipe/cmdline")
printf 'DEFAULT guest\nPROMPT 0\nTIMEOUT 0\nLABEL guest\n KERNEL /vmlinuz\n INITRD /initrd.img\n APPEND %s\n' "$arguments" >"$WORK/syslinux.cfg"
printf '%s' "$arguments" >"$WORK/arguments"
printf 'NAME=Diptych\nID=diptych\n' >"$WORK/osrel"
at_fixed_time objcopy \
  --add-section .osrel="$WORK/osrel" --change-section-vma .osrel=0x20000 \
  --add-section .cmdline="$WORK/arguments" --change-section-vma .cmdline=0x30000 \
  --add-section .linux="$RESULT/vmlinuz" --change-section-vma .linux=0x2000000 \
  --add-section .initrd="$RESULT/initrd.img" --change-section-vma .initrd=0x3000000 \
  /usr/lib/systemd/boot/efi/linuxx64.efi.stub "$WORK/bootx64.efi"
touch -d "@$SOURCE_DATE_EPOCH" "$WORK"/{syslinux.cfg,bootx64.efi} "$RESULT"/{vmlinuz,initrd.img}
at_fixed_time mmd -i "$fat" ::/EFI ::/EFI/BOOT
at_fixed_time mcopy -m -i "$fat" "$RESULT/vmlinuz" "$RESULT/initrd.img" "$WORK/syslinux.cfg" ::/
at_fixed_time mcopy -m -i "$fat" "$WORK/bootx64.efi" ::/EFI/BOOT/BOOTX64.EFI
at_fixed_time syslinux --install "$fat"

progress disk 90 "Packing the disk image" "" 12
raw=$WORK/disk.raw
truncate -s $((boot_mib + size_mib + 2))M "$raw"
printf 'label: dos\nlabel-id: 0xd1b7c4a1\nstart=2048, size=%d, type=ef, bootable\nstart=%d, size=%d, type=83\n' \
  $((boot_mib * 2048)) $((2048 + boot_mib * 2048)) $((size_mib * 2048)) | sfdisk -q "$raw"
dd if=/usr/lib/syslinux/mbr/mbr.bin of="$raw" bs=440 count=1 conv=notrunc status=none
dd if="$fat" of="$raw" bs=1M seek=1 conv=notrunc,sparse status=none
dd if="$ext4" of="$raw" bs=1M seek=$((boot_mib + 1)) conv=notrunc,sparse status=none
# One coroutine and in-order writes: otherwise clusters land in the order in which compression finished.
qemu-img convert -m 1 -c -O qcow2 -o compression_type=zstd "$raw" "$RESULT/disk.qcow2"
rm -f "$raw" "$fat" "$ext4"
