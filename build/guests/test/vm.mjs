// One guest in one QEMU, started as the app would start it but with user networking, on a throw-away overlay.
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JsonLines, until } from './lines.mjs';

// SMAP crashes the stand-in's kernel under QEMU 7.2's emulation; this model has none and what the guests' libraries need.
const emulatedCpu = 'qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16';

const freePort = () => new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

function bootArguments(boot, images, folder) {
  if (boot === 'pvh') return ['-kernel', join(images, 'vmlinux'), '-initrd', join(images, 'initrd.img'), '-append', readFileSync(join(images, 'cmdline'), 'utf8').trim()];
  if (boot === 'bios') return [];
  const vars = join(folder, 'vars.fd');
  copyFileSync('/usr/share/OVMF/OVMF_VARS_4M.fd', vars);
  return ['-drive', 'if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd', '-drive', `if=pflash,format=raw,file=${vars}`];
}

export class Vm {
  /** boot: pvh | bios | uefi; gpu: a -device value; nic: a network card's model. */
  static async start({ images, boot, memoryMiB, name, gpu = 'virtio-vga,xres=1280,yres=800', nic = 'virtio-net-pci', usb = false }) {
    const vm = new Vm();
    vm.folder = mkdtempSync(join(tmpdir(), 'diptych-guest-'));
    vm.port = await freePort();
    vm.startedAt = Date.now();
    const at = (file) => join(vm.folder, file);
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', join(images, 'disk.qcow2'), '-F', 'qcow2', at('overlay.qcow2')]);
    const input = usb ? ['-device', 'qemu-xhci', '-device', 'usb-tablet', '-device', 'usb-kbd'] : ['-device', 'virtio-tablet-pci', '-device', 'virtio-keyboard-pci'];
    vm.process = spawn('qemu-system-x86_64', [
      '-machine', 'q35', '-accel', 'tcg,thread=multi,tb-size=256', '-cpu', emulatedCpu,
      '-smp', '1,maxcpus=2', '-m', String(memoryMiB), '-display', 'none', '-serial', `file:${at('serial')}`,
      '-qmp', `unix:${at('qmp')},server=on,wait=off`,
      '-drive', `file=${at('overlay.qcow2')},if=none,id=disk,cache=unsafe`, '-device', 'virtio-blk-pci,drive=disk',
      '-netdev', `user,id=net,hostfwd=tcp:127.0.0.1:${vm.port}-:80`, '-device', `${nic},netdev=net,romfile=`,
      '-vga', 'none', '-device', gpu, ...input, '-device', 'virtio-balloon-pci', '-device', 'virtio-rng-pci', '-device', 'virtio-serial-pci',
      '-chardev', `socket,path=${at('agent')},server=on,wait=off,id=agent`, '-device', 'virtserialport,chardev=agent,name=org.qemu.guest_agent.0',
      '-fw_cfg', `name=opt/diptych/name,string=${name}`, '-fw_cfg', 'name=opt/diptych/url,string=http://127.0.0.1/',
      ...bootArguments(boot, images, vm.folder),
    ], { stdio: ['ignore', 'ignore', 'inherit'] });
    vm.ended = new Promise((resolve) => vm.process.once('exit', () => resolve(true)));
    process.once('exit', () => vm.process.kill('SIGKILL'));
    vm.qmp = await JsonLines.open(at('qmp'));
    await vm.qmp.call('qmp_capabilities');
    vm.agent = await JsonLines.open(at('agent'));
    return vm;
  }

  secondsSinceStart() {
    return (Date.now() - this.startedAt) / 1000;
  }

  /** The MARK lines so far: what -> seconds of the guest's uptime. */
  marks() {
    const lines = readFileSync(join(this.folder, 'serial'), 'latin1').matchAll(/MARK (\S+) ([\d.]+)/g);
    return Object.fromEntries([...lines].map(([, what, uptime]) => [what, Number(uptime)]));
  }

  mark(what, timeoutMs) {
    return until(`MARK ${what} (serial: ${readFileSync(join(this.folder, 'serial'), 'latin1').slice(-300)})`, timeoutMs, () => this.marks()[what]);
  }

  /** Runs a program through the agent; its output, or an error with what it said. */
  async run(path, ...arg) {
    const { pid } = await this.agent.call('guest-exec', { path, arg, 'capture-output': true });
    const done = await until(`${path} ${arg.join(' ')}`, 60_000, async () => {
      const status = await this.agent.call('guest-exec-status', { pid });
      return status.exited ? status : undefined;
    });
    const text = (data) => Buffer.from(data ?? '', 'base64').toString();
    if (done.exitcode !== 0) throw new Error(`${path} ${arg.join(' ')}: exit ${done.exitcode}: ${text(done['err-data'])}`);
    return text(done['out-data']);
  }

  tool(...args) {
    return this.run('/usr/local/bin/diptych-guest', ...args);
  }

  /** The screen as { width, height, share(rgb) }: how much of it has that colour. */
  async screen() {
    const file = join(this.folder, 'screen.ppm');
    await this.qmp.call('screendump', { filename: file });
    const data = readFileSync(file);
    const header = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(data.subarray(0, 64).toString('latin1'));
    const [width, height] = [Number(header[1]), Number(header[2])];
    const share = ([r, g, b]) => {
      let hits = 0;
      for (let i = header[0].length; i + 2 < data.length; i += 3) hits += Math.abs(data[i] - r) < 4 && Math.abs(data[i + 1] - g) < 4 && Math.abs(data[i + 2] - b) < 4;
      return hits / (width * height);
    };
    return { width, height, share };
  }

  async stop() {
    this.process.kill('SIGKILL');
    await this.ended;
    this.qmp?.close();
    this.agent?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
