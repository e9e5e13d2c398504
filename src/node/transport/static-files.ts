import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, sep } from 'node:path'
import { pipeline } from 'node:stream'

/**
 * What a page of ours may do: load its own files and talk to its own server. Images may be data (noVNC draws cursors
 * that way) or blobs (screenshots). The Electron shell sends the same for app://.
 */
export const contentSecurityPolicy = [
  "default-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
}

export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

export function contentTypeOf(path: string): string {
  return types[extname(path)] ?? 'application/octet-stream'
}

/** The file a URL path names, or null: outside the directory (also through a link), not there, or not a file. */
export async function findStaticFile(directory: string, urlPath: string): Promise<string | null> {
  let name: string
  try {
    name = decodeURIComponent(urlPath)
  } catch {
    return null // not valid percent-encoding, so no file of ours
  }
  if (name.includes('\0') || name.split(/[/\\]/).includes('..')) return null
  const root = await realpath(directory)
  const found = await realpath(join(root, name === '/' ? 'index.html' : name)).catch(() => null)
  if (found === null || !found.startsWith(root + sep)) return null
  return (await stat(found)).isFile() ? found : null
}

/** Answers GET and HEAD from `directory`. File names under /assets/ carry their content's hash and may be kept. */
export async function serveStaticFile(directory: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '/').split(/[?#]/)[0] ?? '/'
  if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, 'only GET and HEAD are answered here')
  const file = await findStaticFile(directory, path).catch(() => null)
  if (file === null) return answer(response, 404, 'no such file')
  response.writeHead(200, {
    ...securityHeaders,
    'content-type': contentTypeOf(file),
    'cache-control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-store',
  })
  if (request.method === 'HEAD') response.end()
  else pipeline(createReadStream(file), response, () => undefined) // closes the file also when the reader hangs up
}

/** A short plain-text answer with the same headers as every other. */
export function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { ...securityHeaders, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
  response.end(`${text}\n`)
}
