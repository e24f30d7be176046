import { Client, credentials, Metadata, type ServiceError, status as grpcStatus } from '@grpc/grpc-js';
import { WireReader, WireWriter } from '@skerry/api';
import type { KmsPlugin, WrappedKey } from '@skerry/apiserver';

/**
 * A KMS v2 plugin behind its Unix socket: `v2.KeyManagementService` of k8s.io/kms, whose three messages are small enough to
 * be read and written by hand. No call is made before the first method.
 */
export function connectKmsPlugin({
  socket,
  timeoutMs,
}: {
  readonly socket: string;
  readonly timeoutMs: number;
}): KmsPlugin {
  const address = socket.startsWith('\0') ? `unix-abstract:${socket.slice(1)}` : `unix:${socket}`;
  const client = new Client(address, credentials.createInsecure(), {
    // Some plugins refuse the authority that grpc-js derives from a socket path.
    'grpc.default_authority': 'localhost',
    'grpc.max_receive_message_length': messageBytesMax,
    // A plugin that was restarted is found again soon.
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': 2_000,
  });
  const metadata = new Metadata();

  function call<Answer>(method: string, request: Buffer, read: (bytes: Buffer) => Answer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      // The deadline is handed to gRPC as a point in time; nothing else of the server's time goes through it.
      const options = { deadline: Date.now() + timeoutMs, waitForReady: true };
      const answered = (error: ServiceError | null, answer?: Answer) => {
        if (error) reject(new Error(`rpc error: code = ${codeName(error.code)} desc = ${error.details}`));
        else if (answer === undefined) reject(new Error(`${method}: no answer`));
        else resolve(answer);
      };
      client.makeUnaryRequest(
        `/v2.KeyManagementService/${method}`,
        (bytes: Buffer) => bytes,
        read,
        request,
        metadata,
        options,
        answered,
      );
    });
  }

  return {
    status: () =>
      call('Status', Buffer.alloc(0), (bytes) => {
        const { texts } = read(bytes);
        return { version: texts(1), healthz: texts(2), keyId: texts(3) };
      }),
    encrypt: (plain, uid) =>
      call('Encrypt', message([1, plain], [2, uid]), (bytes): WrappedKey => {
        const { bytesOf, texts, map } = read(bytes);
        return { ciphertext: bytesOf(1), keyId: texts(2), annotations: map(3) };
      }),
    decrypt: ({ ciphertext, keyId, annotations }, uid) =>
      call(
        'Decrypt',
        message(
          [1, ciphertext],
          [2, uid],
          [3, keyId],
          ...[...annotations].map(([key, value]): Part => [4, message([1, key], [2, value])]),
        ),
        (bytes) => read(bytes).bytesOf(1),
      ),
    close: () => client.close(),
  };
}

const messageBytesMax = 1024 * 1024;
const lengthWire = 2;

type Part = readonly [field: number, value: Uint8Array | string];

function message(...parts: readonly Part[]): Buffer {
  const writer = new WireWriter();
  // It writes from the end.
  for (const [field, value] of [...parts].reverse()) {
    if (value.length === 0) continue;
    const end = writer.size;
    writer.bytes(Buffer.from(value));
    writer.length(end);
    writer.tag(field, lengthWire);
  }
  return Buffer.from(writer.finish());
}

function read(bytes: Uint8Array) {
  const found = new Map<number, Uint8Array[]>();
  const reader = new WireReader(bytes);
  while (!reader.done) {
    const { number, wire } = reader.tag();
    if (wire !== lengthWire) reader.skip(wire);
    else found.set(number, [...(found.get(number) ?? []), reader.bytes()]);
  }
  const bytesOf = (field: number): Uint8Array => found.get(field)?.at(-1) ?? new Uint8Array();
  const texts = (field: number): string => Buffer.from(bytesOf(field)).toString();
  const map = (field: number): Map<string, Uint8Array> =>
    new Map(
      (found.get(field) ?? []).map((each) => {
        const entry = read(each);
        return [entry.texts(1), entry.bytesOf(2)];
      }),
    );
  return { bytesOf, texts, map };
}

/** `DEADLINE_EXCEEDED` is `DeadlineExceeded` in the texts that people know. */
function codeName(code: grpcStatus): string {
  const words = (grpcStatus[code] ?? 'UNKNOWN').toLowerCase().split('_');
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}
