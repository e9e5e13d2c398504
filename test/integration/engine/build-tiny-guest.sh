#!/bin/sh
# Builds the engine tests' own guest into DIRECTORY: vmlinux (PVH), initrd.img with BusyBox, the virtio drivers and
# qemu-guest-agent, and an empty disk. From Debian packages, without root, in about 5 s. Usage: build-tiny-guest.sh DIRECTORY
set -eu
out=$1
[ -s "$out/initrd.img" ] && exit 0
mkdir -p "$out" && cd "$out"
work=$(mktemp -d "$out/work.XXXXXX") && trap 'rm -rf "$work"' EXIT
cd "$work"
kernel=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/{print $2; exit}')
closure=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances qemu-guest-agent |
  grep -E '^(qemu-guest-agent|libudev1|libnuma1|liburing2|libglib2.0-0(t64)?|libc6|libpcre2-8-0)$' | sort -u)
apt-get download -q "$kernel" busybox-static $closure >/dev/null 2>&1
for package in *.deb; do dpkg-deb -x "$package" x; done
modules=$(ls -d x/lib/modules/*/kernel x/usr/lib/modules/*/kernel 2>/dev/null | head -1)
mkdir -p r/bin r/m r/proc r/sys r/dev r/tmp r/run r/var/run r/etc r/www/cgi-bin r/lib/x86_64-linux-gnu r/lib64
cp "$(ls x/bin/busybox x/usr/bin/busybox 2>/dev/null | head -1)" r/bin/
cp x/usr/sbin/qemu-ga r/bin/
find x -path '*x86_64-linux-gnu/*' \( -name 'libudev.so.1' -o -name 'libnuma.so.1' -o -name 'liburing.so.2' -o -name 'libglib-2.0.so.0' \
  -o -name 'libgmodule-2.0.so.0' -o -name 'libm.so.6' -o -name 'libc.so.6' -o -name 'libpcre2-8.so.0' \) -exec cp -L {} r/lib/x86_64-linux-gnu/ \;
cp -L "$(find x -name 'ld-linux-x86-64.so.2' | head -1)" r/lib64/
for m in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_balloon virtio_blk failover net_failover virtio_net \
  virtio_console rng-core virtio-rng button evdev virtio_input qemu_fw_cfg crc16 mbcache jbd2 crc32c_generic ext4; do
  find "$modules" -name "$m.ko" -exec cp {} r/m/ \;
  find "$modules" -name "$m.ko.xz" -exec sh -c 'xz -dc "$1" > r/m/$(basename "$1" .xz)' _ {} \;
done
cat > r/etc/os-release <<'T'
NAME="Tiny"
ID=tiny
VERSION_ID=1
PRETTY_NAME="Tiny test guest"
T
cat > r/init <<'T'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev; mount -t tmpfs t /tmp
hostname tiny
for m in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_balloon virtio_blk failover net_failover virtio_net virtio_console rng-core virtio-rng button evdev virtio_input qemu_fw_cfg; do
  [ -f /m/$m.ko ] && insmod /m/$m.ko
done
ifconfig lo up
httpd -h /www
(while true; do /bin/cards; sleep 0.2; done) &
acpid -d >/dev/null 2>&1 &
(while true; do [ -e /dev/vport*p1 ] || ls /dev/vport* >/dev/null 2>&1 || sleep 0.2
  p=$(ls /dev/vport* 2>/dev/null | head -1); [ -n "$p" ] && qemu-ga -m virtio-serial -p "$p" -t /tmp >/dev/null 2>&1; sleep 0.2; done) &
echo "TINY UP parameter=$(cat /sys/firmware/qemu_fw_cfg/by_name/opt/diptych/greeting/raw 2>/dev/null)" > /dev/console
n=0; while true; do n=$((n+1)); echo "TICK $n" > /dev/console; sleep 1; done
T
# Cards come and go while the guest runs: each new one asks for an address.
cat > r/bin/cards <<'T'
#!/bin/busybox sh
for card in /sys/class/net/eth*; do
  name=${card##*/}
  mac=$(cat "$card/address" 2>/dev/null) || continue
  [ "$(cat "/tmp/card-$name" 2>/dev/null)" = "$mac" ] && continue
  echo "$mac" > "/tmp/card-$name"
  [ -f "/tmp/dhcp-$name" ] && kill "$(cat "/tmp/dhcp-$name")" 2>/dev/null
  ifconfig "$name" up
  udhcpc -f -i "$name" -s /bin/leased -x "hostname:$(hostname)" -O search -t 4 -T 1 -A 1 >/dev/null 2>&1 &
  echo $! > "/tmp/dhcp-$name"
done
T
cat > r/bin/leased <<'T'
#!/bin/busybox sh
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ifconfig "$interface" "$ip" netmask "$subnet" up
{ [ -n "$search$domain" ] && echo "search ${search:-$domain}"; for server in $dns; do echo "nameserver $server"; done; } > /etc/resolv.conf
[ "$1" = bound ] && echo "LEASED $ip" > /dev/console
exit 0
T
# Who answers at http://NAME/cgi-bin/who: host name, address of the card, random bytes of this moment.
cat > r/www/cgi-bin/who <<'T'
#!/bin/busybox sh
printf 'Content-Type: text/plain\r\n\r\n%s %s %s\n' "$(hostname)" "$(cat /sys/class/net/eth*/address)" "$(head -c 8 /dev/urandom | xxd -p)"
T
chmod +x r/bin/cards r/bin/leased r/www/cgi-bin/who
mkdir -p r/sbin r/etc/acpi/PWRF
printf '#!/bin/busybox sh\n/bin/poweroff -f\n' | tee r/sbin/shutdown > r/etc/acpi/PWRF/00000080
chmod +x r/init r/sbin/shutdown r/etc/acpi/PWRF/00000080
(cd r && find . | cpio -o -H newc --quiet | gzip -1) > initrd.img
vmlinuz=$(ls x/boot/vmlinuz-*)
offset=$(LC_ALL=C grep -obUaP '\xFD7zXZ\x00' "$vmlinuz" | head -1 | cut -d: -f1)
if [ -n "$offset" ]; then
  tail -c +$((offset + 1)) "$vmlinuz" | xz -dc --single-stream > vmlinux
else
  cp "$vmlinuz" vmlinux # packed some other way: QEMU starts it too, only slower
fi
qemu-img create -q -f qcow2 disk.qcow2 64M
mv vmlinux disk.qcow2 "$out/" && mv initrd.img "$out/initrd.img"
