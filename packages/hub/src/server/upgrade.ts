/**
 * exec, attach and port-forward through the hub: the client's own request goes to the center over a connection of its own
 * that carries no identity of the node, and then bytes both ways. The center judges it by its token alone.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiError } from '@skerry/api';
import { describeError } from '@skerry/base';
import { cutOff } from '#answer/answers.ts';
import { isOnward } from '#server/onward-headers.ts';

export interface UpgradeExchange {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What has come behind the request already. */
  readonly head: Uint8Array;
}

/** What stands before the paths of an API server that shares its address with others. */
export interface ServerName {
  readonly host: string;
  /** `/k8s/clusters/c1`, or nothing. */
  readonly pathPrefix: string;
}

const inCluster: ServerName = { host: 'kubernetes.default.svc', pathPrefix: '' };

/** Resolves when both ends have gone. @throws ApiError while nothing has been answered. */
export async function passUpgrade(
  { request, socket, head }: UpgradeExchange,
  {
    dialCenter,
    center: { host, pathPrefix } = inCluster,
  }: { readonly dialCenter: () => Promise<Duplex>; readonly center?: ServerName },
): Promise<void> {
  const { headers, url = '/', method = 'GET' } = request;
  // Where one ends and the next begins must be the same to the hub and to the center.
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0)
    throw new ApiError('BadRequest', 'a request for an upgrade has no body');
  if (!url.startsWith('/')) throw new ApiError('BadRequest', 'the path of a request begins with /');
  let center: Duplex;
  try {
    center = await dialCenter();
  } catch (error) {
    throw cutOff(`this node can not reach the cluster: ${describeError(error)}`);
  }
  const lines = [`${method} ${pathPrefix}${url} HTTP/1.1`, `Host: ${host}`];
  const { rawHeaders } = request;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (isOnward(name.toLowerCase())) lines.push(`${name}: ${rawHeaders[index + 1] ?? ''}`);
  }
  lines.push(`Connection: Upgrade`, `Upgrade: ${headers.upgrade ?? ''}`);
  center.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (head.length > 0) center.write(head);
  await new Promise<void>((resolve) => {
    let open = 2;
    const closed = () => {
      if (--open === 0) resolve();
    };
    socket.once('close', () => {
      center.destroy();
      closed();
    });
    center.once('close', () => {
      socket.destroy();
      closed();
    });
    center.on('error', () => socket.destroy());
    socket.pipe(center);
    center.pipe(socket);
  });
}
