import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { WireReader, WireWriter } from '@skerry/api';

export interface SamplePlugin {
  /** May be set while it runs. */
  keyId: string;
  healthz: string;
  readonly calls: string[];
  close(): Promise<void>;
}

const xored = 0x5a;

/** A KMS v2 plugin for tests, at a socket of this path. It wraps by a XOR and names its key in an annotation. */
export async function startSamplePlugin(socket: string, keyId = 'key-1'): Promise<SamplePlugin> {
  const server = new Server();
  const calls: string[] = [];
  const plugin: SamplePlugin = {
    keyId,
    healthz: 'ok',
    calls,
    close: () => new Promise((resolve) => server.tryShutdown(() => resolve())),
  };
  const answers: Record<string, (request: Buffer) => Uint8Array> = {
    Status: () => encoded([1, 'v2'], [2, plugin.healthz], [3, plugin.keyId]),
    Encrypt(request) {
      const annotation = encoded([1, 'key.plugin.test'], [2, plugin.keyId]);
      return encoded([1, mixed(field(request, 1))], [2, plugin.keyId], [3, annotation]);
    },
    Decrypt(request) {
      const named = Buffer.from(field(field(request, 4), 2)).toString();
      if (named !== Buffer.from(field(request, 3)).toString()) throw new Error('annotation of another key');
      return encoded([1, mixed(field(request, 1))]);
    },
  };
  const raw = (bytes: Buffer) => bytes;
  server.addService(
    Object.fromEntries(
      Object.keys(answers).map((name) => [
        name,
        {
          path: `/v2.KeyManagementService/${name}`,
          requestStream: false,
          responseStream: false,
          requestSerialize: raw,
          requestDeserialize: raw,
          responseSerialize: raw,
          responseDeserialize: raw,
        },
      ]),
    ),
    Object.fromEntries(
      Object.entries(answers).map(([name, answer]) => [
        name,
        (call: { request: Buffer }, reply: (error: object | null, bytes?: Buffer) => void) => {
          calls.push(name);
          try {
            reply(null, Buffer.from(answer(call.request)));
          } catch (error) {
            reply({ code: status.INVALID_ARGUMENT, details: error instanceof Error ? error.message : '' });
          }
        },
      ]),
    ),
  );
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  return plugin;
}

function mixed(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => byte ^ xored);
}

function field(bytes: Uint8Array, wanted: number): Uint8Array {
  const reader = new WireReader(bytes);
  while (!reader.done) {
    const { number, wire } = reader.tag();
    if (number === wanted) return reader.bytes();
    reader.skip(wire);
  }
  return new Uint8Array();
}

function encoded(...parts: readonly (readonly [number, string | Uint8Array])[]): Uint8Array {
  const writer = new WireWriter();
  for (const [number, value] of [...parts].reverse()) {
    const end = writer.size;
    writer.bytes(Buffer.from(value));
    writer.length(end);
    writer.tag(number, 2);
  }
  return writer.finish();
}
