import { SaxesParser } from 'saxes'
import { damaged, demand, unsafe } from './image-problem.ts'

/** An element, with names freed of their prefixes: OVF's writers choose prefixes as they like. */
export interface XmlElement {
  readonly name: string
  readonly namespace: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlElement[]
  readonly text: string
}

interface Open {
  readonly element: Omit<XmlElement, 'children' | 'text'>
  readonly children: XmlElement[]
  text: string
}

const longest = 4 << 20
const deepest = 64
const mostElements = 50_000

/**
 * Parses XML 1.0 with namespaces. A document type is refused, and with it every entity but the five of XML itself: nothing
 * is ever expanded or fetched. Bounded in length, depth and number. Throws ImageProblem.
 */
export function parseXml(text: string): XmlElement {
  demand(text.length <= longest, () => unsafe('its description is longer than 4 MiB'))
  const parser = new SaxesParser({ xmlns: true, position: true })
  const open: Open[] = []
  let root: XmlElement | null = null
  let count = 0
  parser.on('doctype', () => {
    throw unsafe('its description declares a document type, with which entities could be smuggled in')
  })
  parser.on('error', (error) => {
    throw damaged(`its description is not well-formed XML: ${error.message}`)
  })
  parser.on('opentag', (tag) => {
    demand((count += 1) <= mostElements && open.length < deepest, () => unsafe('its description is absurdly large or deep'))
    const attributes = Object.fromEntries(Object.values(tag.attributes).map(({ local, value }) => [local, value]))
    open.push({ element: { name: tag.local, namespace: tag.uri, attributes }, children: [], text: '' })
  })
  const addText = (part: string) => {
    const current = open.at(-1)
    if (current !== undefined) current.text += part
  }
  parser.on('text', addText)
  parser.on('cdata', addText)
  parser.on('closetag', () => {
    const closed = open.pop()
    if (closed === undefined) return
    const element = { ...closed.element, children: closed.children, text: closed.text.trim() }
    if (open.length === 0) root = element
    else open.at(-1)?.children.push(element)
  })
  parser.write(text).close()
  return demandRoot(root)
}

function demandRoot(root: XmlElement | null): XmlElement {
  demand(root !== null, () => damaged('its description is empty'))
  return root
}

/** The children of that name. */
export function all(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? []
}

/** The first child of that name, and so on down the path. */
export function first(element: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>((found, name) => found?.children.find((child) => child.name === name), element)
}

/** A child's text, or undefined where there is none. */
export function textOf(element: XmlElement | undefined, name: string): string | undefined {
  const text = first(element, name)?.text
  return text === '' ? undefined : text
}

/** Text for an element's content or an attribute's value. Characters that XML cannot hold are left out. */
export function escapeXml(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  // oxlint-disable-next-line no-control-regex -- XML 1.0, 2.2: these are not characters
  return text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '').replaceAll(/[&<>"]/g, (character) => names[character] ?? character)
}
