#!/bin/sh
# Hook of udhcpc ($1: bound, renew …) and dhclient ($reason: BOUND, RENEW …): gives eth0 its address and writes what
# was offered to $DIPTYCH_LEASE. Touches nothing outside the network namespace.
case "$1$reason" in
bound | renew) address=$ip prefix=$mask ;;
BOUND | RENEW | REBOOT) address=$new_ip_address prefix=$new_subnet_mask mtu=$new_interface_mtu hostname=$new_host_name domain=$new_domain_name
    search=$new_domain_search dns=$new_domain_name_servers lease=$new_dhcp_lease_time serverid=$new_dhcp_server_identifier router=$new_routers ;;
*) exit 0 ;;
esac
ip addr replace "$address/$prefix" dev eth0
printf '%s\n' "address=$address" "mask=$prefix" "mtu=$mtu" "hostname=$hostname" "domain=$domain" "search=$search" "dns=$dns" \
    "lease=$lease" "serverid=$serverid" "router=$router" >"$DIPTYCH_LEASE"
