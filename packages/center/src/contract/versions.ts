/** Minor versions of Kubernetes that a hosted cluster can have, the newest first. */
export const clusterVersions = ['1.36'] as const;
