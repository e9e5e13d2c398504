#!/bin/sh
# Runs systemd-networkd as it comes, without the rest of systemd, in this network namespace (`ip netns exec` has given
# it a mount namespace too) until eth0 has a lease and its MTU, an advertised resolver and prefix; then prints what it
# knows of eth0.
# $1: its configuration.
set -eu
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/network /run/systemd/netif
chown -R systemd-network:systemd-network /run/systemd/netif
cp "$1" /run/systemd/network/10-eth0.network
# With /sys read only networkd expects no udev and takes links as they are (systemd, src/libsystemd/sd-device/device-util).
mount -o remount,ro /sys
SYSTEMD_LOG_TARGET=console /lib/systemd/systemd-networkd >&2 &
index=$(cat /sys/class/net/eth0/ifindex)
state=/run/systemd/netif/links/$index
tries=0
until grep -q '^OPER_STATE=routable' "$state" 2>/dev/null && [ -s "/run/systemd/netif/leases/$index" ] && grep -q '^DNS=.*fd' "$state" &&
  ip -6 -o addr show dev eth0 scope global | grep -q 'inet6 fd' && [ "$(cat /sys/class/net/eth0/mtu)" != 1500 ]; do
  tries=$((tries + 1))
  [ $tries -lt 3000 ] || break
  sleep 0.1
done
cat "$state" "/run/systemd/netif/leases/$index"
ip -4 -o addr show dev eth0
ip -6 -o addr show dev eth0 scope global
ip route show default
ip -6 route show default
echo "mtu=$(cat /sys/class/net/eth0/mtu)"
kill $!
