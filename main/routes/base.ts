import { implement } from '@orpc/server'
import { contract } from '../../src/contract/contract.ts'
import { toWireError } from '../error-map.ts'

/** The contract, to be answered. Every error leaves through `toWireError`. */
export const base = implement(contract).use(async ({ next }) => {
  try {
    return await next()
  } catch (error) {
    throw toWireError(error)
  }
})
