/** The catalogue of this installation, and the way into clusters that its components take. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, type Logger, SkerryError } from '@skerry/base';
import {
  type BuiltInComponent,
  Catalogue,
  centerResources,
  type Cluster,
  type ComponentTaskOptions,
  connectImported,
  type guardedDial,
  ownClusterLabel,
} from '@skerry/center';
import { type ApiClient, createClient } from '@skerry/client';
import { type DataDirectory, dataDirectory } from '#data-directory.ts';
import { version } from '#version.ts';
import { adminClient } from './admin-client.ts';
import { openInstallation } from './installation.ts';
import type { ServerConfig } from './server-config.ts';

export interface ComponentParts {
  readonly data: DataDirectory;
  /** Of the management API. */
  readonly client: ApiClient;
  readonly config: Pick<ServerConfig, 'registry'>;
  readonly dial: ReturnType<typeof guardedDial>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Components that are part of Skerry: made by code, described in the catalogue as the others are. */
const builtIn: Readonly<Record<string, () => Promise<BuiltInComponent>>> = {
  async openkruise() {
    const { openKruiseManifests, openKruiseValuesSchema, openKruiseVersion } =
      await import('@skerry/controllers');
    return {
      version: openKruiseVersion,
      values: openKruiseValuesSchema,
      manifests: (values) => openKruiseManifests(values),
    };
  },
};

export function componentOptions(parts: ComponentParts): ComponentTaskOptions {
  const { client, config, clock, log } = parts;
  return {
    client,
    catalogue: new Catalogue({
      folder: catalogueFolder(),
      builtIn,
      ...(config.registry === undefined ? {} : { registry: config.registry }),
    }),
    adminClient: (cluster) => openCluster(cluster, parts),
    clock,
    log,
  };
}

async function openCluster(name: string, { data, client, dial, clock }: ComponentParts): Promise<ApiClient> {
  const cluster = await client.resource<Cluster>(centerResources.clusters).get(name);
  if (cluster.spec.type === 'imported') {
    const connection = await connectImported(cluster, { client, dial, clock });
    return createClient({ transport: connection.people, userAgent: `skerry-components/${version}`, clock });
  }
  const own = cluster.metadata?.labels?.[ownClusterLabel] === 'true';
  const folder = own ? data : dataDirectory(join(data.clusters, name));
  return adminClient(await openInstallation(folder, clock), clock);
}

/** Beside the bundle, or at the root of the sources. */
function catalogueFolder(): string {
  const candidates = ['components', '../components', '../../../../components'].map((path) =>
    join(import.meta.dirname, path),
  );
  const found = candidates.find((folder) => existsSync(join(folder, 'openkruise')));
  if (found === undefined)
    throw new SkerryError(
      'component-unknown',
      `there is no catalogue of components at ${candidates.join(' or ')}`,
    );
  return found;
}
