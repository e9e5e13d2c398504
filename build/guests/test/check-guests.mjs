// Boots built guests and checks the contract of build/guests/README.md. Waits for conditions, never for a speed.
import { strict as assert } from 'node:assert';
import { readFileSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { until } from './lines.mjs';
import { Vm } from './vm.mjs';

const patience = 240_000;
const accents = { linux: [0x0b, 0x6e, 0x4f], 'windows-stand-in': [0x0b, 0x4f, 0x9e] };
const memoryMiB = { linux: 512, 'windows-stand-in': 768 };
const { values, positionals } = parseArgs({ allowPositionals: true, options: { shots: { type: 'string' }, boot: { type: 'string', default: 'pvh,bios,uefi' } } });

async function pageShown(vm, variant) {
  return until('the page on the screen', patience, async () => {
    const screen = await vm.screen();
    return screen.share(accents[variant]) > 0.3 ? screen : undefined;
  });
}

async function http(vm, path, options) {
  return fetch(`http://127.0.0.1:${vm.port}${path}`, { signal: AbortSignal.timeout(5_000), ...options });
}

/** Up to the page on the screen; the seconds it took. */
async function comesUp(vm, variant) {
  await vm.mark('web', patience);
  await until('an answer over HTTP', patience, () => http(vm, '/health', { signal: AbortSignal.timeout(700) }).then((r) => r.ok || undefined, () => undefined));
  const web = vm.secondsSinceStart();
  const screen = await pageShown(vm, variant);
  const page = vm.secondsSinceStart();
  assert.deepEqual([screen.width, screen.height], [1280, 800]);
  return `web ${web.toFixed(1)} s, page ${page.toFixed(1)} s; uptimes ${JSON.stringify(vm.marks())}`;
}

async function servesItsPage(vm, variant) {
  const page = await http(vm, '/');
  const html = await page.text();
  const nonce = (await (await http(vm, '/nonce')).text()).trim();
  assert.match(nonce, /^[0-9a-f]{32}$/);
  assert.equal((await vm.tool('nonce')).trim(), nonce);
  assert.ok(page.headers.get('server'));
  assert.match(html, /<meta http-equiv="refresh" content="3">/);
  assert.match(html, variant === 'linux' ? /<title>left — Debian \d+<\/title>/ : /<title>left — Windows stand-in \(Wine\)<\/title>/);
  for (let i = 0; i < 4; i++) assert.ok(html.includes(nonce.slice(i * 8, i * 8 + 8)), 'the nonce is on the page');
  const picture = await http(vm, `/qr-${nonce}.png`);
  assert.equal(Buffer.from(await picture.arrayBuffer()).subarray(1, 4).toString(), 'PNG');
  assert.equal((await (await http(vm, '/health')).text()).trim(), 'ok');
  assert.equal((await http(vm, '/nothing')).status, 404);
  assert.equal((await http(vm, '/', { method: 'HEAD' })).status, 200);
  assert.match(await vm.tool('access-log', '50'), /"GET \/nothing HTTP\/1\.1" 404 /);
}

async function answersTheHost(vm, variant) {
  await vm.agent.call('guest-ping');
  assert.ok((await vm.agent.call('guest-get-osinfo')).id);
  assert.ok((await vm.agent.call('guest-network-get-interfaces')).length > 1);
  await vm.agent.call('guest-set-time', { time: Date.now() * 1_000_000 });
  const info = JSON.parse(await vm.tool('info'));
  assert.equal(info.kind, variant);
  assert.equal(info.hostName, 'left');
  assert.equal('wine' in info, variant !== 'linux');
  const fetched = JSON.parse(await vm.tool('fetch', 'http://127.0.0.1/', '--timeout', '10'));
  assert.equal(fetched.status, 200);
  assert.match(fetched.title, /^left — /);
  const refused = JSON.parse(await vm.tool('fetch', 'http://127.0.0.1:9/', '--timeout', '5'));
  assert.equal(refused.status, 0);
  assert.ok(refused.error);
  assert.ok(JSON.parse(await vm.tool('memory')).MemAvailableKiB > 50_000);
  assert.ok(JSON.parse(await vm.tool('busy', '1')).perSecond > 0);
}

async function wakesAndStops(vm, variant) {
  const before = (await vm.tool('nonce')).trim();
  const after = (await vm.tool('wake')).trim();
  assert.match(after, /^[0-9a-f]{32}$/);
  assert.notEqual(after, before);
  await vm.tool('web', 'stop');
  await until('the web server to stop', 20_000, () => http(vm, '/health').then(() => undefined, () => true));
  // The browser, whose page is this server's, now says that it waits.
  await until('the waiting page', 60_000, async () => ((await vm.screen()).share([0x1b, 0x24, 0x30]) > 0.3 ? true : undefined));
  await vm.tool('web', 'start');
  await pageShown(vm, variant);
}

async function addsACpu(vm) {
  const [slot] = (await vm.qmp.call('query-hotpluggable-cpus')).filter((cpu) => !cpu['qom-path']);
  await vm.qmp.call('device_add', { driver: slot.type, id: 'cpu1', ...slot.props });
  await until('the second CPU', 30_000, async () => ((await vm.run('/usr/bin/nproc')).trim() === '2' ? true : undefined));
}

const steps = { comesUp, servesItsPage, answersTheHost, wakesAndStops, addsACpu };
let failures = 0;
let passed = 0;

async function checkBoot(images, variant, boot) {
  const vm = await Vm.start({ images, boot, memoryMiB: memoryMiB[variant], name: 'left', usb: boot === 'uefi', gpu: boot === 'bios' ? 'VGA,edid=on,xres=1280,yres=800' : undefined });
  const check = async (name, run) => {
    try {
      const note = await run();
      passed++;
      console.log(`ok   ${variant} ${boot}: ${name}${note ? ` (${note})` : ''}`);
    } catch (error) {
      failures++;
      console.log(`FAIL ${variant} ${boot}: ${name}: ${error.message}`);
    }
  };
  for (const [name, step] of Object.entries(steps)) {
    await check(name, () => step(vm, variant));
    if (name === 'comesUp' && values.shots) {
      mkdirSync(values.shots, { recursive: true });
      await vm.qmp.call('screendump', { filename: resolve(values.shots, `${variant}-${boot}.png`), format: 'png' });
    }
  }
  // One way of switching off per way of starting: the ACPI button, and the agent's.
  await check('powers off', async () => {
    if (boot === 'bios') await vm.agent.call('guest-shutdown', {}, 2000).catch(() => {});
    else await vm.qmp.call('system_powerdown');
    await until('power off', 60_000, () => Promise.race([vm.ended, new Promise((r) => setTimeout(r, 100))]));
  });
  await vm.stop();
}

for (const images of positionals.map((folder) => resolve(folder))) {
  const { variant } = JSON.parse(readFileSync(join(images, 'manifest.json'), 'utf8'));
  for (const boot of values.boot.split(',')) await checkBoot(images, variant, boot);
}
console.log(`${passed} passed, ${failures} failed`);
process.exit(failures > 0 || passed === 0 ? 1 : 0);
