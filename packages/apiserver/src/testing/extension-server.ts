import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { systemClock } from '@skerry/base';
import { createCertificateAuthority, type CertificateAuthority } from '@skerry/pki';
import type { NodeDialer } from '#ports.ts';

export interface ExtensionRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  /** Parsed where it is JSON. */
  readonly body: unknown;
  /** Which of the server's connections it came over, from 1. */
  readonly connection: number;
  /** Common name of the client's certificate; undefined when it showed none. */
  readonly clientName: string | undefined;
}

type Reply = (request: ExtensionRequest, response: ServerResponse, message: IncomingMessage) => unknown;

/** A real HTTPS server on loopback, as a webhook or an aggregated API server is one. What its reply returns is sent as JSON. */
export interface ExtensionServer {
  readonly port: number;
  /** PEM, base64, as webhook configurations have it. */
  readonly caBundle: string;
  readonly requests: ExtensionRequest[];
  reply: Reply;
  readonly server: Server;
  close(): Promise<void>;
}

let authority: Promise<CertificateAuthority> | undefined;

/** The authority of all of them, made once in a test file. */
export function extensionAuthority(): Promise<CertificateAuthority> {
  return (authority ??= createCertificateAuthority({ commonName: 'extensions', clock: systemClock }));
}

export async function startExtensionServer(
  options: {
    dnsNames?: readonly string[];
    ipAddresses?: readonly string[];
    clientAuthorityPem?: string;
    reply?: Reply;
  } = {},
): Promise<ExtensionServer> {
  const { dnsNames = ['hook.extensions.svc'], ipAddresses = ['127.0.0.1'] } = options;
  const signer = await extensionAuthority();
  const pair = await signer.issueServerCertificate({ dnsNames, ipAddresses });
  const server = createServer({
    cert: pair.certificatePem,
    key: pair.keyPem,
    ...(options.clientAuthorityPem
      ? { requestCert: true, rejectUnauthorized: false, ca: options.clientAuthorityPem }
      : {}),
  });
  const connections = new Map<unknown, number>();
  const sockets = new Set<Duplex>();
  server.on('connection', (socket: Duplex) => sockets.add(socket));
  const result: ExtensionServer = {
    port: 0,
    caBundle: Buffer.from(signer.certificatePem).toString('base64'),
    requests: [],
    reply: options.reply ?? (() => ({})),
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  server.on('request', (message, response) => {
    const { socket } = message;
    if (!connections.has(socket)) connections.set(socket, connections.size + 1);
    const peer = (socket as { getPeerCertificate?(): { subject?: { CN?: string } } }).getPeerCertificate?.();
    void readAll(message).then(async (text) => {
      const request: ExtensionRequest = {
        method: message.method ?? '',
        url: message.url ?? '',
        headers: message.headers,
        body: parsed(text),
        connection: connections.get(socket)!,
        clientName: peer?.subject?.CN,
      };
      result.requests.push(request);
      const answer = await result.reply(request, response, message);
      if (answer === undefined || response.headersSent) return;
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return Object.assign(result, { port: (server.address() as AddressInfo).port });
}

async function readAll(message: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of message.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
  return text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Leads to loopback ports, whatever pod is asked for: `10.0.0.7:8443` → a port here. */
export function dialerTo(ports: ReadonlyMap<string, number>): NodeDialer {
  return {
    dial: (node) => Promise.reject(new Error(`node ${node} holds no link`)),
    dialPod: (_node, { address, port }) => {
      const there = ports.get(`${address}:${port}`);
      if (there === undefined) return Promise.reject(new Error(`nothing listens on ${address}:${port}`));
      return dialLoopback({ host: '127.0.0.1', port: there });
    },
  };
}

export function dialLoopback({ host, port }: { host: string; port: number }): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host === 'localhost' ? '127.0.0.1' : host);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** A Service and the EndpointSlice of its one pod, for a reader or to be posted. */
export function serviceObjects(
  { namespace, name }: { namespace: string; name: string },
  { address, port }: { address: string; port: number },
) {
  return {
    service: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace, name },
      spec: { ports: [{ port: 443, targetPort: port }] },
    },
    slice: {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace, name, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: '', port }],
      endpoints: [{ addresses: [address], nodeName: 'n1', conditions: { ready: true } }],
    },
  };
}
