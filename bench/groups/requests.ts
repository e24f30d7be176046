/** HTTP requests per second from one place of the network to another, by wrk, on connections that are kept. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from '../../test/support/cluster.ts';
import type { Place } from './network.ts';

const port = 8_090;
const connections = 16;
const refusalsMax = 100;

/** From `from` to a server in `to`, at its address or at another that leads there. */
export async function requestsPerSecond(
  from: Place,
  to: Place,
  { seconds, url }: { readonly seconds: number; readonly url?: string },
): Promise<number> {
  const program = fileURLToPath(new URL('../http-echo.ts', import.meta.url));
  const server = spawn(to.enter[0], [...to.enter.slice(1), process.execPath, program], { stdio: 'ignore' });
  try {
    await listening(to);
    const target = url ?? `http://${to.address}:${port}/`;
    const args = ['-t1', `-c${connections}`, `-d${seconds}s`, target];
    const { output, errors } = await measured(from, args, (seconds + 30) * 1000);
    const found = /^Requests\/sec: +([\d.]+)/m.exec(output)?.[1];
    if (found === undefined || /Socket errors|Non-2xx/.test(output))
      throw new Error(`wrk: ${output}${errors}`);
    return Number(found);
  } finally {
    server.kill('SIGKILL');
  }
}

/** A Service is refused until its endpoint has come to the machine that asks. */
async function measured({ enter }: Place, args: readonly string[], timeoutMs: number) {
  for (let tries = 0; ; tries++) {
    const result = await run(enter[0], [...enter.slice(1), 'wrk', ...args], { timeoutMs });
    if (tries >= refusalsMax || !result.errors.includes('Connection refused')) return result;
    await delay(100);
  }
}

async function listening({ enter }: Place): Promise<void> {
  const [program, ...args] = [...enter, 'cat', '/proc/net/tcp', '/proc/net/tcp6'];
  const mark = new RegExp(`:${port.toString(16).toUpperCase()} [0-9A-F:]+ 0A `);
  for (let tries = 0; !mark.test((await run(program, args)).output); tries++) {
    if (tries > 100) throw new Error('the HTTP server does not listen');
    await delay(100);
  }
}
