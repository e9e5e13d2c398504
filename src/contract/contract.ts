import { disc } from './disc.ts'
import { guest } from './guest.ts'
import { host } from './host.ts'
import { image } from './image.ts'
import { library } from './library.ts'
import { network } from './network.ts'
import { os } from './os.ts'
import { snapshot } from './snapshot.ts'
import { stage } from './stage.ts'
import { task } from './task.ts'
import { template } from './template.ts'
import { trash } from './trash.ts'
import { web } from './web.ts'

/** Everything a client may ask. One file per noun; methods are `noun.verb`. */
export const contract = { disc, host, guest: { ...guest, ...library }, image, network, os, snapshot, stage, task, template, trash, web }
export type Contract = typeof contract
