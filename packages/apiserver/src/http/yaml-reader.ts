/**
 * Reads YAML without keeping others waiting. Small texts are read at once; larger ones on a thread of their own, one after
 * the other, since reading a megabyte takes seconds and the event loop answers everyone else meanwhile. The thread starts
 * with the first text that needs it. One that takes too long, or that breaks it, is refused, and the next gets a new one.
 */
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { ApiError, badRequest } from '@skerry/api';
import { type YamlOutcome, yamlToJson } from '#http/yaml-text.ts';

/** A text of this size is read in less than the time that a large JSON body takes. */
const inlineLengthMax = 4 * 1024;
/** Texts that wait, megabytes each; beyond it the client is told to come again. */
const waitingMax = 8;
/** The dearest megabyte took 15 s on a slow machine; its client is gone after a minute. */
const readMsMax = 30_000;
const heapMbMax = 512;

interface Waiting {
  readonly text: string;
  readonly resolve: (outcome: YamlOutcome) => void;
  readonly reject: (error: ApiError) => void;
}

export interface YamlReaderOptions {
  readonly readMsMax?: number;
  readonly thread?: URL;
}

export class YamlReader {
  readonly #options: YamlReaderOptions;
  readonly #waiting: Waiting[] = [];
  #worker: Worker | undefined;
  #busy = false;

  constructor(options: YamlReaderOptions = {}) {
    this.#options = options;
  }

  /** Rejects with 429 when too many wait, 400 for a text that can't be read in time. */
  async read(text: string): Promise<YamlOutcome> {
    if (text.length <= inlineLengthMax) return yamlToJson(text);
    if (this.#waiting.length >= waitingMax) {
      throw new ApiError('TooManyRequests', 'too many large YAML bodies at once, please try again later', {
        details: { retryAfterSeconds: 5 },
      });
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ text, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    if (this.#busy) return;
    const next = this.#waiting.shift();
    if (!next) return;
    this.#busy = true;
    const worker = (this.#worker ??= this.#start());
    const settle = (end: () => void) => {
      clearTimeout(late);
      worker.off('message', done);
      worker.off('exit', broken);
      this.#busy = false;
      end();
      this.#next();
    };
    const done = (outcome: YamlOutcome) => settle(() => next.resolve(outcome));
    const broken = () => {
      this.#worker = undefined;
      settle(() =>
        next.reject(badRequest('the YAML of the request body is too large to be read; send it as JSON')),
      );
    };
    const late = setTimeout(() => void worker.terminate(), this.#options.readMsMax ?? readMsMax).unref();
    worker.once('message', done);
    worker.once('exit', broken);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window.
    worker.postMessage(next.text);
  }

  #start(): Worker {
    const worker = new Worker(this.#options.thread ?? threadUrl(), {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      resourceLimits: { maxOldGenerationSizeMb: heapMbMax },
    });
    // What ends the thread is told by its exit.
    worker.on('error', () => undefined);
    worker.unref();
    return worker;
  }
}

/** Beside this file among the sources; in a bundle beside the entry files, whose chunks lie one folder below. */
function threadUrl(): URL {
  const places = ['./yaml-thread.ts', './yaml-thread.mjs', '../yaml-thread.mjs'];
  const found = places.map((place) => new URL(place, import.meta.url)).find((url) => existsSync(url));
  if (!found) throw new Error('yaml-thread.mjs is missing beside the bundle');
  return found;
}
