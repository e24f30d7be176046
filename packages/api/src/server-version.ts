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

/** Under the names that Go gave them: `goVersion` is what the server runs on, as `node24.1.0`. */
export function versionDocument(
  { major, minor, gitVersion, gitCommit = '', buildDate = '1970-01-01T00:00:00Z', platform }: VersionInfo,
  goVersion: string,
): Readonly<Record<string, string>> {
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
    goVersion,
    compiler: 'v8',
    platform,
  };
}

/** Of this release, on a machine as Node names it. */
export function serverVersion({
  platform,
  arch,
}: {
  readonly platform: string;
  readonly arch: string;
}): VersionInfo {
  return {
    major: '1',
    minor: '36',
    gitVersion: 'v1.36.3+skerry.1',
    platform: `${platform}/${arch === 'x64' ? 'amd64' : arch}`,
  };
}
