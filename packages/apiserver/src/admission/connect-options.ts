/** What a connection was asked for, as the object that admission is shown of it: PodExecOptions and the like. */
import type { AnyObject } from '@skerry/api';
import { isTrue, type ResourceRequest } from '#request-info.ts';

const flags = ['stdin', 'stdout', 'stderr', 'tty'] as const;

export function connectOptions(
  { subresource, resource, rest }: ResourceRequest,
  query: URLSearchParams,
): AnyObject {
  switch (subresource) {
    case 'exec':
      return optionsOf('PodExecOptions', { ...streams(query), command: query.getAll('command') });
    case 'attach':
      return optionsOf('PodAttachOptions', streams(query));
    case 'portforward':
      return optionsOf('PodPortForwardOptions', {
        ports: query
          .getAll('ports')
          .flatMap((ports) => ports.split(',').map(Number).filter(Number.isInteger)),
      });
    default:
      return optionsOf(proxyKinds[resource] ?? 'PodProxyOptions', { path: rest === '' ? '' : `/${rest}` });
  }
}

const proxyKinds: Readonly<Record<string, string>> = {
  nodes: 'NodeProxyOptions',
  pods: 'PodProxyOptions',
  services: 'ServiceProxyOptions',
};

function streams(query: URLSearchParams): Record<string, unknown> {
  const asked = flags.map((flag): [string, boolean] => [flag, isTrue(query.get(flag))]);
  return { ...Object.fromEntries(asked), container: query.get('container') ?? '' };
}

/** Fields that are empty are left out, as in any object. */
function optionsOf(kind: string, fields: Record<string, unknown>): AnyObject {
  const set = Object.entries(fields).filter(
    ([, value]) => value !== '' && value !== false && !(Array.isArray(value) && value.length === 0),
  );
  return { kind, apiVersion: 'v1', ...Object.fromEntries(set) };
}
