import { connect, type Socket } from 'node:net'
import { SwitchFault } from '../../network/client.ts'
import { ControlMessage, MAX_LINE_BYTES } from '../../network/control-protocol.ts'
import { parseJson } from './json-lines.ts'
import { switchPaths } from './switch-record.ts'

/**
 * Asks the switch of a runtime directory for something that is answered once and then carries bytes: a capture, a
 * connection to a guest. The answer's bytes, and both directions from then on, are the socket's. Rejects with SwitchFault.
 */
export function openRawChannel(runtime: string, method: 'capture' | 'dial', params: object, timeoutMs = 12_000): Promise<Socket> {
  const path = switchPaths(runtime).control
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true })
    let text = Buffer.alloc(0)
    const fail = (fault: SwitchFault) => {
      clearTimeout(timer)
      socket.destroy()
      reject(fault)
    }
    const timer = setTimeout(() => fail(new SwitchFault('unreachable', `the switch did not answer ${method} within ${timeoutMs} ms`)), timeoutMs)
    const onError = (cause: unknown) => fail(new SwitchFault('unreachable', `the switch at ${path} cannot be reached`, { cause }))
    const onEnd = () => fail(new SwitchFault('unreachable', `the switch at ${path} closed the connection`))
    // Two lines come first: the greeting and the answer. What follows them is the channel's.
    const onData = (chunk: Buffer) => {
      text = Buffer.concat([text, chunk])
      const greeting = text.indexOf(10)
      const answer = greeting < 0 ? -1 : text.indexOf(10, greeting + 1)
      if (answer < 0) {
        if (text.length > MAX_LINE_BYTES) fail(new SwitchFault('unreachable', `the switch at ${path} did not answer in its protocol`))
        return
      }
      const message = ControlMessage.safeParse(parseJson(text.subarray(greeting + 1, answer).toString()))
      if (!message.success) return fail(new SwitchFault('unreachable', `the switch at ${path} did not answer in its protocol`))
      if ('error' in message.data) return fail(new SwitchFault(message.data.error.code, message.data.error.message))
      clearTimeout(timer)
      socket.pause()
      socket.off('data', onData).off('error', onError).off('end', onEnd)
      socket.on('error', () => {}) // the end of the channel is told by `close`
      if (answer + 1 < text.length) socket.unshift(text.subarray(answer + 1))
      resolve(socket)
    }
    socket.on('data', onData).on('error', onError).on('end', onEnd)
    socket.write(`${JSON.stringify({ id: 1, method, params })}\n`)
  })
}
