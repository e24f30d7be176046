/** What a center hands to machines that have nothing of it yet. */
import { isIP } from 'node:net';
import type { ApiServerOptions } from '@skerry/apiserver';
import type { Logger } from '@skerry/base';
import { openPaths } from '#release/open-paths.ts';
import { releaseDirectory, ReleaseFiles } from '#release/release-files.ts';
import { version } from '#version.ts';
import type { Installation } from './installation.ts';
import type { ServerConfig } from './server-config.ts';

/** `host:port` that machines dial: the first that was advertised. */
export function dialledAddress({ advertise, port }: ServerConfig): string | undefined {
  const [host] = advertise;
  if (host === undefined) return undefined;
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

export async function ownReleases(dataDirectory: string): Promise<ReleaseFiles> {
  const entry = process.argv[1];
  return new ReleaseFiles({
    directory: await releaseDirectory(entry, dataDirectory),
    version,
    entry,
    node: process.execPath,
    nodeVersion: process.version,
    processArchitecture: process.arch,
  });
}

export async function serverReleases(
  { data, config }: Installation,
  { pin, log }: { pin: () => string; log: Logger },
): Promise<ApiServerOptions['openPaths']> {
  return openPaths({
    files: await ownReleases(data.path),
    version,
    center: dialledAddress(config),
    pin,
    log,
  });
}
