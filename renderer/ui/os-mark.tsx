import type { GuestKind } from '../../src/contract/guest.ts'

/** Our own marks, one per kind of guest: drawn for Diptych, nobody's trade mark. Decorative: the name stands beside. */
const shapes: Record<GuestKind, React.ReactNode> = {
  // A prompt on a screen.
  linux: (
    <>
      <rect x="2" y="3.5" width="20" height="17" rx="3" />
      <path d="M6.5 9l3.5 3-3.5 3M12.5 15.5h5" />
    </>
  ),
  // A window with a title bar.
  windows: (
    <>
      <rect x="2" y="3.5" width="20" height="17" rx="1.5" />
      <path d="M2 8.5h20M15.5 6h.01M18.75 6h.01" />
    </>
  ),
  // The same window, dashed: it stands in.
  'windows-stand-in': (
    <>
      <rect x="2" y="3.5" width="20" height="17" rx="1.5" strokeDasharray="3.4 2.2" />
      <path d="M2 8.5h20" />
      <path d="M9 11.5h6c0 2.2-1.2 3.6-3 3.6s-3-1.4-3-3.6zM12 15.1v2.4M10.3 17.5h3.4" />
    </>
  ),
  other: (
    <>
      <rect x="2" y="3.5" width="20" height="14" rx="2" />
      <path d="M8 21h8M12 17.5V21" />
    </>
  ),
}

export function OsMark({ kind }: { readonly kind: GuestKind }) {
  return (
    <svg aria-hidden viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.75" strokeLinecap="round" strokeLinejoin="round">
      {shapes[kind]}
    </svg>
  )
}

/** Diptych's mark: two panels joined by a line. */
export function DiptychMark() {
  return (
    <svg aria-hidden viewBox="0 0 28 20" fill="none" stroke="currentColor" strokeWidth="2" strokeLinejoin="round">
      <rect x="1.5" y="2" width="9.5" height="16" rx="1.5" />
      <rect x="17" y="2" width="9.5" height="16" rx="1.5" />
      <path d="M11 10h6" />
    </svg>
  )
}
