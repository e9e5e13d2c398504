import { guest } from './guest.ts'
import { host } from './host.ts'
import { network } from './network.ts'
import { snapshot } from './snapshot.ts'
import { stage } from './stage.ts'
import { task } from './task.ts'
import { web } from './web.ts'

/** Everything a client may ask. One file per noun; methods are `noun.verb`. */
export const contract = { host, guest, network, snapshot, stage, task, web }
export type Contract = typeof contract
