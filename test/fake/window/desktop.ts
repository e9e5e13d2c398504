import type { Picture } from './rfb-server.ts'

export interface DesktopLook {
  readonly own: string
  readonly other: string
  readonly style: 'linux' | 'windows'
  readonly nonce: string
}

const width = 1280
const height = 800

/** A desktop with a browser window showing the other guest's page; its counter, clock and typed line change. */
export class Desktop implements Picture {
  readonly width = width
  readonly height = height
  readonly #canvas: HTMLCanvasElement
  readonly #context: CanvasRenderingContext2D
  readonly #look: DesktopLook
  /** Hears every key press and pointer move. */
  oninput: (kind: 'typed' | 'pointer', value: string) => void = () => undefined
  #typed = ''
  #frozen = false
  #visits = 0
  #lastPaint = 0

  constructor(look: DesktopLook) {
    this.#look = look
    this.#canvas = document.createElement('canvas')
    this.#canvas.width = width
    this.#canvas.height = height
    const context = this.#canvas.getContext('2d', { willReadFrequently: true })
    if (context === null) throw new Error('no 2d canvas')
    this.#context = context
  }

  freeze(frozen: boolean): void {
    this.#frozen = frozen
  }

  png(): { png: string; width: number; height: number } {
    this.#paint()
    return { png: this.#canvas.toDataURL('image/png').replace(/^.*,/, ''), width, height }
  }

  render(full: boolean) {
    const now = performance.now()
    if (!full && (this.#frozen || now - this.#lastPaint < 480)) return []
    this.#lastPaint = now
    this.#visits += 1
    this.#paint()
    const area = full ? { x: 0, y: 0, width, height } : { x: 150, y: 380, width: 560, height: 300 }
    return [{ ...area, pixels: this.#context.getImageData(area.x, area.y, area.width, area.height).data }]
  }

  key(keysym: number, down: boolean): void {
    if (!down) return
    if (keysym >= 32 && keysym < 127) this.#typed += String.fromCharCode(keysym)
    if (keysym === 0xff08) this.#typed = this.#typed.slice(0, -1)
    this.#lastPaint = 0
    this.oninput('typed', this.#typed)
  }

  pointer(x: number, y: number): void {
    this.oninput('pointer', `${x},${y}`)
  }

  #paint(): void {
    const { style } = this.#look
    const draw = this.#context
    const sky = draw.createLinearGradient(0, 0, width, height)
    sky.addColorStop(0, style === 'linux' ? '#2b4a4a' : '#1d5fa8')
    sky.addColorStop(1, style === 'linux' ? '#152226' : '#0a2f5c')
    draw.fillStyle = sky
    draw.fillRect(0, 0, width, height)
    this.#panel()
    this.#browser()
  }

  #panel(): void {
    const draw = this.#context
    const top = this.#look.style === 'linux'
    draw.fillStyle = top ? '#12181a' : '#d4dae2'
    draw.fillRect(0, top ? 0 : height - 44, width, top ? 30 : 44)
    draw.fillStyle = top ? '#e8ecee' : '#10161c'
    draw.font = '15px sans-serif'
    draw.fillText(top ? 'Applications   Terminal   Files' : 'Start      Web page      Notepad', 16, top ? 20 : height - 17)
    draw.fillText(new Date().toLocaleTimeString('en-GB'), width - 90, top ? 20 : height - 17)
  }

  #browser(): void {
    const draw = this.#context
    const { own, other, nonce, style } = this.#look
    draw.fillStyle = style === 'linux' ? '#23292c' : '#0a4a8f'
    draw.fillRect(90, 64, 1100, 40)
    draw.fillStyle = '#ffffff'
    draw.fillRect(90, 104, 1100, 630)
    draw.font = '16px sans-serif'
    draw.fillText(`Welcome to ${other}`, 110, 90)
    draw.fillStyle = '#e9edf1'
    draw.fillRect(90, 104, 1100, 42)
    draw.fillStyle = '#30373e'
    draw.fillText(`http://${other}.diptych.internal/`, 112, 131)
    draw.fillStyle = '#14181c'
    draw.font = '600 52px sans-serif'
    draw.fillText(`This is ${other}`, 150, 236)
    draw.font = '24px sans-serif'
    draw.fillStyle = '#4a545e'
    draw.fillText(style === 'linux' ? 'Wine 8.0 on Debian GNU/Linux 12, Win32 web server' : 'Debian GNU/Linux 12, kernel 6.1, lighttpd 1.4', 150, 284)
    draw.fillText(`You are ${own}.`, 150, 340)
    draw.fillText(`Visits so far: ${this.#visits}`, 150, 410)
    draw.fillText(`Time there: ${new Date().toLocaleTimeString('en-GB')}`, 150, 450)
    draw.font = '22px monospace'
    draw.fillText(`nonce ${nonce}`, 150, 520)
    if (this.#typed !== '') draw.fillText(`> ${this.#typed}`, 150, 600)
    this.#code(nonce)
  }

  /** Squares that look like a QR code from afar; the fake proves nothing with it. */
  #code(text: string): void {
    const draw = this.#context
    const cell = 11
    let seed = [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7)
    for (let row = 0; row < 25; row += 1) {
      for (let column = 0; column < 25; column += 1) {
        seed = (seed * 1_664_525 + 1_013_904_223) >>> 0
        const corner = (row < 7 && column < 7) || (row < 7 && column > 17) || (row > 17 && column < 7)
        const inCorner = Math.max(Math.abs((row > 17 ? row - 18 : row) - 3), Math.abs((column > 17 ? column - 18 : column) - 3))
        draw.fillStyle = (corner ? inCorner !== 2 : seed > 2 ** 31) ? '#14181c' : '#ffffff'
        draw.fillRect(850 + column * cell, 330 + row * cell, cell, cell)
      }
    }
  }
}
