import { decode, encode, type Answer } from 'dns-packet'
import { describe, expect, it } from 'vitest'
import { DnsPacketCodec } from './dns-codec.ts'

const codec = new DnsPacketCodec()
const question = { name: 'windows.diptych.internal', type: 'A' } as const

/** A query that claims to bring `answers` answers, each of 120 labels by way of a pointer. */
function bomb(section: 'answers' | 'additionals'): Buffer {
  const bytes = Buffer.alloc(1_232)
  bytes.writeUInt16BE(1, 4)
  let at = 12
  for (let label = 0; label < 120; label++) at = bytes.writeUInt16BE(0x0161, at)
  at = bytes.writeUInt32BE(0x0000_0100, at) // the end of the name, type A and half of class IN
  at = bytes.writeUInt8(1, at)
  let records = 0
  for (; at + 14 <= bytes.length; records++) {
    bytes.writeUInt16BE(0xc00c, at)
    bytes.writeUInt16BE(2, at + 2) // NS: its data is a name too
    bytes.writeUInt16BE(2, at + 10)
    at = bytes.writeUInt16BE(0xc00c, at + 12)
  }
  bytes.writeUInt16BE(records, section === 'answers' ? 6 : 10)
  return bytes
}

describe('DnsPacketCodec', () => {
  it('reads a question, with what clients bring along', () => {
    const opt: Answer = { type: 'OPT', name: '.', udpPayloadSize: 1_232, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] }
    expect(codec.decode(encode({ type: 'query', id: 7, flags: 256, questions: [question], additionals: [opt] }))).toMatchObject({ id: 7, question: { ...question, class: 'IN' }, recursionDesired: true, isStandardQuery: true, hasEdns: true })
  })

  it.each(['answers', 'additionals'] as const)('calls a query full of %s malformed, without reading them', (section) => {
    const query = codec.decode(bomb(section))
    if (query === null) throw new Error('no query')
    expect(query.question).toBeNull()
    expect(decode(Buffer.from(codec.encodeError(query, 'FORMERR')))).toMatchObject({ rcode: 'FORMERR', questions: [] })
  })

  it('reads no two questions, and none at all', () => {
    expect(codec.decode(encode({ type: 'query', id: 7, questions: [question, question] }))).toMatchObject({ id: 7, question: null })
    expect(codec.decode(new Uint8Array(12))).toMatchObject({ question: null })
    expect(codec.decode(new Uint8Array(11))).toBeNull()
    expect(codec.decode(Uint8Array.from([0, 0, 0x80, ...new Uint8Array(30)]))).toBeNull()
  })
})
