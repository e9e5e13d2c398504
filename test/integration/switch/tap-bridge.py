"""Joins a network namespace to a switch: a tap device on one side, a stream of length-headed frames on the other.

usage: tap-bridge.py SOCKET NAMESPACE MAC [MTU [DEVICE]] -- prints "ready" once frames flow, ends with the switch.
Linux only: tuntap.rst (TUNSETIFF with IFF_TAP | IFF_NO_PI) and network namespaces.
"""
import ctypes, fcntl, os, select, socket, struct, subprocess, sys

path, namespace, mac = sys.argv[1:4]
mtu = sys.argv[4] if len(sys.argv) > 4 else "1500"
device = sys.argv[5] if len(sys.argv) > 5 else "eth0"
libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
with open(f"/run/netns/{namespace}") as handle:
    if libc.setns(handle.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")

tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
fcntl.ioctl(tap, 0x400454CA, struct.pack("16sH22x", device.encode(), 0x0002 | 0x1000))
subprocess.run(["ip", "link", "set", device, "address", mac, "mtu", mtu], check=True)
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
subprocess.run(["ip", "link", "set", device, "up"], check=True)

wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
wire.connect(path)
wire.setblocking(True)
print("ready", flush=True)
pending = bytearray()
while True:
    readable, _, _ = select.select([tap, wire], [], [])
    if tap in readable:
        frame = os.read(tap, 70000)
        wire.sendall(struct.pack("!I", len(frame)) + frame)
    if wire in readable:
        received = wire.recv(262144)
        if not received:
            sys.exit(0)
        pending += received
        at = 0
        while len(pending) - at >= 4:
            (length,) = struct.unpack_from("!I", pending, at)
            if len(pending) - at < 4 + length:
                break
            try:
                os.write(tap, pending[at + 4 : at + 4 + length])
            except (BlockingIOError, OSError):
                pass
            at += 4 + length
        del pending[:at]
