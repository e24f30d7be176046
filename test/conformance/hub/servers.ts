/** API servers of elsewhere to put a hub before: our own, taken for a stranger's, and the real one where the machine has it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@skerry/base';
import { createCertificateAuthority } from '@skerry/pki';
import { startOwnServer } from '../own-server.ts';
import { referenceBinaries, startReferenceServer } from '../reference-server.ts';
import { users } from '../users.ts';
import type { HubIdentity } from './hub-process.ts';

export interface ElsewhereServer {
  readonly url: string;
  readonly ca?: string;
  /** Of the node `n1`. */
  readonly identity: HubIdentity;
  close(): Promise<void>;
}

export const servers: readonly (readonly [name: string, start: () => Promise<ElsewhereServer>])[] = [
  ['our own API server', startOurs],
  ...(referenceBinaries() ? [['kube-apiserver', startReal] as const] : []),
];

async function startOurs(): Promise<ElsewhereServer> {
  const server = await startOwnServer();
  return {
    url: server.target.url,
    identity: { token: users.node.token },
    close: () => server.close(),
  };
}

/** The node shows a certificate, as kubelets do. */
async function startReal(): Promise<ElsewhereServer> {
  const directory = mkdtempSync(join(tmpdir(), 'skerry-client-ca-'));
  const authority = await createCertificateAuthority({ commonName: 'clients', clock: systemClock });
  const file = join(directory, 'ca.crt');
  writeFileSync(file, authority.certificatePem);
  const { name, groups } = users.node;
  const { certificatePem, keyPem } = await authority.issueClientCertificate({ user: name, groups });
  const server = await startReferenceServer({ flags: [`--client-ca-file=${file}`] });
  return {
    url: server.url,
    ca: server.ca,
    identity: { clientCertificate: certificatePem, clientKey: keyPem },
    async close() {
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
