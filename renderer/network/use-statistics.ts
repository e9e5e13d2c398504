import { useEffect, useState } from 'react'
import type { NetworkReport } from '../../src/contract/network.ts'
import { useSession } from '../store/context.ts'

/** What the switch counts, asked every 2 s while somebody looks; null while it does not answer. */
export function useStatistics(): NetworkReport['statistics'] {
  const session = useSession()
  const [statistics, setStatistics] = useState<NetworkReport['statistics']>(null)
  useEffect(() => {
    let wanted = true
    const read = () => void session.ask('read the network’s counters', (client) => client.network.get()).then((report) => wanted && setStatistics(report?.statistics ?? null))
    read()
    const timer = setInterval(read, 2_000)
    return () => {
      wanted = false
      clearInterval(timer)
    }
  }, [session])
  return statistics
}
