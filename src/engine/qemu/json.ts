/** What JSON.parse can yield; the readers below narrow it without trusting the sender. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

/** The parsed text, or undefined when it is not JSON. */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json // JSON.parse yields exactly this type; lib.d.ts calls it any
  } catch {
    return undefined // the sender wrote something else: the caller says what that means
  }
}

export function asObject(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}
export function asArray(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : []
}
export function asString(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null
}
export function asNumber(value: Json | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}
