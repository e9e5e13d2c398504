import { describe, expect, test } from 'vitest'
import { GuestInspection } from '../../contract/guest-agent.ts'
import { fakeAgent } from '../../../test/fake/agent.ts'
import { decodeBase64, encodeBase64 } from './base64.ts'

describe('facts', () => {
  test('file systems and users are checked, not believed', async () => {
    const { client } = fakeAgent((command) => ({
      return:
        command === 'guest-get-fsinfo'
          ? [
              { name: 'vda1', mountpoint: '/', type: 'ext4', 'total-bytes': 1000, 'used-bytes': 400, disk: [] },
              { name: 'old', mountpoint: '/old', type: 'ext4' },
              { name: 'odd', mountpoint: '/odd\u001b[2J', type: 7, 'total-bytes': 5, 'used-bytes': 9 },
              { name: 'no mount point' },
              null,
            ]
          : [{ user: 'person', 'login-time': 1.5 }, { user: 'Person', domain: 'OFFICE', 'login-time': 'late' }, { domain: 'x' }],
    }))
    expect(await client.fileSystems()).toEqual([
      { mountPoint: '/', type: 'ext4', device: 'vda1', totalBytes: 1000, freeBytes: 600 },
      { mountPoint: '/old', type: 'ext4', device: 'old', totalBytes: null, freeBytes: null },
      { mountPoint: '/odd[2J', type: '', device: 'odd', totalBytes: null, freeBytes: null },
    ])
    expect(await client.users()).toEqual([
      { name: 'person', domain: null, since: 1500 },
      { name: 'Person', domain: 'OFFICE', since: null },
    ])
  })

  test('a time that no calendar of ours has is not known: it would not pass as an answer', async () => {
    const { client } = fakeAgent(() => ({ return: [253_402_300_799, 253_402_300_800, 8.64e12, -1].map((time) => ({ user: 'person', 'login-time': time })) }))
    const told = (await client.users()).map(({ since }) => (since === null ? null : new Date(since).toISOString()))
    expect(told).toEqual(['9999-12-31T23:59:59.000Z', null, null, null])
    expect(told.every((since) => GuestInspection.shape.users.safeParse([{ name: 'person', domain: null, since }]).success)).toBe(true)
  })

  test('lists longer than a view can show are cut', async () => {
    const { client } = fakeAgent(() => ({ return: Array.from({ length: 5000 }, (_, index) => ({ user: `u${index}` })) }))
    expect(await client.users()).toHaveLength(64)
  })
})

describe('freezing', () => {
  const asked = (stream: { written: string[] }, command: string) => stream.written.filter((each) => each.includes(command)).length

  test('a guest that refuses was not frozen, and is not thawed', async () => {
    const { stream, client } = fakeAgent((command) => (command === 'guest-fsfreeze-freeze' ? { error: { desc: 'no' } } : { return: 1 }))
    await expect(client.freeze(1000)).rejects.toThrow('refused guest-fsfreeze-freeze')
    await client.thaw(1000)
    expect(asked(stream, 'guest-fsfreeze-thaw')).toBe(0)
  })

  test('a freeze whose answer is late is thawed all the same', async () => {
    const { stream, client } = fakeAgent((command) => (command === 'guest-fsfreeze-freeze' ? null : { return: 1 }))
    await expect(client.freeze(20)).rejects.toThrow('within 20 ms')
    await client.thaw(1000)
    expect(asked(stream, 'guest-fsfreeze-thaw')).toBe(1)
  })

  test('a guest that could not be thawed when it should is thawed when it is heard again', async () => {
    let deaf = false
    let frozen = false
    const { client } = fakeAgent((command) => {
      if (deaf) return null
      if (command === 'guest-fsfreeze-freeze' && frozen) return { error: { desc: 'it has been disabled: the agent is in frozen state' } }
      if (command === 'guest-fsfreeze-freeze') frozen = true
      if (command === 'guest-fsfreeze-thaw') frozen = false
      return { return: command === 'guest-fsfreeze-status' ? (frozen ? 'frozen' : 'thawed') : 1 }
    })
    await client.freeze(1000)
    deaf = true
    await expect(client.thaw(20)).rejects.toThrow('within 20 ms')
    deaf = false
    await expect(client.freeze(1000)).rejects.toThrow('frozen state')
    expect(await client.thawLeftover()).toBe(false) // whoever asked for the second freeze thaws
    await client.thaw(1000)
    expect(frozen).toBe(false)
    await client.freeze(1000)
    deaf = true
    await expect(client.thaw(20)).rejects.toThrow('within 20 ms')
    deaf = false
    expect(await client.thawLeftover()).toBe(true)
    expect(frozen).toBe(false)
  })

  test('what an earlier host left frozen is thawed; what this one holds is not', async () => {
    let status = 'frozen'
    const { stream, client } = fakeAgent((command) => ({ return: command === 'guest-fsfreeze-status' ? status : 2 }))
    expect(await client.freeze(1000)).toBe(2)
    expect(await client.thawLeftover()).toBe(false)
    await client.thaw(1000)
    expect(await client.thawLeftover()).toBe(true)
    status = 'thawed'
    expect(await client.thawLeftover()).toBe(false)
    expect(asked(stream, '"guest-fsfreeze-thaw"')).toBe(2)
  })
})

