import { join } from 'node:path'
import { GuestName } from '../../contract/names.ts'
import type { Adoption, MachineStatus } from '../../engine/engine.ts'
import { asObject, asString } from '../../engine/qemu/json.ts'
import { machineStatus } from '../../engine/qemu/machine-event.ts'
import { QmpSession } from '../../engine/qemu/qmp-session.ts'
import type { CpuCapPort } from '../cgroup/cpu-cap.ts'
import { commandLineHolds, isAlive, type ProcessIdentity } from '../process/process-identity.ts'
import type { Directories } from '../paths.ts'
import { incubatorsDirectory, runLayout, runsDirectory, type RunLayout } from './layout.ts'
import type { EngineLogger } from './logger.ts'
import { QemuMachine, type MachineParts } from './machine.ts'
import type { QemuProbe } from './probe.ts'
import { examineRun, removeMemory, removeRunFiles, runNames, sweepRun } from './run-directory.ts'
import { type RunRecord, writeRunRecord } from './run-record.ts'
import { sweepIncubators } from './template-incubator.ts'
import { healFromCopy } from './running-disk-copy.ts'
import { healFromTemplate } from './template-mark.ts'
import { sweepWarmStates } from './warm-directory.ts'
import { byteStream, connectWhenReady } from './unix-stream.ts'

export interface AdoptContext {
  readonly directories: Directories
  readonly probe: () => Promise<QemuProbe>
  readonly cpuCap: CpuCapPort
  readonly logger: EngineLogger
  readonly onSaved: MachineParts['onSaved']
}

const answerTimeoutMs = 5_000

/**
 * Looks at every run directory: machines that are alive and answer with their own uuid are taken over as they are;
 * leftovers of dead ones are swept. One that is alive but does not answer is left alone and reported.
 */
export async function adoptMachines(context: AdoptContext): Promise<Adoption[]> {
  context.cpuCap.sweep()
  await sweepIncubators(incubatorsDirectory(context.directories))
  await sweepWarmStates(join(context.directories.cache, 'warm'))
  const names = runNames(runsDirectory(context.directories)).map((name) => GuestName.safeParse(name).data).filter((name) => name !== undefined)
  const found = await Promise.all(
    names.map((name) =>
      adoptOne(runLayout(context.directories, name), context).catch((error: unknown) => {
        context.logger.warn({ guest: name, error: String(error) }, 'a running guest could not be adopted')
        return null
      }),
    ),
  )
  return found.filter((adoption) => adoption !== null)
}

async function adoptOne(layout: RunLayout, context: AdoptContext): Promise<Adoption | null> {
  const state = examineRun(layout)
  if (state.kind !== 'alive') {
    await sweepRun(layout, state, context.cpuCap)
    return null
  }
  const { process } = state
  let { record } = state
  // Ending the guest may kill this process, so whoever answers at the socket, it must be a machine with this uuid.
  if (!commandLineHolds(process.pid, record.spec.uuid)) throw new Error(`process ${process.pid} is not the QEMU of ${record.spec.name}, though ${layout.record} says so`)
  const probe = await context.probe()
  const qmp = await greet(layout, record, process)
  await healFromTemplate(qmp, layout.directory)
  await healFromCopy(qmp, layout.directory)
  const { cpuCap } = context
  if (record.loading === true) {
    const status = await statusOf(qmp)
    if (neverRuns(status, record)) {
      qmp.close()
      await sweepRun(layout, { kind: 'half', record, process }, cpuCap)
      context.logger.info({ guest: record.spec.name }, 'ended a machine that was being loaded and never ran')
      return null
    }
    await removeMemory(record) // its name, which the host was killed before taking away: QEMU has it open
    if (status !== 'paused') {
      const { loading: _over, ...ran } = record
      record = ran
      writeRunRecord(layout, ran)
    }
  }
  const machine = new QemuMachine({
    record: { ...record, process },
    layout,
    qmp,
    child: null,
    probe,
    cpuCap,
    onSaved: context.onSaved,
    cleanUp: () => removeRunFiles(layout, record, cpuCap),
  })
  try {
    return { spec: machine.spec, machine, status: await machine.status() }
  } catch (error) {
    machine.dispose()
    throw error
  }
}

/**
 * Whether it cannot go on: its host was killed while it was loaded. A restored one that is loaded and stands still can:
 * its disk and its cards are in place, and its saved memory may just have been used up; whether it must not, or is to run now, is
 * judged where that is known (guest-state/snapshot-steps.ts). Any other has its disk or its cards still to come.
 */
function neverRuns(status: MachineStatus, { boot }: RunRecord): boolean {
  return status === 'starting' || (status === 'paused' && boot !== 'restored')
}

async function statusOf(qmp: QmpSession): Promise<MachineStatus> {
  return machineStatus(asString(asObject(await qmp.execute('query-status', undefined, answerTimeoutMs))['status']) ?? '')
}

async function greet(layout: RunLayout, record: RunRecord, process: ProcessIdentity): Promise<QmpSession> {
  const until = () => (isAlive(process) ? null : 'it ended')
  const qmp = new QmpSession(byteStream(await connectWhenReady(layout.qmp, { until, timeoutMs: answerTimeoutMs }))) // it may have been started this moment
  try {
    const answer = asObject(await qmp.execute('query-uuid', undefined, answerTimeoutMs))
    if (answer['UUID'] === record.spec.uuid) return qmp
    throw new Error(`process ${process.pid} is another machine (${String(answer['UUID'])})`)
  } catch (error) {
    qmp.close()
    throw error
  }
}
