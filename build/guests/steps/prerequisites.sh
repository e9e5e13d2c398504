#!/bin/bash
# Says in one line what is missing before any work is done: tools, rights, room.
set -euo pipefail
. "$RECIPE/steps/lib.sh"

missing=''
need() { # package test...
  "${@:2}" >/dev/null 2>&1 || case " $missing " in *" $1 "*) ;; *) missing="$missing $1" ;; esac
}
need apt command -v apt-get
need dpkg command -v dpkg-deb
need util-linux command -v unshare
need fdisk command -v sfdisk
need binutils command -v objcopy
need xz-utils command -v xz
need zstd command -v zstd
need cpio command -v cpio
need kmod command -v modprobe
need busybox-static test -x /bin/busybox
need e2fsprogs command -v mke2fs
need dosfstools command -v mkfs.fat
need faketime command -v faketime
need mtools command -v mcopy
need syslinux command -v syslinux
need syslinux-common test -e /usr/lib/syslinux/mbr/mbr.bin
need systemd-boot-efi test -e /usr/lib/systemd/boot/efi/linuxx64.efi.stub
need qemu-utils command -v qemu-img
need musl-tools command -v musl-gcc
need linux-libc-dev test -e /usr/include/linux/netlink.h
if [[ $VARIANT == windows-stand-in ]]; then
  need gcc-mingw-w64-x86-64-win32 command -v x86_64-w64-mingw32-gcc
  [[ $(id -u) == 0 ]] || unshare --user --map-root-user true 2>/dev/null ||
    fail "this user may not make user namespaces, which the Wine prefix needs (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)" 6
fi
[[ -z $missing ]] || fail "missing Debian packages:$missing (apt-get install$missing)" 6
[[ $(dpkg --print-architecture) == amd64 ]] || fail "the guests are built on amd64 only" 6
file -b /bin/busybox 2>/dev/null | grep -q 'dynamically' && fail "missing Debian packages: busybox-static (apt-get install busybox-static)" 6

room_mib() { df --output=avail -BM "$1" | tail -n 1 | tr -dc 0-9; }
(($(room_mib "$WORK") >= 2500)) || fail "no disk space: $(dirname "$WORK") needs 2500 MiB free, has $(room_mib "$WORK")"
(($(room_mib "$CACHE") >= 1000)) || fail "no disk space: $CACHE needs 1000 MiB free, has $(room_mib "$CACHE")"
