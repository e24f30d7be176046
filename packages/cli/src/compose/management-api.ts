/**
 * The management API: one more API server, with the kinds of `center.skerry.io` and the few that they need (Secrets, roles,
 * policies). Its store and keys lie in `center/` of the data directory; it answers on a Unix socket alone, 0600 in a 0700
 * folder, and still asks for a credential.
 */
import { randomUUID } from 'node:crypto';
import { builtinKinds, type KindInfo } from '@skerry/api';
import { createApiServer, createSecurity, StorageEncryption } from '@skerry/apiserver';
import type { Clock, Logger } from '@skerry/base';
import { type ClusterConnection, identities } from '@skerry/center';
import { type ApiClient, createClient, createUnixTransport } from '@skerry/client';
import { loadOrCreateServiceAccountKey, loadOrCreateValueKeys, makePrivateDirectory } from '@skerry/pki';
import { openSqliteStore } from '@skerry/store';
import { join } from 'node:path';
import type { DataDirectory } from '#data-directory.ts';
import { version } from '#version.ts';
import { connectOverSocket } from './hosted-connection.ts';
import { loadOrCreateToken, localAdmin, managementAdminToken } from './management-credential.ts';
import { storeWriterUrl } from './store-writer.ts';

export interface ManagementApi {
  /** As the center itself, which may do everything. */
  readonly client: ApiClient;
  /** As what its people's requests go through. */
  readonly connection: ClusterConnection;
  close(): Promise<void>;
}

const compaction = { keepMs: 5 * 60_000, revisionsMax: 20_000 };

const core = new Set(['namespaces', 'secrets', 'configmaps', 'events', 'serviceaccounts']);
const groups = new Set([
  'rbac.authorization.k8s.io',
  'apiextensions.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'admissionregistration.k8s.io',
]);

/** What the kinds of the center are made of, are guarded by and refer to. */
function isServed({ group, resource }: KindInfo): boolean {
  return group === '' ? core.has(resource) : groups.has(group);
}

export async function startManagementApi(
  data: DataDirectory,
  { clock, log, random }: { readonly clock: Clock; readonly log: Logger; readonly random: () => number },
): Promise<ManagementApi> {
  await makePrivateDirectory(data.center);
  await using opened = new AsyncDisposableStack();
  const store = await openSqliteStore({
    path: join(data.center, 'management.db'),
    clock,
    log,
    compaction,
    writerUrl: storeWriterUrl(),
  });
  opened.defer(() => store.close());
  const keys = await loadOrCreateValueKeys(data.center);
  const token = await loadOrCreateToken(join(data.run, 'center-token'));
  const admin = await managementAdminToken(data);
  const purposes = ['people', 'reader', 'keeper'] as const;
  const ofPurpose = async (purpose: (typeof purposes)[number]) =>
    loadOrCreateToken(join(data.run, `management-${purpose}-token`));
  const tokens = {
    people: await ofPurpose('people'),
    reader: await ofPurpose('reader'),
    keeper: await ofPurpose('keeper'),
  };
  const groupsOfAdmins = ['system:masters', 'system:authenticated'];
  const server = createApiServer({
    store,
    kinds: builtinKinds.filter(isServed),
    clock,
    log,
    random,
    uid: randomUUID,
    encryption: new StorageEncryption({ keys }),
    security: createSecurity({
      clock,
      log,
      random,
      serviceAccountKey: await loadOrCreateServiceAccountKey(data.center),
      issuer: 'https://center.skerry.io',
      staticTokens: [
        { token, user: { name: 'system:skerry:center', groups: groupsOfAdmins } },
        ...purposes.map((purpose) => ({
          token: tokens[purpose],
          user: { name: identities[purpose], groups: ['system:authenticated'] },
        })),
        { token: admin, user: { name: localAdmin, groups: groupsOfAdmins } },
      ],
    }),
  });
  opened.defer(() => server.close());
  await server.start();
  await server.listenUnix(data.managementSocket);
  const client = createClient({
    transport: createUnixTransport({ socketPath: data.managementSocket, token }),
    userAgent: `skerry-center/${version}`,
    clock,
  });
  opened.defer(() => client.close());
  const connection = connectOverSocket(data.managementSocket, {
    tokens,
    address: { server: 'https://localhost' },
    hosted: false,
  });
  opened.defer(() => connection.close());
  const parts = opened.move();
  return { client, connection, close: () => parts.disposeAsync() };
}
