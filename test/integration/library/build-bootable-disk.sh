#!/bin/sh
# Builds into DIRECTORY what the library's tests boot from: disk.img, which starts by BIOS (syslinux), by UEFI and by UEFI
# with secure boot (Debian's signed chain), and disc.iso, the same as a disc for BIOS. The system in them names the hardware
# it finds on its serial line and takes the power button. From Debian packages, without root, in about 10 s.
# Usage: build-bootable-disk.sh DIRECTORY TINY_GUEST
set -eu
out=$1 tiny=$2
[ -s "$out/disc.iso" ] && exit 0
mkdir -p "$out" && cd "$out"
work=$(mktemp -d "$out/work.XXXXXX") && trap 'rm -rf "$work"' EXIT
cd "$work"
kernel=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/{print $2; exit}')
apt-get download -q "$kernel" shim-signed grub-efi-amd64-signed isolinux >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" x; done
mv x/boot/vmlinuz-* vmlinuz

mkdir -p r
cat >r/init <<'T'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev
insmod /m/button.ko; insmod /m/evdev.ko
acpid -d >/dev/null 2>&1 &
[ -d /sys/firmware/efi ] && firmware=uefi || firmware=bios
dmesg | grep -qi 'secure boot enabled' && secure=on || secure=off
[ -e /sys/firmware/acpi/tables/TPM2 ] && tpm=on || tpm=off
echo "HARDWARE firmware=$firmware secure=$secure tpm=$tpm from=$(sed 's/.*from=\([a-z]*\).*/\1/' /proc/cmdline) pci=$(cat /sys/bus/pci/devices/*/device | sed 's/^0x//' | sort -u | tr '\n' ',') END" >/dev/console
while true; do sleep 1; done
T
chmod +x r/init
(cat "$tiny/initrd.img"; cd r && find . | cpio -o -H newc --quiet | gzip -1) >initrd.img

arguments='console=ttyS0 loglevel=4'
printf 'DEFAULT guest\nPROMPT 0\nTIMEOUT 0\nLABEL guest\n KERNEL /vmlinuz\n INITRD /initrd.img\n APPEND %s from=disk\n' "$arguments" >syslinux.cfg
printf 'set timeout=0\nlinux /vmlinuz %s from=disk\ninitrd /initrd.img\nboot\n' "$arguments" >grub.cfg
truncate -s 64M disk.img
mkfs.fat -F 32 -n BOOT disk.img >/dev/null
export MTOOLS_SKIP_CHECK=1
mmd -i disk.img ::/EFI ::/EFI/BOOT ::/EFI/debian
mcopy -i disk.img vmlinuz initrd.img syslinux.cfg ::/
mcopy -i disk.img grub.cfg ::/EFI/debian/grub.cfg
mcopy -i disk.img x/usr/lib/shim/shimx64.efi.signed ::/EFI/BOOT/BOOTX64.EFI
mcopy -i disk.img x/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed ::/EFI/BOOT/grubx64.efi
syslinux --install disk.img

mkdir -p disc/isolinux
cp vmlinuz initrd.img disc/
cp x/usr/lib/ISOLINUX/isolinux.bin "$(find /usr/lib/syslinux -path '*bios*' -name ldlinux.c32 | head -1)" disc/isolinux/
sed 's/from=disk/from=disc/' syslinux.cfg >disc/isolinux/isolinux.cfg
xorriso -as mkisofs -quiet -V 'Debian 11.2.0 amd64 n' -b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table -o disc.iso disc 2>/dev/null
mv disk.img "$out/" && mv disc.iso "$out/"
