import { readFileSync } from 'node:fs'
import type { MachineSpec } from '../../../src/engine/engine.ts'
import type { Directories } from '../../../src/node/paths.ts'
import { createQemuEngine } from '../../../src/node/qemu/engine.ts'

/** A host of its own, to be killed: starts the machine described in the file given, says so, and stays. */
const order = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as { spec: MachineSpec; directories: Directories }
const engine = createQemuEngine({ directories: order.directories })
const machine = await engine.start(order.spec, { from: { kind: 'savable' } })
machine.subscribe(() => undefined)
process.stdout.write(`started ${machine.processId}\n`)
setInterval(() => undefined, 1_000)
