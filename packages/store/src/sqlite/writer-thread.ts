import { Worker } from 'node:worker_threads';
import { StoreUnavailableError } from '#contract.ts';
import type { WriterData, WriterFailure, WriterReply, WriterRequest } from '#sqlite/protocol.ts';

type Answer = Exclude<WriterReply, { type: 'ready' | 'failed' }>;

/** Beside the source it is TypeScript; in a bundle it is its own entry, `sqlite-writer.js`, next to the file that has this. */
const defaultUrl = new URL(
  import.meta.url.endsWith('.ts') ? './writer.ts' : './sqlite-writer.js',
  import.meta.url,
);

/**
 * The writer thread as seen from the main thread: requests get their replies in order. When the thread dies, every request that
 * waits, and every later one, fails: whether they were written is unknown, and only opening the file again tells.
 */
export class WriterThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve(reply: Answer): void; reject(error: Error): void }>();
  #lastId = 0;
  #dead: StoreUnavailableError | undefined;
  readonly #onDeath: (error: StoreUnavailableError) => void;

  private constructor(worker: Worker, onDeath: (error: StoreUnavailableError) => void) {
    this.#worker = worker;
    this.#onDeath = onDeath;
  }

  /** Resolves when the file is open, rejects when it can't be. */
  static start(options: {
    path: string;
    url?: URL;
    onDeath(error: StoreUnavailableError): void;
  }): Promise<WriterThread> {
    const workerData: WriterData = { path: options.path };
    const worker = new Worker(options.url ?? defaultUrl, {
      workerData,
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    const thread = new WriterThread(worker, (error) => options.onDeath(error));
    return new Promise((resolve, reject) => {
      let ready = false;
      worker.on('message', (reply: WriterReply) => {
        if (reply.type === 'ready') {
          ready = true;
          resolve(thread);
        } else if (reply.type === 'failed' && !ready) reject(failureOf(reply.failure));
        else thread.#receive(reply);
      });
      const dead = (cause: unknown) => {
        const error = new StoreUnavailableError(
          'store-closed',
          `the writer of ${options.path} has stopped; restart to open the file again`,
          { cause },
        );
        reject(error);
        thread.#die(error);
      };
      worker.on('error', dead);
      worker.on('exit', (code) => dead(new Error(`the writer thread ended with ${code}`)));
    });
  }

  /** The reply is handed to `receive` before anything else can run, so that replies are seen in their order. */
  request<T extends Answer['type']>(
    request: WriterRequest extends infer R ? (R extends WriterRequest ? Omit<R, 'id'> : never) : never,
    handlers: { receive(reply: Extract<Answer, { type: T }>): void; fail(error: Error): void },
    transfer: ArrayBuffer[] = [],
  ): void {
    if (this.#dead) {
      handlers.fail(this.#dead);
      return;
    }
    const id = ++this.#lastId;
    this.#waiting.set(id, {
      resolve: (reply) => handlers.receive(reply as Extract<Answer, { type: T }>),
      reject: (error) => handlers.fail(error),
    });
    this.#worker.postMessage({ ...request, id }, transfer);
  }

  async stop(): Promise<void> {
    this.#dead ??= new StoreUnavailableError('store-closed', 'the store is closed');
    await this.#worker.terminate();
  }

  #receive(reply: Exclude<WriterReply, { type: 'ready' }>): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.type === 'failed') waiting?.reject(failureOf(reply.failure));
    else waiting?.resolve(reply);
  }

  #die(error: StoreUnavailableError): void {
    if (!this.#dead) this.#onDeath(error);
    this.#dead ??= error;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const request of waiting) request.reject(error);
  }
}

function failureOf({ code, message }: WriterFailure): StoreUnavailableError {
  return new StoreUnavailableError(code as StoreUnavailableError['code'], message);
}
