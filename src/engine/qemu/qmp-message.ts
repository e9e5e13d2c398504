import { asNumber, asObject, asString, parseJson, type Json, type JsonObject } from './json.ts'

/** One line from QEMU (docs/interop/qmp-spec.txt, "Protocol Specification"). */
export type QmpMessage =
  | { readonly kind: 'greeting'; readonly version: string }
  | { readonly kind: 'return'; readonly id: number | null; readonly value: Json }
  | { readonly kind: 'error'; readonly id: number | null; readonly code: string; readonly text: string }
  | { readonly kind: 'event'; readonly name: string; readonly data: JsonObject }
  | { readonly kind: 'unknown' }

export function readQmpMessage(line: Uint8Array): QmpMessage {
  const message = asObject(parseJson(new TextDecoder().decode(line)))
  if ('QMP' in message) return { kind: 'greeting', version: versionOf(message['QMP']) }
  if ('event' in message) return { kind: 'event', name: asString(message['event']) ?? '', data: asObject(message['data']) }
  const id = asNumber(message['id'])
  if ('error' in message) {
    const error = asObject(message['error'])
    return { kind: 'error', id, code: asString(error['class']) ?? 'GenericError', text: asString(error['desc']) ?? 'no description' }
  }
  if ('return' in message) return { kind: 'return', id, value: message['return'] ?? null }
  return { kind: 'unknown' }
}

export function writeQmpCommand(id: number, command: string, parameters?: JsonObject): Uint8Array {
  const message = parameters === undefined ? { execute: command, id } : { execute: command, arguments: parameters, id }
  return new TextEncoder().encode(`${JSON.stringify(message)}\r\n`)
}

function versionOf(greeting: Json | undefined): string {
  const qemu = asObject(asObject(asObject(greeting)['version'])['qemu'])
  return [qemu['major'], qemu['minor'], qemu['micro']].map((part) => asNumber(part) ?? 0).join('.')
}
