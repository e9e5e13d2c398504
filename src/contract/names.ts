import { z } from 'zod'

/**
 * A guest's name: a lower-case DNS label, because it is also the guest's host name on the stage's network
 * and a directory name. 1 to 32 characters (unix socket paths, which contain it, are limited to 107 bytes).
 */
export const GuestName = z
  .string()
  .regex(/^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/, 'a guest name is a lower-case DNS label: letters, digits and inner hyphens, starting with a letter, at most 32 characters')
  .brand<'GuestName'>()
export type GuestName = z.infer<typeof GuestName>

/**
 * A network's name: a lower-case DNS label, the part of its guests' names that tells it from others, and part of a
 * socket's path. At most 15 characters. `stage` is the network every guest is on unless its definition says otherwise.
 */
export const NetworkName = z
  .string()
  .regex(/^[a-z]([a-z0-9-]{0,13}[a-z0-9])?$/, 'a network name is a lower-case DNS label: letters, digits and inner hyphens, starting with a letter, at most 15 characters')
  .brand<'NetworkName'>()
export type NetworkName = z.infer<typeof NetworkName>

export const stageNetwork = NetworkName.parse('stage')

/** A unicast MAC address in lower-case colon form, e.g. `52:54:00:d1:00:01`. */
export const MacAddress = z
  .string()
  .regex(/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/, 'a unicast MAC address in the form 52:54:00:d1:00:01')
  .brand<'MacAddress'>()
export type MacAddress = z.infer<typeof MacAddress>
