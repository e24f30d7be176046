import type { Fields, Level, Logger } from '../logger.ts';

export interface LogLine {
  readonly level: Level;
  readonly message: string;
  readonly fields: Fields;
}

/** A logger that keeps its lines for a test to look at. */
export function recordingLogger(): Logger & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  return { lines, ...bound({}) };

  function bound(base: Fields): Logger {
    const at = (level: Level) => (message: string, fields?: Fields) =>
      void lines.push({ level, message, fields: { ...base, ...fields } });
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      with: (fields) => bound({ ...base, ...fields }),
    };
  }
}
