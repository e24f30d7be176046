import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import tls from 'node:tls';
import { silentLogger, systemClock, type Clock } from '@skerry/base';
import { eventually, FakeClock } from '@skerry/base/testing';
import { createCertificateAuthority, subjectOfPeer, type CertificateAuthority } from '@skerry/pki';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createLinkClient, type LinkClient, type LinkClientOptions, type LinkState } from '#client.ts';
import { connectTls } from '#connect.ts';
import { createLinkHub, type LinkHub } from '#hub.ts';
import { downSettings, linkProtocol, pauseMsFor, pauseMsOf } from '#protocol.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

let authority: CertificateAuthority;
beforeAll(async () => {
  authority = await createCertificateAuthority({ commonName: 'test', clock: systemClock });
});

interface Center {
  close(): Promise<void>;
  readonly hub: LinkHub<string>;
  readonly port: number;
  readonly alive: string[];
  readonly changes: string[];
  /** The raw TLS connections, to cut them. */
  readonly sockets: tls.TLSSocket[];
}

/** A real TLS port, a hub, and an HTTP/2 "API server" that says who asks, echoes or pours. */
async function startCenter({
  clock = systemClock,
  heartbeatMs,
}: { clock?: Clock; heartbeatMs?: number } = {}): Promise<Center> {
  const alive: string[] = [];
  const changes: string[] = [];
  const sockets: tls.TLSSocket[] = [];
  const api = http2.createServer();
  const peers = new WeakMap<Duplex, string>();
  api.on('session', (session) => session.on('error', () => undefined));
  api.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    stream.respond({ ':status': 200 });
    if (headers[':path'] === '/echo') stream.pipe(stream);
    else stream.end(`hello ${String(headers['x-from'])}`);
  });
  const hub = createLinkHub<string>({
    clock,
    log: silentLogger,
    onUp: (channel, { peer }) => {
      peers.set(channel, peer);
      api.emit('connection', channel);
    },
    onAlive: (node) => alive.push(node),
    ...(heartbeatMs === undefined ? {} : { heartbeatMs }),
    onChange: (node, state) => changes.push(`${node} ${state}`),
  });
  const pair = await authority.issueServerCertificate({
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
  });
  const server = tls.createServer(
    {
      cert: pair.certificatePem,
      key: pair.keyPem,
      ca: authority.certificatePem,
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: [linkProtocol],
    },
    (socket) => {
      sockets.push(socket);
      const peer = subjectOfPeer(socket.getPeerCertificate().subject).commonName;
      hub.accept(socket, { node: peer.replace('system:node:', ''), peer });
    },
  );
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    await hub.close();
    server.close();
  };
  cleanups.push(close);
  return { close, hub, port: (server.address() as AddressInfo).port, alive, changes, sockets };
}

async function startNode(
  center: { port: number },
  name: string,
  options: Partial<LinkClientOptions> & { issuer?: CertificateAuthority; withoutCertificate?: boolean } = {},
) {
  const pair = await (options.issuer ?? authority).issueClientCertificate({
    user: `system:node:${name}`,
    groups: ['system:nodes'],
  });
  const client = createLinkClient({
    connect: (signal) =>
      connectTls(
        {
          host: '127.0.0.1',
          port: center.port,
          ca: authority.certificatePem,
          cert: pair.certificatePem,
          key: pair.keyPem,
        },
        signal,
      ),
    server: http.createServer((request, response) => response.end(`${name} ${request.url}`)),
    clock: systemClock,
    log: silentLogger,
    random: () => 0,
    ...options,
  });
  const stop = new AbortController();
  const done = client.run(stop.signal);
  cleanups.push(async () => {
    stop.abort();
    await done;
  });
  return { client, stop: () => (stop.abort(), done) };
}

async function connectOptions(
  center: { port: number },
  proxy: string,
): Promise<LinkClientOptions['connect']> {
  const pair = await authority.issueClientCertificate({ user: 'system:node:a' });
  const options = {
    host: '127.0.0.1',
    port: center.port,
    ca: authority.certificatePem,
    cert: pair.certificatePem,
    key: pair.keyPem,
    proxy,
  };
  return (signal) => connectTls(options, signal);
}

function get(stream: Duplex, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.get({ path, createConnection: () => stream as net.Socket }, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve(body));
    });
    request.on('error', reject);
  });
}

