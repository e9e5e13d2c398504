import { readFile } from 'node:fs/promises'
import { contentTypeOf, findStaticFile, securityHeaders } from '../../src/node/transport/static-files.ts'
import { isOurUrl } from './security.ts'

/** Answers app://diptych/… from the built window's files, with the same headers as the serve shell. */
export async function answerAppRequest(directory: string, request: { readonly url: string; readonly method: string }): Promise<Response> {
  if (!isOurUrl(request.url)) return refuse(403)
  if (request.method !== 'GET') return refuse(405)
  const file = await findStaticFile(directory, new URL(request.url).pathname).catch(() => null)
  if (file === null) return refuse(404)
  return new Response(new Uint8Array(await readFile(file)), { headers: { ...securityHeaders, 'content-type': contentTypeOf(file) } })
}

function refuse(status: number): Response {
  return new Response(null, { status, headers: securityHeaders })
}
