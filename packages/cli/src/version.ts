/** Of Skerry itself. */
export const version = '0.1.0';

/** The Kubernetes release whose API is served, and this build of it; build metadata, since a suffix with `-` would make charts think it a pre-release. */
export const serverVersion = { major: '1', minor: '36', gitVersion: 'v1.36.3+skerry.1' } as const;
