import { UploadId, uploadPath } from '../../src/contract/upload.ts'
import type { ImageSource } from '../../src/contract/image.ts'
import type { ShellPage } from '../../src/contract/connect-shell.ts'
import { takeToken } from '../launch-token.ts'

/**
 * Makes a file that was dropped or picked known to the host. Electron tells its path. A browser does not: there the file
 * is sent to the server this page came from. `progressed` gets 0 to 1. Rejects with the server's reason, or AbortError.
 */
export async function handOver(file: File, progressed: (fraction: number) => void, signal: AbortSignal): Promise<ImageSource> {
  const shell = (window as ShellPage).diptychShell
  const path = shell?.pathOf(file) ?? ''
  if (path !== '') return { path }
  return { upload: await send(file, progressed, signal) }
}

/** XMLHttpRequest, because `fetch` does not tell how far an upload is. */
function send(file: File, progressed: (fraction: number) => void, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('PUT', uploadPath(file.name))
    request.setRequestHeader('authorization', `Bearer ${takeToken(window) ?? ''}`)
    request.upload.onprogress = (event) => progressed(event.total === 0 ? 0 : event.loaded / event.total)
    request.onload = () => {
      const answer = UploadId.safeParse(request.responseText)
      if (request.status === 200 && answer.success) resolve(answer.data)
      else reject(new Error(request.responseText.trim() === '' ? `the host answered ${request.status}` : request.responseText.trim()))
    }
    request.onerror = () => reject(new Error('the connection to the host broke'))
    request.onabort = () => reject(signal.reason instanceof Error ? signal.reason : new Error('cancelled'))
    signal.addEventListener('abort', () => request.abort(), { once: true })
    if (signal.aborted) reject(signal.reason instanceof Error ? signal.reason : new Error('cancelled'))
    else request.send(file)
  })
}
