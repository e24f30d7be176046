import type { HealthNumbers } from '@skerry/api';
import { sendText } from '#http/answers.ts';
import type { Exchange } from '#http/exchange.ts';

export interface HealthCheck {
  readonly name: string;
  /** Undefined when well, else one line that says what is wrong. */
  check(): string | undefined;
}

/** Checks by the path that they answer at. */
export interface HealthChecks {
  readonly livez: readonly HealthCheck[];
  readonly readyz: readonly HealthCheck[];
}

type Path = 'healthz' | 'livez' | 'readyz';

const path = /^\/(healthz|livez|readyz)(?:\/(.+))?$/;

/**
 * Answers `/livez`, `/readyz` and the older `/healthz`, whole or check by check; false for another path. What is wrong is told
 * to who asks for one check; the whole withholds it, since everyone may ask.
 * https://kubernetes.io/docs/reference/using-api/health-checks/
 */
export function answerHealth(
  { livez, readyz }: HealthChecks,
  exchange: Exchange,
  numbers?: HealthNumbers,
): boolean {
  const match = path.exec(exchange.path);
  if (!match) return false;
  const [, which = '', single] = match;
  const checks = which === 'readyz' ? readyz : livez;
  if (single === undefined) {
    answerAll(which as Path, checks, { exchange, numbers });
    return true;
  }
  const check = checks.find(({ name }) => name === single);
  if (!check) return false;
  const fault = check.check();
  if (fault === undefined) exchange.send(200, { 'Content-Type': 'text/plain; charset=utf-8' }, 'ok');
  else sendText(exchange, 500, `internal server error: ${fault}\n`);
  return true;
}

function answerAll(
  which: Path,
  checks: readonly HealthCheck[],
  { exchange, numbers }: { readonly exchange: Exchange; readonly numbers: HealthNumbers | undefined },
): void {
  const excluded = new Set(exchange.query.getAll('exclude').flatMap((names) => names.split(',')));
  let failed = false;
  const lines = checks.map((each) => {
    if (excluded.delete(each.name)) return `[+]${each.name} excluded: ok`;
    const isWell = each.check() === undefined;
    numbers?.looked({ name: each.name, type: which, isWell });
    if (isWell) return `[+]${each.name} ok`;
    failed = true;
    return `[-]${each.name} failed: reason withheld`;
  });
  if (excluded.size > 0) {
    const names = [...excluded].map((name) => JSON.stringify(name)).join(',');
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`);
  }
  const text = lines.map((line) => `${line}\n`).join('');
  if (failed) sendText(exchange, 500, `${text}${which} check failed\n`);
  else sendText(exchange, 200, exchange.query.has('verbose') ? `${text}${which} check passed\n` : 'ok');
}
