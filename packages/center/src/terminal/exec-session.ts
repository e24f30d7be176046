/**
 * A terminal: frames of `v5.channel.k8s.io` passed both ways between a browser and an API server, unread but for two things.
 *
 * Which shell a container has is found by trying: an attempt that fails to start before it says anything is followed by the next,
 * and what was typed so far goes there again. And a terminal at which nobody types for long is closed.
 *
 * Neither side is read while the other does not take what came, so at most a megabyte is held each way.
 */
import type { Clock, Timer } from '@skerry/base';
import type { RawData, WebSocket } from 'ws';

export interface ExecSessionOptions {
  readonly browser: WebSocket;
  /** Opens the command, paused; rejects as the server refuses. */
  readonly open: (command: readonly string[]) => Promise<WebSocket>;
  /** Tried in order until one starts. */
  readonly commands: readonly (readonly string[])[];
  readonly idleMaxMs: number;
  readonly clock: Clock;
}

/** Channels of the protocol, by their first byte. */
const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3 } as const;
const bufferedMax = 1 << 20;
/** What is typed before a shell answers. */
const replayBytesMax = 64 * 1024;

export class ExecSession {
  readonly #options: ExecSessionOptions;
  #server: WebSocket | undefined;
  /** Messages of the browser until an attempt has started. */
  #replay: Buffer[] | undefined = [];
  #idle: Timer | undefined;

  constructor(options: ExecSessionOptions) {
    this.#options = options;
  }

  /** Resolves when the terminal is over; the browser's side is then closed with why. Rejects where it never began. */
  async run(): Promise<void> {
    const { browser, commands } = this.#options;
    browser.on('message', (data: RawData) => this.#fromBrowser(bytesOf(data)));
    browser.once('close', () => this.#server?.close());
    this.#watchIdle();
    try {
      for (const [index, command] of commands.entries()) {
        const started = await this.#attempt(command, index === commands.length - 1);
        if (started || browser.readyState !== browser.OPEN) return;
      }
    } finally {
      this.#idle?.cancel();
    }
  }

  /** False: it did not start, and another may. */
  async #attempt(command: readonly string[], last: boolean): Promise<boolean> {
    const { browser } = this.#options;
    const server = await this.#options.open(command);
    if (browser.readyState !== browser.OPEN) {
      server.close();
      return true;
    }
    this.#server = server;
    for (const message of this.#replay ?? []) server.send(message);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    let failed = false;
    server.on('message', (data: RawData) => {
      const message = bytesOf(data);
      if (this.#replay && !last && isStartFailure(message)) {
        failed = true;
        server.close();
        return;
      }
      if (message.length > 1) this.#replay = undefined;
      pass(message, { from: server, to: browser });
    });
    server.once('close', (code: number, reason: Buffer) => {
      this.#server = undefined;
      if (!failed)
        browser.close(
          code === 1000 || code === 1005 ? 1000 : 4500,
          reason.toString() || 'the command has ended',
        );
      resolve(!failed);
    });
    server.resume();
    return promise;
  }

  #fromBrowser(message: Buffer): void {
    this.#watchIdle();
    if (this.#replay) {
      const held = this.#replay.reduce((sum, { length }) => sum + length, 0);
      if (held + message.length <= replayBytesMax) this.#replay.push(message);
    }
    if (this.#server) pass(message, { from: this.#options.browser, to: this.#server });
  }

  #watchIdle(): void {
    const { clock, idleMaxMs, browser } = this.#options;
    this.#idle?.cancel();
    this.#idle = clock.after(idleMaxMs, () => {
      browser.close(4408, `nothing was typed for ${Math.round(idleMaxMs / 60_000)} minutes`);
      this.#server?.close();
    });
  }
}

function pass(message: Buffer, { from, to }: { from: WebSocket; to: WebSocket }): void {
  if (to.readyState !== to.OPEN) return;
  to.send(message, { binary: true }, () => {
    if (from.isPaused && to.bufferedAmount < bufferedMax / 2) from.resume();
  });
  if (to.bufferedAmount > bufferedMax) from.pause();
}

/** A status on the error channel that says that the command is not there. */
function isStartFailure(message: Buffer): boolean {
  if (message[0] !== channels.error) return false;
  const text = message.toString('utf8', 1);
  if (!/"status"\s*:\s*"Failure"/.test(text)) return false;
  return /executable file not found|no such file or directory|"message"\s*:\s*"12[67]"|exit code 12[67]/i.test(
    text,
  );
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
