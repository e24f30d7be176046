/** Volumes made of named files may have one file in the place of another's folder: sent as warnings. */
import type { Volume, VolumeProjection } from '#types.generated.ts';
import { quoted } from '#validation/faults.ts';

interface PlacedFile {
  readonly path: string;
  /** Where it comes from, in a volume of several sources. */
  readonly source: string;
}

export function pathWarnings(volumes: readonly Volume[]): string[] {
  return volumes.flatMap((volume) => {
    const { name, configMap, secret, downwardAPI, projected } = volume;
    const of = (kind: string, items: readonly { readonly path: string }[] | undefined): string[] =>
      overlaps((items ?? []).map(({ path }) => ({ path, source: '' }))).map(
        (pair) => `volume ${quoted(name)} (${kind}): overlapping paths: ${pair}`,
      );
    return [
      ...of(`ConfigMap ${quoted(configMap?.name ?? '')}`, configMap?.items),
      ...of(`Secret ${quoted(secret?.secretName ?? '')}`, secret?.items),
      ...of('DownwardAPI', downwardAPI?.items),
      ...(projected ? projectedWarnings(name, projected.sources ?? []) : []),
    ];
  });
}

function projectedWarnings(name: string, sources: readonly VolumeProjection[]): string[] {
  const empty = sources.filter((source) => Object.values(source).every((one) => one === undefined));
  return [
    ...empty.map(() => `volume ${quoted(name)} (Projected) has no sources provided`),
    ...overlaps(sources.flatMap(filesOf)).map(
      (pair) => `volume ${quoted(name)} (Projected): overlapping paths: ${pair}`,
    ),
  ];
}

function filesOf(source: VolumeProjection): PlacedFile[] {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = source;
  const placed = (items: readonly { readonly path: string }[], from: string): PlacedFile[] =>
    items.map(({ path }) => ({ path, source: from }));
  if (configMap?.items) return placed(configMap.items, `ConfigMap ${quoted(configMap.name ?? '')}`);
  if (secret?.items) return placed(secret.items, `Secret ${quoted(secret.name ?? '')}`);
  if (downwardAPI?.items) return placed(downwardAPI.items, 'DownwardAPI');
  if (serviceAccountToken) return placed([serviceAccountToken], 'ServiceAccountToken');
  if (clusterTrustBundle) {
    const bundle = clusterTrustBundle.name ?? clusterTrustBundle.signerName ?? '';
    return placed([clusterTrustBundle], `ClusterTrustBundle ${quoted(bundle)}`);
  }
  return [
    [podCertificate?.certificateChainPath, 'PodCertificate chain'],
    [podCertificate?.keyPath, 'PodCertificate key'],
    [podCertificate?.credentialBundlePath, 'PodCertificate credential bundle'],
  ].flatMap(([path, from = '']) => (path ? [{ path, source: from }] : []));
}

function overlaps(files: readonly PlacedFile[]): string[] {
  const found: string[] = [];
  const before: PlacedFile[] = [];
  for (const given of files) {
    const file = { ...given, path: withoutSlashesAtEnd(given.path) };
    for (const other of before)
      if (file.path && other.path && isUnder(file.path, other.path))
        found.push(`${told(file)} with ${told(other)}`);
    before.push(file);
  }
  return found;
}

/** By a loop: a pattern that looks for the end takes the square of the time where slashes stand before it. */
function withoutSlashesAtEnd(path: string): string {
  let end = path.length;
  while (path[end - 1] === '/') end--;
  return path.slice(0, end);
}

function isUnder(a: string, b: string): boolean {
  return `${a}/`.startsWith(`${b}/`) || `${b}/`.startsWith(`${a}/`);
}

function told({ path, source }: PlacedFile): string {
  return source ? `${quoted(path)} (${source})` : quoted(path);
}
