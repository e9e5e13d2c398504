import { describe, expect, it } from 'vitest'
import { fileName, isFullPath, likelyFolder } from './folder.ts'

const user = (name: string) => [{ name, domain: null, since: null }]

describe('likelyFolder', () => {
  it('is the home of who is logged in', () => {
    expect(likelyFolder('linux', user('ada'))).toBe('/home/ada')
    expect(likelyFolder('linux', user('root'))).toBe('/root')
    expect(likelyFolder('windows', user('Ada'))).toBe('C:\\Users\\Ada\\Desktop')
  })

  it('is one that everybody may read where nobody is, or nobody knows', () => {
    expect(likelyFolder('windows-stand-in', [])).toBe('/tmp')
    expect(likelyFolder('other', null)).toBe('/tmp')
    expect(likelyFolder('windows', null)).toBe('C:\\Users\\Public\\Documents')
  })
})

describe('isFullPath', () => {
  it('follows the guest’s system', () => {
    expect(isFullPath('linux', '/etc/hosts')).toBe(true)
    expect(isFullPath('linux', 'C:\\Windows')).toBe(false)
    expect(isFullPath('windows', 'C:\\Windows')).toBe(true)
    expect(isFullPath('windows', 'd:/work')).toBe(true)
    expect(isFullPath('windows', 'Windows')).toBe(false)
  })
})

describe('fileName', () => {
  it('reads paths of both kinds', () => {
    expect(fileName('/srv/www/index.html')).toBe('index.html')
    expect(fileName('C:\\Users\\Ada\\notes.txt')).toBe('notes.txt')
    expect(fileName('/srv/www/')).toBe('www')
  })
})
