import { notFound, type ApiError } from '@skerry/api';

export function notFoundCluster(cluster: string): ApiError {
  return notFound({ group: 'center.skerry.io', resource: 'clusters' }, cluster);
}
