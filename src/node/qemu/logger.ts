/** The two levels the engine uses; pino's logger fits. */
export interface EngineLogger {
  info(data: object, message: string): void
  warn(data: object, message: string): void
}
export const silentLogger: EngineLogger = { info: () => undefined, warn: () => undefined }
