import { badRequest } from '@skerry/api';
import type { ExecQuery } from '#contract/index.ts';
import { missing, named } from '#logs/logs-query.ts';

const commandLengthMax = 64;
const wordLengthMax = 4096;

/** @throws ApiError BadRequest */
export function execQueryFrom(parameters: URLSearchParams): Omit<ExecQuery, 'ticket'> {
  const command = parameters.getAll('command');
  if (command.length > commandLengthMax || command.some((word) => word.length > wordLengthMax))
    throw badRequest('command: too long');
  const container = named(parameters, 'container');
  return {
    namespace: named(parameters, 'namespace') ?? missing('namespace'),
    pod: named(parameters, 'pod') ?? missing('pod'),
    ...(container === undefined ? {} : { container }),
    ...(command.length > 0 ? { command } : {}),
  };
}

export function execPath(
  { namespace, pod, container }: Omit<ExecQuery, 'ticket' | 'command'>,
  command: readonly string[],
): string {
  const parameters = new URLSearchParams({ stdin: 'true', stdout: 'true', tty: 'true' });
  if (container !== undefined) parameters.set('container', container);
  for (const word of command) parameters.append('command', word);
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/exec?${parameters.toString()}`;
}
