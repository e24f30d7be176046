import type { Fields, Level, Logger } from '@skerry/base';
import pino from 'pino';

/** Structured lines on standard error, as every long-running part of Skerry writes them. */
export function jsonLogger({ level, name }: { level: Level; name: string }): Logger {
  return adapt(pino(options(level, name), pino.destination({ fd: 2, sync: true })));
}

/** The same in a file, for a command whose terminal shows something else. */
export function fileLogger({ level, name, file }: { level: Level; name: string; file: string }): Logger {
  return adapt(
    pino(
      options(level, name),
      pino.destination({ dest: file, append: true, mkdir: true, sync: true, mode: 0o600 }),
    ),
  );
}

function options(level: Level, name: string): pino.LoggerOptions {
  return {
    level,
    base: { name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
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
