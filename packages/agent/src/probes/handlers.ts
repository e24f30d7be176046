/**
 * One attempt of a probe or hook. A result, never a rejection: what goes wrong is the answer.
 * https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
 */
import { connect } from 'node:net';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { credentials, makeGenericClientConstructor, Metadata } from '@grpc/grpc-js';
import type { Container, HTTPGetAction, IntOrString, LifecycleHandler, Probe } from '@skerry/api';
import { describeError } from '@skerry/base';
import { RuntimeError, type ContainerRuntime } from '#runtime.ts';

export interface ProbeTarget {
  readonly containerId: string;
  readonly container: Container;
  /** Address of the pod. */
  readonly address: string;
}

export type ProbeResult =
  | { readonly outcome: 'success' }
  | { readonly outcome: 'failure' | 'error'; readonly message: string };

const success: ProbeResult = { outcome: 'success' };
const failure = (message: string): ProbeResult => ({ outcome: 'failure', message });

/** Output of a probe that is kept for its event. */
const outputMax = 10 * 1024;

export type ProbeRunner = (
  handler: Pick<Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'> & LifecycleHandler,
  target: ProbeTarget,
  timeoutSeconds: number,
) => Promise<ProbeResult>;

export function createProbeRunner(runtime: Pick<ContainerRuntime, 'execSync'>): ProbeRunner {
  return async (handler, target, timeoutSeconds) => {
    try {
      if (handler.exec) return await runExec(runtime, handler.exec.command ?? [], target, timeoutSeconds);
      if (handler.httpGet) return await runHttp(handler.httpGet, target, timeoutSeconds);
      if (handler.tcpSocket) {
        const { host, port } = handler.tcpSocket;
        return await runTcp(host || target.address, resolvePort(port, target.container), timeoutSeconds);
      }
      if (handler.grpc) return await runGrpc(handler.grpc, target, timeoutSeconds);
      return { outcome: 'error', message: 'missing probe handler' };
    } catch (error) {
      return { outcome: 'error', message: describeError(error) };
    }
  };
}

async function runExec(
  runtime: Pick<ContainerRuntime, 'execSync'>,
  command: readonly string[],
  { containerId }: ProbeTarget,
  timeoutSeconds: number,
): Promise<ProbeResult> {
  try {
    const { exitCode, stdout, stderr } = await runtime.execSync(containerId, command, timeoutSeconds);
    const output = Buffer.concat([stdout, stderr]).toString('utf8').slice(0, outputMax);
    return exitCode === 0 ? success : failure(output);
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.code !== 'timeout') throw error;
    return failure(
      `command timed out: ${JSON.stringify(command.join(' '))} timed out after ${timeoutSeconds}s`,
    );
  }
}

/** @throws Error for a name that the container doesn't have. */
export function resolvePort(port: IntOrString | undefined, container: Container): number {
  const number = Number(port);
  if (Number.isInteger(number) && number > 0) return number;
  const named = container.ports?.find(({ name }) => name === port);
  if (!named) throw new Error(`couldn't find port: ${JSON.stringify(port)}`);
  return named.containerPort;
}

function runHttp(action: HTTPGetAction, target: ProbeTarget, timeoutSeconds: number): Promise<ProbeResult> {
  const secure = action.scheme?.toUpperCase() === 'HTTPS';
  const host = action.host || target.address;
  const port = resolvePort(action.port, target.container);
  const given = (action.httpHeaders ?? []).map(({ name, value }): [string, string] => [name, value]);
  const headers: Record<string, string> = {
    'User-Agent': 'kube-probe/1.36',
    Accept: '*/*',
    Connection: 'close',
    ...Object.fromEntries(given),
  };
  const path = action.path?.startsWith('/') ? action.path : `/${action.path ?? ''}`;
  const url = `${secure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
  return new Promise((resolve) => {
    const send = secure ? httpsRequest : httpRequest;
    // A probe asks whether someone answers, not who: certificates of pods are nobody's business here.
    const request = send(
      url,
      {
        headers,
        agent: false,
        signal: AbortSignal.timeout(timeoutSeconds * 1000),
        rejectUnauthorized: false,
      },
      (response) => {
        const status = response.statusCode ?? 0;
        response.on('error', () => undefined);
        response.destroy();
        resolve(
          status >= 200 && status < 400 ? success : failure(`HTTP probe failed with statuscode: ${status}`),
        );
      },
    );
    request.on('error', (error) =>
      resolve(failure(`Get "${url}": ${connectionText(error, `${host}:${port}`)}`)),
    );
    request.end();
  });
}

function connectionText(error: Error & { code?: string }, address: string): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') {
    return 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
  }
  if (error.code === 'ECONNREFUSED') return `dial tcp ${address}: connect: connection refused`;
  if (error.code === 'EHOSTUNREACH') return `dial tcp ${address}: connect: no route to host`;
  return error.message;
}

function runTcp(host: string, port: number, timeoutSeconds: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutSeconds * 1000 });
    const end = (result: ProbeResult) => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => end(success));
    socket.once('timeout', () => end(failure(`dial tcp ${host}:${port}: i/o timeout`)));
    socket.once('error', (error) => end(failure(connectionText(error, `${host}:${port}`))));
  });
}

/** The one message of grpc.health.v1 each way is small enough to be written out: service name in, status out. */
const HealthClient = makeGenericClientConstructor(
  {
    check: {
      path: '/grpc.health.v1.Health/Check',
      requestStream: false,
      responseStream: false,
      requestSerialize: (service: string) => {
        const name = Buffer.from(service);
        return name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
      },
      requestDeserialize: (bytes: Buffer) => bytes.toString(),
      responseSerialize: (status: number) => Buffer.from([0x08, status]),
      responseDeserialize: (bytes: Buffer) => (bytes[0] === 0x08 ? (bytes[1] ?? 0) : 0),
    },
  },
  'grpc.health.v1.Health',
);
const servingStatus = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

function runGrpc(
  { port, service = '' }: NonNullable<Probe['grpc']>,
  target: ProbeTarget,
  timeoutSeconds: number,
): Promise<ProbeResult> {
  const host = target.address.includes(':') ? `[${target.address}]` : target.address;
  const client = new HealthClient(`${host}:${port}`, credentials.createInsecure());
  return new Promise((resolve) => {
    const check = client['check']?.bind(client);
    const deadline = Date.now() + timeoutSeconds * 1000;
    check?.(service, new Metadata(), { deadline }, (error: Error | null, status: number) => {
      client.close();
      if (error) resolve(failure(`error: health rpc probe failed: ${error.message}`));
      else if (status === 1) resolve(success);
      else resolve(failure(`service unhealthy (responded with "${servingStatus[status] ?? status}")`));
    });
  });
}
