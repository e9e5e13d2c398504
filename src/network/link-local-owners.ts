/** Link-local addresses remembered for one port: a system has one for each interface, and new ones now and then. */
const MAX_PER_PORT = 16

/**
 * Who uses which link-local address: not all systems make theirs of the MAC (RFC 7217). First come, first served, as
 * with the addresses of the network's prefix, so that nobody can advertise another's.
 */
export class LinkLocalOwners<Owner> {
  readonly #owners = new Map<string, Owner>()
  /** The address used last at the end. */
  readonly #addresses = new Map<Owner, string[]>()

  /** Whether the port may use the interface identifier; it is the port's from now on. `isRightful`: made of its MAC. */
  take(port: Owner, high: number, low: number, isRightful: boolean): boolean {
    const mine = this.#addresses.get(port) ?? []
    const address = `${high}:${low}`
    if (mine.at(-1) === address) return true
    const before = this.#owners.get(address)
    if (before !== undefined && before !== port) {
      if (!isRightful) return false
      this.#addresses.set(before, (this.#addresses.get(before) ?? []).filter((each) => each !== address))
    }
    const kept = [...mine.filter((each) => each !== address), address]
    for (const oldest of kept.splice(0, kept.length - MAX_PER_PORT)) this.#owners.delete(oldest)
    this.#addresses.set(port, kept)
    this.#owners.set(address, port)
    return true
  }

  forget(port: Owner): void {
    for (const address of this.#addresses.get(port) ?? []) this.#owners.delete(address)
    this.#addresses.delete(port)
  }
}
