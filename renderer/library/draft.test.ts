import { describe, expect, it } from 'vitest'
import type { ImageReport } from '../../src/contract/image.ts'
import { emptyDraft, originOf, requestOf, vcpusProblem } from './draft.ts'

const report = (change: Partial<ImageReport>): ImageReport => ({ source: '/x', format: 'qcow2', what: 'qcow2 disk', machine: null, warnings: [], refusal: null, ...change })

describe('what a new guest is made from', () => {
  it('is unknown until the file has been looked at, and when it would be refused', () => {
    expect(originOf(emptyDraft, { path: '/x.vmdk' }, null)).toBeNull()
    expect(originOf(emptyDraft, { path: '/x.vmdk' }, report({ refusal: { reason: 'names a file outside', remedy: null } }))).toBeNull()
  })

  it('installs from a disc that has a path, and imports one that was uploaded', () => {
    expect(originOf(emptyDraft, { path: '/x.iso' }, report({ format: 'iso' }))).toEqual({ kind: 'iso', path: '/x.iso' })
    const upload = '0'.repeat(32)
    expect(originOf(emptyDraft, { upload }, report({ format: 'iso' }))).toEqual({ kind: 'disk', source: { upload }, mode: 'copy' })
  })

  it('never leaves an upload in place: it has no place', () => {
    const upload = '1'.repeat(32)
    expect(originOf({ ...emptyDraft, mode: 'in-place' }, { upload }, report({}))).toMatchObject({ mode: 'copy' })
    expect(originOf({ ...emptyDraft, mode: 'in-place' }, { path: '/x' }, report({}))).toMatchObject({ mode: 'in-place' })
  })
})

describe('the request', () => {
  it('names only what a person decided', () => {
    expect(requestOf(emptyDraft, { kind: 'empty' })).toEqual({ from: { kind: 'empty' } })
    expect(requestOf({ ...emptyDraft, name: 'build-server', memoryMiB: 2048, diskMiB: 40_960 }, { kind: 'empty' })).toEqual({ from: { kind: 'empty' }, name: 'build-server', memoryMiB: 2048, diskMiB: 40_960 })
  })

  it('leaves out a number of vCPUs that is none, which is told beside its field', () => {
    expect(requestOf({ ...emptyDraft, vcpus: 0 }, { kind: 'empty' })).toEqual({ from: { kind: 'empty' } })
    expect([0, -1, 65].map(vcpusProblem)).toEqual(Array(3).fill('Type a whole number from 1 to 64.'))
    expect([null, 1, 64].map(vcpusProblem)).toEqual([null, null, null])
  })

  it('leaves out a name that is none, and a size for a disk that has one', () => {
    const from = { kind: 'disk', source: { path: '/x' }, mode: 'copy' } as const
    expect(requestOf({ ...emptyDraft, name: 'Not a name', diskMiB: 10 }, from)).toEqual({ from })
  })
})