async function read(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A TCP server standing for a pod; `dialPod` leads to it whatever the address. */
async function startPod(onConnection: (socket: net.Socket) => void) {
  const server = net.createServer({ allowHalfOpen: true }, onConnection);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  return async () => {
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return socket;
  };
}

describe('a link', () => {
  test("reaches each node's own server, many times at once", async () => {
    const center = await startCenter();
    const nodes = await Promise.all(['a', 'b'].map((name) => startNode(center, name)));
    await Promise.all(nodes.map(({ client }) => client.whenLinked()));
    await eventually(() => expect(center.hub.nodes().sort()).toEqual(['a', 'b']));
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const node = i % 2 ? 'a' : 'b';
        return [node, await get(await center.hub.dial(node, { purpose: 'logs' }), `/x/${i}`)];
      }),
    );
    expect(answers.every(([node, answer], i) => answer === `${node} /x/${i}`)).toBe(true);
    expect(center.hub.stats('a')?.purposes.logs.receivedBytes).toBeGreaterThan(25 * 20);
    await eventually(() => expect(new Set(center.alive)).toEqual(new Set(['a', 'b'])));
    expect(center.hub.stats('a')?.roundTripMs).toBeGreaterThan(0);
  });

  test('carries requests of the node on its own session', async () => {
    const center = await startCenter();
    const { client } = await startNode(center, 'a');
    await client.whenLinked();
    const stream = client.upSession()!.request({ ':path': '/api', 'x-from': 'a' });
    expect((await read(stream)).toString()).toBe('hello a');
  });

  test('passes an upgraded connection through as raw bytes', async () => {
    const center = await startCenter();
    const server = http.createServer();
    server.on('upgrade', (_request, socket: Duplex) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      socket.pipe(socket);
    });
    const { client } = await startNode(center, 'a', { server });
    await client.whenLinked();
    const connection = await center.hub.dial('a', { purpose: 'exec' });
    const request = http.request({
      path: '/exec',
      headers: { connection: 'Upgrade', upgrade: 'echo' },
      createConnection: () => connection as net.Socket,
    });
    request.end();
    const [, socket] = (await once(request, 'upgrade')) as [unknown, Duplex];
    socket.end('ping');
    expect((await read(socket)).toString()).toBe('ping');
  });

  test('keeps two nodes apart whose pods have the same address', async () => {
    const center = await startCenter();
    for (const name of ['a', 'b']) {
      const dial = await startPod((socket) => socket.end(`pod on ${name}`));
      const { client } = await startNode(center, name, { dialPod: dial });
      await client.whenLinked();
    }
    const target = { address: '10.0.0.5', port: 80, purpose: 'proxy' };
    for (const name of ['a', 'b']) {
      const stream = await center.hub.dialPod(name, target);
      stream.end();
      expect((await read(stream)).toString()).toBe(`pod on ${name}`);
    }
  });

  test('that is cut ends, with its streams, and leaves others alone', async () => {
    const center = await startCenter();
    const { client } = await startNode(center, 'a');
    const { client: other } = await startNode(center, 'b');
    await Promise.all([client.whenLinked(), other.whenLinked()]);
    await eventually(() => expect(center.hub.nodes().sort()).toEqual(['a', 'b']));
    center.hub.cut('a', 'node a was deleted');
    center.hub.cut('nobody', 'unknown');
    await eventually(() => expect(center.changes).toContain('a unlinked'));
    expect(center.hub.linked('b')).toBe(true);
  });

  test('says why a pod could not be reached', async () => {
    const center = await startCenter();
    const { client } = await startNode(center, 'a', {
      dialPod: ({ address }) => Promise.reject(new Error(`${address} is no pod of this node`)),
    });
    await client.whenLinked();
    await expect(
      center.hub.dialPod('a', { address: 'fd00::1', port: 80, purpose: 'proxy' }),
    ).rejects.toMatchObject({
      code: 'dial-refused',
      message: 'connect to [fd00::1]:80 on node a: fd00::1 is no pod of this node',
    });
    await expect(center.hub.dial('nobody', { purpose: 'x' })).rejects.toMatchObject({
      code: 'node-not-linked',
    });
  });

  test('moves large streams both ways at once, byte for byte, half-closed in turn', async () => {
    const center = await startCenter();
    const { client } = await startNode(center, 'a', {
      dialPod: await startPod((socket) => socket.pipe(socket)),
    });
    await client.whenLinked();
    const bytes = Buffer.alloc(24 * 1024 * 1024, 'skerry-').fill('x', 5_000_000, 5_000_100);
    const down = await center.hub.dialPod('a', { address: '10.0.0.5', port: 80, purpose: 'proxy' });
    down.end(bytes);
    const up = client.upSession()!.request({ ':path': '/echo', ':method': 'POST' });
    up.end(bytes);
    const [a, b] = await Promise.all([read(down), read(up)]);
    expect(a.equals(bytes)).toBe(true);
    expect(b.equals(bytes)).toBe(true);
    const { sentBytes = 0 } = center.hub.stats('a')?.purposes.other ?? {};
    expect(sentBytes / bytes.length).toBeGreaterThan(1);
    expect(sentBytes / bytes.length).toBeLessThan(1.1);
  });

  test('lets other streams through while readers of many stand still', async () => {
    const center = await startCenter();
    const block = Buffer.alloc(1024 * 1024);
    const pour = (socket: net.Socket) => {
      socket.on('error', () => undefined);
      const more = () => {
        while (socket.write(block));
      };
      socket.on('drain', more);
      more();
    };
    const { client } = await startNode(center, 'a', { dialPod: await startPod(pour) });
    await client.whenLinked();
    const target = { address: '10.0.0.5', port: 80, purpose: 'log' };
    const stalled = await Promise.all(Array.from({ length: 8 }, () => center.hub.dialPod('a', target)));
    // Four MiB each are under way: the windows are full and nobody reads.
    await eventually(() =>
      expect(center.hub.stats('a')!.purposes.logs.receivedBytes).toBeGreaterThan(8 * 4 * 1024 * 1024),
    );
    expect(await get(await center.hub.dial('a', { purpose: 'test' }), '/x')).toBe('a /x');
    const stream = client.upSession()!.request({ ':path': '/api', 'x-from': 'a' });
    expect((await read(stream)).toString()).toBe('hello a');
    expect(center.hub.stats('a')!.purposes.logs.receivedBytes).toBeLessThan(8 * 5 * 1024 * 1024);
    for (const stream of stalled) stream.destroy();
  });

  test('tells the other end at once when a stream is dropped', async () => {
    const center = await startCenter();
    const ended = Promise.withResolvers<void>();
    const dial = await startPod((socket) => {
      socket.on('error', () => undefined);
      socket.on('end', () => ended.resolve());
      socket.resume();
    });
    const { client } = await startNode(center, 'a', { dialPod: dial });
    await client.whenLinked();
    const stream = await center.hub.dialPod('a', { address: '10.0.0.5', port: 80, purpose: 'x' });
    stream.destroy();
    await ended.promise;
  });

  test('comes back by itself after the connection was cut, and breaks what was on it', async () => {
    const center = await startCenter();
    const { client } = await startNode(center, 'a', {
      dialPod: await startPod((socket) => void socket.resume()),
    });
    await client.whenLinked();
    const stream = await center.hub.dialPod('a', { address: '10.0.0.5', port: 80, purpose: 'x' });
    const broken = once(stream, 'error');
    center.sockets[0]!.destroy();
    expect((await broken)[0]).toMatchObject({ code: 'ECONNRESET' });
    await eventually(() => expect(center.hub.nodes()).toEqual([]));
    await eventually(() => expect(center.hub.nodes()).toEqual(['a']));
    await client.whenLinked();
    expect(center.hub.stats('a')?.reconnects).toBe(1);
    expect(await get(await center.hub.dial('a', { purpose: 'test' }), '/x')).toBe('a /x');
  });

  test('that flaps leaves nothing behind', async () => {
    const center = await startCenter();
    const { client } = await startNode(center, 'a');
    for (let flap = 1; flap <= 5; flap++) {
      await client.whenLinked();
      await eventually(() => expect(center.hub.linked('a')).toBe(true));
      const before = center.hub.stats('a')!.purposes.other.receivedBytes;
      expect(await get(await center.hub.dial('a', { purpose: 'test' }), '/x')).toBe('a /x');
      expect(center.hub.stats('a')!.purposes.other.receivedBytes).toBeGreaterThan(before);
      center.sockets.pop()!.destroy();
      await eventually(() => expect(client.state().phase).not.toBe('linked'));
    }
    await client.whenLinked();
    await eventually(() => expect(center.hub.stats('a')).toMatchObject({ state: 'linked', reconnects: 5 }));
    center.hub.forget('a');
    expect(center.hub.statistics().nodes).toEqual([]);
    expect(center.hub.statistics().forgotten.heartbeat.sentBytes).toBeGreaterThan(0);
  });

  describe('in a drill', () => {
    async function drilled(seconds = 600) {
      const clock = new FakeClock();
      const center = await startCenter({ clock });
      const node = await startNode(center, 'a', {
        clock,
        dialPod: await startPod((socket) => void socket.resume()),
      });
      await node.client.whenLinked();
      await eventually(() => expect(center.hub.linked('a')).toBe(true));
      const stream = node.client.upSession()!.request({ ':path': '/echo', ':method': 'POST' });
      await once(stream, 'response');
      const tunnel = await center.hub.dialPod('a', { address: '10.0.0.5', port: 80, purpose: 'x' });
      const broken = Promise.allSettled([once(stream, 'close'), once(tunnel, 'close')]);
      stream.on('error', () => undefined);
      tunnel.on('error', () => undefined);
      await center.hub.drill('a', { seconds });
      await broken;
      return { clock, center, client: node.client };
    }

    const isBack = async ({ clock, center, client }: Awaited<ReturnType<typeof drilled>>) => {
      await eventually(async () => {
        await clock.advance(1_000);
        expect(client.state().phase).toBe('linked');
        expect(center.hub.stats('a')).toMatchObject({ state: 'linked', reconnects: 1 });
      });
      expect(await get(await center.hub.dial('a', { purpose: 'test' }), '/x')).toBe('a /x');
    };

    test('is cut for both ends, with all that was on it, and heard of as alive by nobody', async () => {
      const { clock, center, client } = await drilled();
      expect(client.state().phase).toBe('drill');
      expect(client.upSession()).toBeUndefined();
      expect(center.hub.stats('a')?.state).toBe('drill');
      expect(center.changes).toEqual(['a linked', 'a unlinked']);
      await expect(center.hub.dial('a', { purpose: 'x' })).rejects.toMatchObject({ code: 'node-not-linked' });
      const heard = center.alive.length;
      for (let step = 0; step < 6; step++) {
        await center.hub.drill('a', { seconds: 600 });
        await clock.advance(10_000);
      }
      expect(center.alive.length).toBe(heard);
      expect(center.hub.stats('a')?.state).toBe('drill');
      await center.hub.close();
    });

    test('is back at once when the drill is ended', async () => {
      const all = await drilled();
      all.center.hub.endDrill('a');
      await isBack(all);
    });

    test('is back when nobody holds the drill any more', async () => {
      const all = await drilled();
      await all.clock.advance(16_000);
      await isBack(all);
    });

    test('is back when its time is over, though the center holds on', async () => {
      const all = await drilled(20);
      await all.clock.advance(10_000);
      await all.center.hub.drill('a', { seconds: 600 });
      await all.clock.advance(10_001);
      await isBack(all);
    });

    test('is back when the connection ends, whoever ended it', async () => {
      const all = await drilled();
      all.center.sockets[0]!.destroy();
      await isBack(all);
    });

    test('refuses a time without end', async () => {
      const center = await startCenter();
      const { client } = await startNode(center, 'a');
      await client.whenLinked();
      await eventually(() => expect(center.hub.linked('a')).toBe(true));
      await expect(center.hub.drill('a', { seconds: 1e9 })).rejects.toMatchObject({ code: 'dial-refused' });
      expect(center.hub.linked('a')).toBe(true);
    });
  });

  test('of a node that links again replaces the older one', async () => {
    const center = await startCenter();
    const first = await startNode(center, 'a');
    await first.client.whenLinked();
    const second = await startNode(center, 'a', { server: http.createServer((_, r) => r.end('second')) });
    await second.client.whenLinked();
    await first.stop();
    expect(center.hub.nodes()).toEqual(['a']);
    expect(await get(await center.hub.dial('a', { purpose: 'test' }), '/x')).toBe('second');
  });

  test('is refused to a certificate of another authority, and says so', async () => {
    const center = await startCenter();
    const issuer = await createCertificateAuthority({ commonName: 'other', clock: systemClock });
    const { client } = await startNode(center, 'a', { issuer });
    await eventually(() => {
      const state = client.state();
      expect(state.phase === 'waiting' && state.error).toMatch(
        /closed the connection before the link was up.*certificate/,
      );
    });
    expect(center.hub.nodes()).toEqual([]);
  });

  test('goes through an HTTP proxy', async () => {
    const center = await startCenter();
    const asked: unknown[] = [];
    const proxy = http.createServer().listen(0, '127.0.0.1');
    proxy.on('connect', (request, socket) => {
      asked.push([request.url, request.headers['proxy-authorization']]);
      const out = net.connect(center.port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(out).pipe(socket);
      });
      for (const end of [socket, out]) {
        end.on('error', () => undefined);
        end.on('close', () => [socket, out].forEach((each) => each.destroy()));
      }
    });
    await once(proxy, 'listening');
    cleanups.unshift(() => proxy.close());
    const { client } = await startNode(center, 'a', {
      connect: await connectOptions(
        center,
        `http://me:p%40ss@127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      ),
    });
    await client.whenLinked();
    expect(await get(await center.hub.dial('a', { purpose: 'test' }), '/x')).toBe('a /x');
    expect(asked).toEqual([[`127.0.0.1:${center.port}`, `Basic ${btoa('me:p@ss')}`]]);
  });

  test('says that nothing listens', async () => {
    const { client } = await startNode({ port: 1 }, 'a');
    await eventually(() => {
      const state = client.state();
      expect(state.phase === 'waiting' && state.error).toMatch(/127.0.0.1:1: nothing listens there/);
    });
  });
});

describe('heartbeats', () => {
  test.each([
    { heartbeatMs: 19_000, patientMs: 23_000, overMs: 17_000 },
    { heartbeatMs: 2_000, patientMs: 2_400, overMs: 2_000 },
  ])('of $heartbeatMs ms cut a link whose other end fell silent after two, on both ends', async (every) => {
    const { heartbeatMs, patientMs, overMs } = every;
    const clock = new FakeClock();
    const center = await startCenter({ clock, heartbeatMs });
    let silent = false;
    const states: LinkState[] = [];
    const { client } = await startNode(center, 'a', {
      clock,
      onChange: (state) => states.push(state),
      // Bytes vanish in both directions without an end, as behind a router that died.
      connect: async (signal) => {
        const pair = await authority.issueClientCertificate({ user: 'system:node:a' });
        const socket = await connectTls(
          {
            host: '127.0.0.1',
            port: center.port,
            ca: authority.certificatePem,
            cert: pair.certificatePem,
            key: pair.keyPem,
          },
          signal,
        );
        return swallowing(socket, () => silent);
      },
    });
    await eventually(() => expect(client.state().phase).toBe('linked'));
    for (let i = 1; i <= 6; i++) {
      await clock.advance(heartbeatMs);
      await eventually(() => expect(center.alive.length).toBe(i + 1));
    }
    expect(client.state().phase).toBe('linked');
    silent = true;
    await clock.advance(patientMs);
    expect(center.changes).toEqual(['a linked']);
    await clock.advance(overMs);
    await eventually(() => expect(center.changes).toContain('a unlinked'));
    const error = `the center said nothing for ${(2 * heartbeatMs) / 1000} s`;
    expect(states[2]).toMatchObject({ phase: 'waiting', error });
  });
});

describe('a node that finds no center', () => {
  /** Its pauses in seconds, the longest that chance could make them. */
  async function pauses(clock: FakeClock, client: LinkClient): Promise<number[]> {
    const seconds: number[] = [];
    for (let tries = 0; tries < 7; tries++) {
      const state = await eventually(() => {
        const now = client.state();
        if (now.phase !== 'waiting') throw new Error(`it is ${now.phase}`);
        return now;
      });
      const pauseMs = state.retryAtMs - clock.now();
      seconds.push(pauseMs / 1000);
      await clock.advance(pauseMs);
    }
    return seconds;
  }
  const nobody = () => Promise.reject(new Error('nobody is there'));

  test('pauses for longer and longer', async () => {
    const clock = new FakeClock();
    const { client } = await startNode({ port: 0 }, 'a', { clock, random: () => 0, connect: nobody });
    expect(await pauses(clock, client)).toEqual([1, 2, 4, 8, 16, 30, 30]);
  });

  test('pauses for no longer than its center had said, whose nodes were few', async () => {
    const clock = new FakeClock();
    const center = await startCenter({ clock });
    const { client } = await startNode(center, 'a', { clock, random: () => 0 });
    await eventually(() => expect(client.state().phase).toBe('linked'));
    await center.close();
    expect(await pauses(clock, client)).toEqual([1, 2, 4, 8, 10, 10, 10]);
  });

  test.each([
    [1, 10],
    [2_000, 12],
    [5_000, 30],
    [50_000, 30],
  ])('of %i pauses for %i s at most', (nodes, seconds) => {
    const pauseMs = pauseMsFor(nodes);
    expect(pauseMs).toBe(seconds * 1000);
    expect(pauseMsOf(downSettings({ heartbeatMs: 19_000, pauseMs }))).toBe(pauseMs);
  });
});

function swallowing(socket: tls.TLSSocket, silent: () => boolean): Duplex {
  const outer = new Duplex({
    read: () => undefined,
    write: (chunk, _, done) => (silent() ? done() : socket.write(chunk, done)),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk) => void (silent() || outer.push(chunk)));
  socket.on('close', () => outer.destroy());
  socket.on('error', () => undefined);
  return outer;
}
