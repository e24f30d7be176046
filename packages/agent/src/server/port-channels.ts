/**
 * Port-forward over WebSocket channels, as the JavaScript client does it: two channels per port, data and error, each begun
 * by a message from here with the port number in two bytes, little end first. One connection per port.
 */
import { pipeline } from 'node:stream/promises';
import { acceptWebSocket, createChannelSocket, createSpdySession } from '@skerry/streams';
import { NodeRequestError } from '#server/ports.ts';
import { openRuntimeStream, type UpgradeExchange } from '#server/runtime-stream.ts';

/** Two channels each, and channel numbers are one byte. */
const portsMax = 120;

export function parsePorts(query: URLSearchParams): number[] {
  const ports = [...query.getAll('port'), ...query.getAll('ports')]
    .flatMap((text) => text.split(','))
    .map(Number);
  const bad = ports.find((port) => !Number.isInteger(port) || port < 1 || port > 65_535);
  if (bad !== undefined) throw new NodeRequestError(400, `port ${bad}: must be between 1 and 65535`);
  if (ports.length === 0) throw new NodeRequestError(400, 'query parameter "port" is required');
  if (ports.length > portsMax)
    throw new NodeRequestError(400, `${ports.length} ports are more than ${portsMax}`);
  return ports;
}

export async function bridgePorts(
  exchange: UpgradeExchange,
  { url, protocol, ports }: { url: string; protocol: string; ports: readonly number[] },
): Promise<void> {
  const { request, socket, head } = exchange;
  const runtime = await openRuntimeStream(url, ['portforward.k8s.io'], exchange);
  const session = createSpdySession(runtime.socket, { role: 'client' });
  try {
    const channels = createChannelSocket(await acceptWebSocket(request, socket, head, protocol));
    const inputs = ports.map((_, i) => channels.input(i * 2));
    void session.closed.then(() => channels.close(1000));
    const connections = ports.map(async (port, i) => {
      const number = Buffer.alloc(2);
      number.writeUInt16LE(port);
      const [data, errors] = [channels.output(i * 2), channels.output(i * 2 + 1)];
      data.write(number);
      errors.write(number);
      const headers = { port: String(port), requestID: String(i) };
      const errorStream = session.open({ ...headers, streamType: 'error' });
      errorStream.end();
      const dataStream = session.open({ ...headers, streamType: 'data' });
      void pipeline(inputs[i]!, dataStream).catch(() => undefined);
      await Promise.allSettled([pipeline(errorStream, errors), pipeline(dataStream, data)]);
    });
    await Promise.race([Promise.all(connections), channels.closed]);
    channels.close(1000);
    await channels.closed;
  } finally {
    session.close();
  }
}
