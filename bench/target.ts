/** The servers that one load is put on: ours, and the real kube-apiserver with etcd where the machine has it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { referenceBinaries, startReferenceServer } from '../test/conformance/reference-server.ts';
import { users } from '../test/conformance/users.ts';
import { cpuSeconds } from './processes.ts';

/** How an administrator reaches an API server on loopback: with a client certificate or a token. */
export interface ApiEndpoint {
  readonly port: number;
  readonly credentials: {
    readonly ca: string;
    readonly cert?: string;
    readonly key?: string;
    readonly token?: string;
  };
}

export interface BenchTarget extends ApiEndpoint {
  /** Processor seconds that the server and its store have used since their start. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

/** What an installation keeps for its administrator. */
export function endpointOf({ dataDirectory, port }: { dataDirectory: string; port: number }): ApiEndpoint {
  const pki = (name: string) => readFileSync(join(dataDirectory, 'server/pki', name), 'utf8');
  return { port, credentials: { ca: pki('ca.crt'), cert: pki('admin.crt'), key: pki('admin.key') } };
}

/** Undefined where the environment names no kube-apiserver and etcd (see test/conformance/reference-server.ts). */
export async function startPeer(): Promise<BenchTarget | undefined> {
  if (!referenceBinaries()) return undefined;
  const server = await startReferenceServer({ durable: true });
  return {
    port: Number(new URL(server.url).port),
    credentials: { ca: server.ca, token: users.admin.token },
    cpuSeconds: () => server.pids.map(cpuSeconds).reduce((sum, each) => sum + each, 0),
    stop: () => server.close(),
  };
}
