import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { reasonOf } from '../../contract/refusal.ts'
import { uploadName } from '../../contract/upload.ts'
import { bearsToken } from './access.ts'
import { answer, securityHeaders } from './static-files.ts'

/** Takes a file to its end and answers its id; rejects with why not. `bytes` null: its length is not known. */
export type ReceiveUpload = (name: string, bytes: number | null, content: Readable) => Promise<string>

/** How long a sender may take to see that it was refused. */
const lingerMs = 2_000

/** Whether a request is one for `receiveUpload` to answer. */
export function isUpload(request: IncomingMessage): boolean {
  return request.method === 'PUT' && uploadName(request.url ?? '') !== null
}

/**
 * Answers `PUT /upload/<name>` with the id of what was received, as text. What may not upload is refused before its body is
 * read; a body that ends early, or for which there is no room, leaves nothing behind.
 */
export async function answerUpload(request: IncomingMessage, response: ServerResponse, access: { port: number; token: string }, receive: ReceiveUpload): Promise<void> {
  response.once('finish', () => {
    if (request.complete) return
    request.resume() // hanging up with unread bytes would take the answer along
    setTimeout(() => request.destroy(), lingerMs).unref()
  })
  if (!bearsToken(request.headers, access.port, access.token)) return answer(response, 403, 'only the window of this Diptych may send files')
  const length = request.headers['content-length']
  const name = (uploadName(request.url ?? '') ?? '').split(/[/\\]/).at(-1)?.slice(0, 255)
  if (name === undefined || name === '') return answer(response, 400, 'the file has no name')
  try {
    const id = await receive(name, length === undefined ? null : Number(length), request)
    response.writeHead(200, { ...securityHeaders, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
    response.end(id)
  } catch (error) {
    answer(response, 507, reasonOf(error))
  }
}