test('a command that the guest’s owner has switched off says where to switch it on', async () => {
  const refusing = (desc: string) => fakeAgent(() => ({ error: { desc } })).client.openFile('/x', 'read')
  await expect(refusing('Command guest-file-open has been disabled')).rejects.toMatchObject({ remedy: expect.stringContaining('/etc/sysconfig/qemu-ga') })
  await expect(refusing('Command guest-file-open has been disabled: the agent is in frozen state')).rejects.toMatchObject({ remedy: undefined })
})

describe('host name', () => {
  const named = async (id: string | null, exitcode = 0) => {
    const run: string[] = []
    const { client } = fakeAgent((command, parameters) => {
      if (command === 'guest-get-osinfo') return id === null ? { error: { desc: 'unknown command' } } : { return: { id } }
      if (id === 'mswindows' && parameters['path'] === '/bin/sh') return { error: { desc: 'Failed to execute child process' } }
      if (command === 'guest-exec') run.push(`${String(parameters['path'])} ${String(parameters['arg'])}`)
      return { return: command === 'guest-exec' ? { pid: 1 } : { exited: true, exitcode, 'err-data': 'bm8=' } }
    })
    return { run, when: await client.setHostName('clone-1') }
  }

  test('is set by the system’s own means', async () => {
    for (const id of ['debian', null]) {
      const { run, when } = await named(id)
      expect([when, run.length]).toEqual(['now', 1])
      expect(run[0]).toMatch(/^\/bin\/sh -c,.*hostnamectl.*,sh,clone-1$/s)
    }
    const { run, when } = await named('mswindows')
    expect([when, run[0]]).toEqual(['next-boot', expect.stringMatching(/powershell\.exe .*Rename-Computer -NewName 'clone-1'/)])
  })

  test('tells why it could not be', async () => {
    await expect(named('debian', 1)).rejects.toThrow('could not be named clone-1: no')
    const { client } = fakeAgent((command) => (command === 'guest-get-osinfo' ? { return: { id: 'fedora' } } : { error: { desc: 'guest-exec has been disabled' } }))
    await expect(client.setHostName('clone-1')).rejects.toThrow('guest-exec has been disabled')
  })

  test('never takes anything but a DNS label into a command', async () => {
    const { client, stream } = fakeAgent(() => ({ return: {} }))
    for (const name of ["x'; reboot", 'Büro', '', '-x', 'a b', '$(x)']) await expect(client.setHostName(name)).rejects.toThrow('is no host name')
    expect(stream.written.some((each) => each.includes('guest-exec'))).toBe(false)
  })
})

describe('base64', () => {
  test('is what everybody else writes, and comes back', () => {
    for (let length = 0; length < 70; length += 1) {
      const bytes = Uint8Array.from({ length }, (_, index) => (index * 97 + length) % 256)
      const text = Buffer.from(bytes).toString('base64')
      expect(encodeBase64(bytes)).toBe(text)
      expect([...decodeBase64(text, 1000)]).toEqual([...bytes])
      expect([...decodeBase64(text, 10)]).toEqual([...bytes.subarray(0, 10)])
    }
  })
})
