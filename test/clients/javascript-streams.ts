/** The streams of `@kubernetes/client-node` into one pod, as promises of what came out. */
import { PassThrough, Writable } from 'node:stream';
import { Attach, Cp, Exec, KubeConfig, Log, PortForward, type V1Status } from '@kubernetes/client-node';

const namespace = 'default';
const pod = 'web';
const container = 'web';

export interface Executed {
  readonly output: string;
  readonly errors: string;
  readonly exitCode: string;
}

export class JavaScriptStreams {
  readonly #config = new KubeConfig();

  constructor(kubeconfig: string) {
    this.#config.loadFromFile(kubeconfig);
  }

  exec(
    command: string[],
    {
      input,
      terminal,
      resizedTo,
    }: { input?: string; terminal?: [number, number]; resizedTo?: [number, number] } = {},
  ): Promise<Executed> {
    const output = new Collector(terminal);
    const errors = new Collector();
    const stdin = input === undefined ? null : fed(input);
    return new Promise((resolve, reject) => {
      const done = ({ details }: V1Status) => {
        const exitCode = details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message ?? '0';
        resolve({ output: output.text, errors: errors.text, exitCode });
      };
      new Exec(this.#config)
        .exec(namespace, pod, container, command, output, errors, stdin, terminal !== undefined, done)
        .then(() => resizedTo && output.resize(resizedTo), reject);
    });
  }

  async attach(input: string, until: RegExp): Promise<string> {
    const output = new Collector();
    const attach = new Attach(this.#config);
    const socket = await attach.attach(namespace, pod, container, output, output, fed(input), false);
    await output.until(until);
    socket.close();
    return output.text;
  }

  async forward(port: number, request: string, until: RegExp): Promise<string> {
    const output = new Collector();
    const forward = new PortForward(this.#config);
    const socket = await forward.portForward(namespace, pod, [port], output, null, fed(request));
    await output.until(until);
    (typeof socket === 'function' ? socket() : socket)?.close();
    return output.text;
  }

  /** Follows the log of another pod's only container to its end. */
  async log(of: string): Promise<string> {
    const output = new Collector();
    const ended = new Promise<void>((resolve) => output.on('finish', resolve));
    await new Log(this.#config).log(namespace, of, container, output, { follow: true });
    await ended;
    return output.text;
  }

  copyIn(file: string, folder: string): Promise<void> {
    return new Cp(this.#config).cpToPod(namespace, pod, container, file, folder);
  }
}

function fed(text: string): PassThrough {
  const stream = new PassThrough();
  stream.write(text);
  return stream;
}

/** Keeps what is written to it; a terminal has a size that the client reads and follows. */
class Collector extends Writable {
  text = '';
  rows: number | undefined;
  columns: number | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(terminal?: [rows: number, columns: number]) {
    super();
    [this.rows, this.columns] = terminal ?? [];
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    for (const look of this.#waiting) look();
    done();
  }

  resize([rows, columns]: [number, number]): void {
    this.rows = rows;
    this.columns = columns;
    this.emit('resize');
  }

  until(pattern: RegExp): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!pattern.test(this.text)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}
