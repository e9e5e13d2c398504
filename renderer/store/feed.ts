import type { Client } from '../../src/contract/connection.ts'
import { applyGuestEvent, applyMessage, applyMeter, applyNetwork, applyRelist } from './reduce.ts'
import type { Store } from './state.ts'

const restartMs = 1_000

/** Keeps the store in step with the host until `signal` aborts: one watcher per stream, each restarted if it ends. */
export async function feed(client: Client, store: Store, signal: AbortSignal): Promise<void> {
  await Promise.all([
    readHost(client, store, signal),
    pump(signal, () => client.guest.watch(undefined, { signal }), (event) => {
      const { state, gap } = applyGuestEvent(store.getState(), event)
      store.setState({ ...state, link: { phase: 'live' } })
      if (gap) void relist(client, store, signal)
    }),
    pump(signal, () => client.stage.watch(undefined, { signal }), (stage) => store.setState({ stage })),
    pump(signal, () => client.task.watch(undefined, { signal }), (tasks) => store.setState({ tasks })),
    pump(signal, () => client.template.watch(undefined, { signal }), (templates) => store.setState({ templates })),
    pump(signal, () => client.trash.watch(undefined, { signal }), (trash) => store.setState({ trash })),
    pump(signal, () => client.disc.watch(undefined, { signal }), (discs) => store.setState({ discs })),
    pump(signal, () => client.snapshot.watch(undefined, { signal }), (tree) => store.setState((state) => ({ snapshots: { ...state.snapshots, [tree.guest]: tree } }))),
    pump(signal, () => client.stage.watchSnapshots(undefined, { signal }), (stageSnapshots) => store.setState({ stageSnapshots })),
    pump(signal, () => client.host.meters(undefined, { signal }), (meter) => store.setState((state) => applyMeter(state, meter))),
    pump(signal, () => client.network.watch(undefined, { signal }), (event) => store.setState((state) => applyNetwork(state, event))),
    pump(signal, () => client.host.messages(undefined, { signal }), (message) =>
      store.setState((state) => ({ messages: applyMessage(state.messages, message) })),
    ),
  ])
}

/** Reads what does not change while the host lives, and the exchanges seen before this window opened. */
async function readHost(client: Client, store: Store, signal: AbortSignal): Promise<void> {
  try {
    const [host, requests] = await Promise.all([client.host.info(undefined, { signal }), client.network.requests({ limit: 20 }, { signal })])
    store.setState((state) => ({ host, requests: state.requests.length > 0 ? state.requests : requests }))
  } catch {
    // A lost connection is the session's to report; the next one reads again.
  }
}

async function relist(client: Client, store: Store, signal: AbortSignal): Promise<void> {
  try {
    const list = await client.guest.list(undefined, { signal })
    if (!signal.aborted) store.setState((state) => applyRelist(state, list))
  } catch {
    // As above.
  }
}

async function pump<T>(signal: AbortSignal, open: () => Promise<AsyncIterator<T>>, take: (event: T) => void): Promise<void> {
  while (!signal.aborted) {
    try {
      const iterator = await open()
      try {
        for (let step = await iterator.next(); step.done !== true && !signal.aborted; step = await iterator.next()) take(step.value)
      } finally {
        await iterator.return?.()
      }
    } catch {
      // The stream broke. If the connection is gone, `signal` ends this loop; else the stream is opened again.
    }
    if (!signal.aborted) await pause(signal)
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, restartMs)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
