import { useEffect } from 'react'
import { useWindow } from '../store/context.ts'

/** Puts the chosen or the system's theme on the document and follows the system when it changes. */
export function useTheme(): void {
  const theme = useWindow((state) => state.settings.theme)
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)')
    const apply = () => {
      document.documentElement.dataset['theme'] = theme === 'system' ? (dark.matches ? 'dark' : 'light') : theme
    }
    apply()
    dark.addEventListener('change', apply)
    return () => dark.removeEventListener('change', apply)
  }, [theme])
}
