/**
 * The slots of the PCI Express bus in which devices can be plugged and unplugged while the guest runs: q35's own bus takes
 * none (QEMU, docs/pcie.txt). The balloon and the network cards sit in them, so that a live template can be saved without
 * either and a clone gets cards of its own.
 */
const firstDevice = 0x1c
/** Always there: the balloon's, the first card's, and two to plug something into. */
export const fixedSlots = 4

export const balloonSlot = slotId(0)

/** The slot of card number `index`. */
export function cardSlot(index: number): string {
  return slotId(index + 1)
}

/** The root port that makes slot number `index`; eight share one device of the bus. None asks for I/O ports: there are too few. */
export function rootPort(index: number): { driver: 'pcie-root-port' } & Record<string, string | number | boolean> {
  const address = `${(firstDevice - Math.floor(index / 8)).toString(16)}.${index % 8}`
  return { driver: 'pcie-root-port', id: slotId(index), chassis: index + 1, addr: address, ...(index % 8 === 0 ? { multifunction: true } : {}), 'io-reserve': 0 }
}

function slotId(index: number): string {
  return `slot${index}`
}
