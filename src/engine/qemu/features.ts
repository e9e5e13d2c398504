import { asArray, asObject, asString, parseJson, type Json, type JsonObject } from './json.ts'

/** What one QEMU binary can do, asked of the binary itself (never guessed from its version). */
export interface QemuFeatures {
  readonly version: string
  /** The distribution's own name for this build; saved states do not pass between builds. May be empty. */
  readonly build: string
  /** The versioned machine types behind the aliases, e.g. `pc-q35-7.2`. */
  readonly machines: { readonly q35: string; readonly pc: string }
  readonly netStream: boolean
  readonly netReconnect: 'reconnect-ms' | 'reconnect' | null
  readonly screenshotPng: boolean
  readonly clipboard: boolean
  readonly balloon: boolean
  readonly freePageReporting: boolean
  readonly deflateOnOom: boolean
  readonly ignoreShared: boolean
  readonly sandbox: boolean
  readonly virtioVga: boolean
  readonly generationId: boolean
  readonly virtioMem: boolean
  /** Whether guest memory can be a private, writable mapping of a file opened for reading alone (QEMU 8.2: `readonly=on,rom=off`). */
  readonly readOnlyRam: boolean
}

/** The commands whose answers `readFeatures` wants, in this order. */
export const featureQuestions: readonly { command: string; parameters?: JsonObject }[] = [
  { command: 'query-version' },
  { command: 'query-machines' },
  { command: 'query-qmp-schema' },
  { command: 'device-list-properties', parameters: { typename: 'virtio-balloon-pci' } },
  { command: 'query-command-line-options', parameters: { option: 'sandbox' } },
  { command: 'qom-list-types', parameters: { implements: 'device' } },
  { command: 'qom-list-properties', parameters: { typename: 'memory-backend-file' } },
]

export function readFeatures(answers: readonly Json[]): QemuFeatures {
  const [version, machines, schemaAnswer, balloon, sandbox, devices, ramFile] = answers
  const schema = new Schema(schemaAnswer)
  const stream = schema.variant('netdev_add', 'stream')
  const balloonProperties = namesIn(balloon)
  const deviceTypes = namesIn(devices)
  const qemu = asObject(asObject(version)['qemu'])
  return {
    version: `${asNumberText(qemu['major'])}.${asNumberText(qemu['minor'])}.${asNumberText(qemu['micro'])}`,
    build: asString(asObject(version)['package']) ?? '',
    machines: { q35: aliased(machines, 'q35'), pc: aliased(machines, 'pc') },
    netStream: stream !== null,
    netReconnect: stream?.has('reconnect-ms') === true ? 'reconnect-ms' : stream?.has('reconnect') === true ? 'reconnect' : null,
    screenshotPng: schema.enumMember('screendump', 'format', 'png'),
    clipboard: schema.backend('chardev-add', 'backend', 'qemu-vdagent'),
    balloon: deviceTypes.has('virtio-balloon-pci'),
    freePageReporting: balloonProperties.has('free-page-reporting'),
    deflateOnOom: balloonProperties.has('deflate-on-oom'),
    ignoreShared: schema.mentions('x-ignore-shared'),
    sandbox: asArray(sandbox).some((option) => asArray(asObject(option)['parameters']).some((parameter) => asObject(parameter)['name'] === 'spawn')),
    virtioVga: deviceTypes.has('virtio-vga'),
    generationId: deviceTypes.has('vmgenid'),
    virtioMem: deviceTypes.has('virtio-mem-pci'),
    readOnlyRam: namesIn(ramFile).has('rom'),
  }
}

/** Features written by an earlier probe, or null when the text is not of this form. */
export function parseFeatures(text: string): QemuFeatures | null {
  const found = asObject(parseJson(text))
  const machines = asObject(found['machines'])
  const whole = asString(found['version']) !== null && asString(found['build']) !== null && asString(machines['q35']) !== null && typeof found['readOnlyRam'] === 'boolean'
  return whole ? (found as unknown as QemuFeatures) : null // written by us from a QemuFeatures; the check above tells versions apart
}

/** Reads the generated introspection schema (QEMU, docs/devel/qapi-code-gen, "Client JSON Protocol introspection"). */
class Schema {
  readonly #types = new Map<string, JsonObject>()
  constructor(answer: Json | undefined) {
    for (const entry of asArray(answer).map(asObject)) this.#types.set(asString(entry['name']) ?? '', entry)
  }
  #type(name: Json | undefined): JsonObject {
    return this.#types.get(asString(name) ?? '') ?? {}
  }
  #members(type: JsonObject): JsonObject[] {
    return asArray(type['members']).map(asObject)
  }
  #argument(command: string): JsonObject {
    return this.#type(this.#type(command)['arg-type'])
  }
  /** Member names of one variant of a command's argument; null when there is no such variant. */
  variant(command: string, name: string): Set<string> | null {
    const found = asArray(this.#argument(command)['variants']).map(asObject).find((variant) => variant['case'] === name)
    return found === undefined ? null : new Set(this.#members(this.#type(found['type'])).map((member) => asString(member['name']) ?? ''))
  }
  enumMember(command: string, member: string, value: string): boolean {
    const type = this.#type(this.#members(this.#argument(command)).find((candidate) => candidate['name'] === member)?.['type'])
    return asArray(type['values']).includes(value)
  }
  backend(command: string, member: string, name: string): boolean {
    const type = this.#type(this.#members(this.#argument(command)).find((candidate) => candidate['name'] === member)?.['type'])
    return asArray(type['variants']).some((variant) => asObject(variant)['case'] === name)
  }
  mentions(enumValue: string): boolean {
    return [...this.#types.values()].some((type) => asArray(type['values']).includes(enumValue))
  }
}

function aliased(machines: Json | undefined, alias: string): string {
  const found = asArray(machines).map(asObject).find((machine) => machine['alias'] === alias)
  return asString(found?.['name']) ?? alias
}
function namesIn(list: Json | undefined): Set<string> {
  return new Set(asArray(list).map((entry) => asString(asObject(entry)['name']) ?? ''))
}
function asNumberText(value: Json | undefined): string {
  return typeof value === 'number' ? String(value) : '0'
}
