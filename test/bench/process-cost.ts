import { readStat, ticksPerSecond } from '../../src/node/process/process-identity.ts'

/** User and system time of a process so far, in seconds (proc(5), fields 14 and 15). Throws when it is gone. */
export function cpuSeconds(processId: number): number {
  const fields = readStat(processId)
  if (fields === null) throw new Error(`process ${processId} is gone`)
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}
