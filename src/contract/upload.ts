import { z } from 'zod'

/**
 * How a browser hands a file over, which has no path for it: `PUT /upload/<name>` with the launch's token as
 * `Authorization: Bearer <token>` and the file as body. 200 answers the id as text; anything else says why as text.
 */
export const UploadId = z.string().regex(/^[0-9a-f]{32}$/, 'an upload id is 32 hexadecimal digits')

const prefix = '/upload/'

export function uploadPath(fileName: string): string {
  return `${prefix}${encodeURIComponent(fileName)}`
}

/** The file's name from a request's path; null when it is no upload's. */
export function uploadName(path: string): string | null {
  if (!path.startsWith(prefix)) return null
  try {
    return decodeURIComponent(path.slice(prefix.length))
  } catch {
    return null // no valid percent-encoding
  }
}
