/** Lets the browser save what stands at `address` under a name, as if a link to it had been clicked. */
export function saveFile(address: string, name: string): void {
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
}
