/** What `/version` answers. `gitVersion` carries build metadata, never a pre-release suffix: charts compare versions. */
export interface VersionInfo {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
  /** Empty where it is not known. */
  readonly gitCommit?: string;
  /** RFC 3339. */
  readonly buildDate?: string;
  readonly platform: string;
}

/** Under the names that Go gave them: `goVersion` is what this server runs on. */
export function versionDocument({
  major,
  minor,
  gitVersion,
  gitCommit = '',
  buildDate = '1970-01-01T00:00:00Z',
  platform,
}: VersionInfo): Readonly<Record<string, string>> {
  return {
    major,
    minor,
    emulationMajor: major,
    emulationMinor: minor,
    minCompatibilityMajor: major,
    minCompatibilityMinor: String(Number(minor) - 1),
    gitVersion,
    gitCommit,
    gitTreeState: 'clean',
    buildDate,
    goVersion: `node${process.versions.node}`,
    compiler: 'v8',
    platform,
  };
}
