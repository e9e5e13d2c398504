import { expect, test } from 'vitest'
import { CommandFailure } from './exit-code.ts'
import { changedPolicies } from './policies.ts'

test.each([
  [['restart=on-failure'], { restart: 'on-failure' }],
  [['memory=auto', 'memory.floor=256MiB'], { memory: { auto: true, floor: '256MiB' } }],
  [['memory.ceiling=1GiB', 'memory.floor=1024MiB'], { memory: { auto: true, ceiling: '1GiB', floor: '1024MiB' } }],
  // oxlint-disable-next-line unicorn/no-thenable -- the rule's own word, and never a function
  [['idle=10m:weight=10'], { idle: { after: '10m', then: 'weight=10' } }],
  [['idle=10m:pause', 'idle=off'], {}],
])('%j', (assignments, policies) => {
  expect(changedPolicies({}, assignments)).toEqual(policies)
})

test('the other rules stay', () => {
  expect(changedPolicies({ restart: 'on-failure', memory: { auto: true, floor: '256MiB' } }, ['memory=off'])).toEqual({ restart: 'on-failure' })
})

test.each(['bogus', 'bogus=1', 'restart=always', 'memory=much', 'memory.floor=1', 'idle=10m', 'idle=soon:pause', 'idle=10m:weight=5'])('%s is named as what is wrong', (assignment) => {
  expect(() => changedPolicies({}, ['restart=never', assignment])).toThrow(`"${assignment}" is not a rule.`)
  expect(() => changedPolicies({}, [assignment])).toThrow(CommandFailure)
})

test('a floor above the ceiling is refused, also of a rule that is there already', () => {
  expect(() => changedPolicies({ memory: { auto: true, ceiling: '1GiB' } }, ['memory.floor=2GiB'])).toThrow('the floor of 2GiB lies above the ceiling of 1GiB')
  expect(changedPolicies({ memory: { auto: true, ceiling: '1GiB' } }, ['memory.floor=2GiB', 'memory.ceiling=4GiB']).memory).toEqual({ auto: true, floor: '2GiB', ceiling: '4GiB' })
})
