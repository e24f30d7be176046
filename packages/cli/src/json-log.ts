import type { Fields, Level, Logger } from '@skerry/base';
import pino from 'pino';

/** Structured lines on standard error, as every long-running part of Skerry writes them. */
export function jsonLogger({ level, name }: { level: Level; name: string }): Logger {
  return adapt(
    pino(
      {
        level,
        base: { name },
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
      },
      pino.destination({ fd: 2, sync: true }),
    ),
  );
}

function adapt(target: pino.Logger): Logger {
  const at = (level: Level) => (message: string, fields?: Fields) => target[level](fields ?? {}, message);
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => adapt(target.child(fields)),
  };
}
