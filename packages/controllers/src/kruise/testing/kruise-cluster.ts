/** The real API server on a memory store with our controllers, for tests of what only both together show. */
import { startTestServer, dialLoopback } from '@skerry/apiserver/testing';
import { systemClock } from '@skerry/base';
import { recordingLogger } from '@skerry/base/testing';
import { createClient, createHttpTransport, resources } from '@skerry/client';
import type { Namespace } from '@skerry/api';
import { runControllers } from '#manager.ts';
import type { ControllerName } from '#catalogue.ts';
import { createCertificateAuthority } from '@skerry/pki';

export async function startKruiseCluster(names: readonly ControllerName[]) {
  const server = await startTestServer({ dial: dialLoopback });
  const client = createClient({
    transport: createHttpTransport({ server: server.url }),
    userAgent: 'test',
    clock: systemClock,
  });
  const log = recordingLogger();
  const stop = new AbortController();
  for (const name of ['default', 'kube-system']) {
    await client
      .resource<Namespace>(resources.namespaces)
      .create({ metadata: { name } })
      .catch(() => undefined);
  }
  const running = runControllers({
    client,
    clock: systemClock,
    log,
    random: Math.random,
    signal: stop.signal,
    names,
    clusterCidr: '10.244.0.0/16',
    authority: await createCertificateAuthority({ commonName: 'test', clock: systemClock }),
  });
  return {
    client,
    log,
    async stop() {
      stop.abort();
      await running;
      client.close();
      await server.close();
    },
  };
}

export type KruiseCluster = Awaited<ReturnType<typeof startKruiseCluster>>;
