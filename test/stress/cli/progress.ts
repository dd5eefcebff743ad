import type { OnStep } from '../support/verdict.ts'

export interface Progress {
  readonly step: OnStep
  end(): void
}

/** One line that is written over on a terminal; nothing elsewhere. On standard error, so that standard output is the verdict alone. */
export function progressOn(stream: NodeJS.WriteStream, name: string): Progress {
  const started = performance.now()
  if (!stream.isTTY) return { step: () => undefined, end: () => undefined }
  let lastDrawn = 0
  return {
    step(text) {
      const now = performance.now()
      if (now - lastDrawn < 80) return
      lastDrawn = now
      const line = `${name}  ${((now - started) / 1_000).toFixed(0)} s  ${text}`
      stream.write(`\r\u001B[2K${line.slice(0, Math.max(20, stream.columns - 1))}`)
    },
    end: () => void stream.write('\r\u001B[2K'),
  }
}
