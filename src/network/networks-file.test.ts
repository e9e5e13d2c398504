import { describe, expect, it } from 'vitest'
import { NetworkName } from '../contract/names.ts'
import { formatNetworksFile, freeSubnet, parseNetworksFile } from './networks-file.ts'

const lab = { name: NetworkName.parse('lab'), subnet: '10.80.0.0/24' }

describe('networks.yaml', () => {
  it('reads what it writes', () => {
    expect(parseNetworksFile(formatNetworksFile([lab]), 'f')).toEqual([lab])
    expect(parseNetworksFile(formatNetworksFile([]), 'f')).toEqual([])
  })

  it.each([
    ['networks: [', 'f cannot be used'],
    ['version: 2\nnetworks: []', 'reads version 1'],
    ['version: 1\nnetworks: [{ name: stage, subnet: 10.80.0.0/24 }]', 'always there'],
    ['version: 1\nnetworks: [{ name: lab, subnet: 8.8.8.0/24 }]', 'networks.0.subnet: not a private subnet'],
    ['version: 1\nnetworks: [{ name: Lab, subnet: 10.80.0.0/24 }]', 'lower-case DNS label'],
    ['version: 1\nnetworks: [{ name: lab, subnet: 10.80.0.0/24 }, { name: lab, subnet: 10.81.0.0/24 }]', 'the same name'],
    ['version: 1\nnetworks: []\ncolour: red', 'Unrecognized key'],
    ['', 'f cannot be used'],
  ])('refuses %j', (text, words) => {
    expect(() => parseNetworksFile(text, 'f')).toThrow(words)
  })

  it('finds a subnet that overlaps none', () => {
    expect(freeSubnet(['10.77.0.0/24'])).toBe('10.78.0.0/24')
    expect(freeSubnet(['10.77.0.0/24', '10.78.0.0/16', '10.79.0.128/25'])).toBe('10.80.0.0/24')
    expect(freeSubnet(Array.from({ length: 50 }, (_, index) => `10.${78 + index}.0.0/24`))).toBeNull()
  })
})
