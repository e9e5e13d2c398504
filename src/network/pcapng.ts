import { asciiBytes, concat } from './bytes.ts'

/** pcapng blocks (draft-ietf-opsawg-pcapng), little-endian. */
const SECTION_HEADER = 0x0a0d0d0a
const INTERFACE_DESCRIPTION = 1
const ENHANCED_PACKET = 6
const LINKTYPE_ETHERNET = 1

/** Option codes: the comment any block may carry, and the interface's name and description. */
const OPTION = { end: 0, comment: 1, interfaceName: 2, interfaceDescription: 3, interfaceTimeResolution: 9, packetFlags: 2 } as const

/** The beginning of a capture: a section of unknown length. Interfaces follow as they are first seen. */
export function pcapngSection(comment: string): Uint8Array {
  return block(SECTION_HEADER, concat(u32le(0x1a2b3c4d), u16le(1), u16le(0), u32le(0xffff_ffff), u32le(0xffff_ffff), option(OPTION.comment, asciiBytes(comment)), END))
}

/** An interface; packets name it by its place in the section, from 0. Times are microseconds. */
export function pcapngInterface(name: string, description: string): Uint8Array {
  const options = [option(OPTION.interfaceName, asciiBytes(name)), option(OPTION.interfaceDescription, asciiBytes(description)), option(OPTION.interfaceTimeResolution, Uint8Array.of(6)), END]
  return block(INTERFACE_DESCRIPTION, concat(u16le(LINKTYPE_ETHERNET), u16le(0), u32le(0), ...options))
}

/** One frame as its port saw it: `inbound` reaches the guest (flags, §4.3.1: 1 inbound, 2 outbound). */
export function pcapngPacket(interfaceNumber: number, frame: Uint8Array, epochMicroseconds: number, inbound: boolean, maxBytes: number): Uint8Array {
  const kept = frame.subarray(0, maxBytes)
  const high = Math.floor(epochMicroseconds / 0x1_0000_0000)
  const low = epochMicroseconds % 0x1_0000_0000
  const head = concat(u32le(interfaceNumber), u32le(high), u32le(low), u32le(kept.length), u32le(frame.length))
  return block(ENHANCED_PACKET, concat(head, padded(kept), option(OPTION.packetFlags, u32le(inbound ? 1 : 2)), END))
}

function block(type: number, body: Uint8Array): Uint8Array {
  const length = u32le(body.length + 12)
  return concat(u32le(type), length, body, length)
}

/** Its length has two bytes: more of a value is left out. */
function option(code: number, whole: Uint8Array): Uint8Array {
  const value = whole.subarray(0, 0xffff)
  return concat(u16le(code), u16le(value.length), padded(value))
}

function padded(bytes: Uint8Array): Uint8Array {
  return bytes.length % 4 === 0 ? bytes : concat(bytes, new Uint8Array(4 - (bytes.length % 4)))
}

function u16le(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8)
}

function u32le(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24)
}

const END = new Uint8Array(4)
