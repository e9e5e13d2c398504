import { implement, type ImplementerInternalWithMiddlewares } from '@orpc/server'
import { type Contract, contract } from '../../src/contract/contract.ts'
import { toWireError } from '../error-map.ts'

type Context = Record<never, never>

/** The contract, to be answered. Every error leaves through `toWireError`. Its type is named because the inferred one is too long to write out. */
export const base: ImplementerInternalWithMiddlewares<Contract, Context, Context> = implement(contract).use(async ({ next }) => {
  try {
    return await next()
  } catch (error) {
    throw toWireError(error)
  }
})
