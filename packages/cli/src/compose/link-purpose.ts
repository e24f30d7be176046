import type { LinkPurpose } from '@skerry/link';

/** What a request of the Kubernetes API is for, as the meter of a link sorts its bytes. */
export function purposeOfRequest(method: string, target: string): LinkPurpose {
  const [path = '', query = ''] = target.split('?', 2);
  if (/\/(nodeimages|imagepulljobs|imagelistpulljobs)(\/|$)/.test(path)) return 'images';
  if (path.includes('/coordination.k8s.io/')) return 'heartbeat';
  if (method === 'GET' && /(^|&)watch=(true|1)(&|$)/.test(query)) return 'watch';
  if (method === 'GET' || method === 'HEAD') return 'list';
  if (path.endsWith('/status')) return 'status';
  return /\/events(\/|$)/.test(path) ? 'events' : 'other';
}
