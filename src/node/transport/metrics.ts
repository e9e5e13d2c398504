import type { IncomingMessage, ServerResponse } from 'node:http'
import { expositionType } from '../../resource/exposition.ts'
import { bearsToken } from './access.ts'
import { answer, securityHeaders } from './static-files.ts'

export function isMetrics({ url }: IncomingMessage): boolean {
  return url === '/metrics' || url?.startsWith('/metrics?') === true
}

/** Answers a scrape that bears the launch's token (Prometheus: `authorization: { credentials: … }`). */
export async function answerMetrics(request: IncomingMessage, response: ServerResponse, { port, token }: { port: number; token: string }, scrape: () => Promise<string>): Promise<void> {
  if (!bearsToken(request.headers, port, token)) return answer(response, 403, 'send the token of this launch as Authorization: Bearer')
  if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, 'only GET and HEAD are answered here')
  try {
    const text = await scrape()
    response.writeHead(200, { ...securityHeaders, 'content-type': expositionType, 'cache-control': 'no-store' })
    response.end(request.method === 'HEAD' ? undefined : text)
  } catch (error) {
    answer(response, 503, error instanceof Error ? error.message : String(error))
  }
}
