const maximumLength = 1000

/** One serial line as text: ANSI escape sequences (ECMA-48) and other control characters removed, cut to 1000 characters. */
export function consoleLine(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes)
  // oxlint-disable-next-line no-control-regex -- these are what is to go
  return text.replaceAll(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])|[\u0000-\u0008\u000b-\u001f\u007f]/g, '').slice(0, maximumLength)
}
