/**
 * One person at a terminal: a stock kubectl of some minor in a folder and a namespace of its own, against a center. Steps of a
 * chapter are run in order; each tells the exit code it wants and what has to be printed.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@skerry/base/testing';
import { expect } from 'vitest';
import type { Center } from '../support/center.ts';
import { type CommandResult, kubectlProgram, root, run } from '../support/cluster.ts';

export interface Step {
  /** What stands after `kubectl`; words in single quotes are one argument. */
  readonly run: string;
  readonly input?: string;
  /** Exit code; 0 unless told. */
  readonly code?: number;
  /** What has to be printed. A text has to be all of it, but for white space at the end. */
  readonly output?: string | RegExp;
  readonly errors?: RegExp;
  /** Run again until it is as wanted: for what controllers do in their own time. */
  readonly eventually?: boolean;
  /** Written to the folder before the step. */
  readonly files?: Readonly<Record<string, string>>;
  readonly editor?: string;
  /** The first minor whose kubectl knows this. */
  readonly since?: number;
  /** The first minor that knows this no more, or prints it otherwise. */
  readonly before?: number;
}

export interface Chapter {
  readonly name: string;
  /** Read by every kubectl; others by the oldest and the newest alone. */
  readonly everyMinor?: boolean;
  readonly files?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

export interface Kubectl {
  readonly minor: number;
  readonly program: string;
}

const newestKubectl: Kubectl = { minor: 36, program: kubectlProgram };

/** The kubectls that set-up could get, oldest first. */
export const kubectls: readonly Kubectl[] = [27, 31, 33, 35]
  .map((minor) => ({ minor, program: join(root, `.cache/bin/kubectl-1.${minor}`) }))
  .filter(({ program }) => existsSync(program))
  .concat(newestKubectl);

export class Session {
  readonly folder: string;
  readonly #center: Center;
  readonly #kubectl: Kubectl;
  readonly #words: Readonly<Record<string, string>>;

  private constructor(center: Center, kubectl: Kubectl, folder: string, words: Record<string, string>) {
    this.#center = center;
    this.#kubectl = kubectl;
    this.folder = folder;
    this.#words = words;
  }

  /** Makes the namespace, and a kubeconfig that points to it. `{id}` in steps and files is unique to the session. */
  static async start(center: Center, id: string, kubectl: Kubectl = newestKubectl): Promise<Session> {
    const home = join(center.dataDirectory, 'sessions');
    mkdirSync(home, { recursive: true });
    const folder = mkdtempSync(join(home, `${id}-`));
    const session = new Session(center, kubectl, folder, { id, namespace: id });
    writeFileSync(join(folder, 'kubeconfig'), center.file('admin.kubeconfig'), { mode: 0o600 });
    await session.ok('create', 'namespace', id);
    await session.ok('config', 'set-context', '--current', '--namespace', id);
    return session;
  }

  async end(): Promise<void> {
    await this.kubectl(['delete', 'namespace', this.namespace, '--wait=false']);
    rmSync(this.folder, { recursive: true, force: true });
  }

  kubectl(
    args: readonly string[],
    options: { input?: string; editor?: string } = {},
  ): Promise<CommandResult> {
    return this.run(this.#kubectl.program, args, options);
  }

  /** Any client that reads a kubeconfig, in the session's folder and namespace. */
  run(
    program: string,
    args: readonly string[],
    { input, editor }: { input?: string; editor?: string } = {},
  ): Promise<CommandResult> {
    const env = editor === undefined ? this.environment : { ...this.environment, KUBE_EDITOR: editor };
    return run(program, args, { input, timeoutMs: 60_000, cwd: this.folder, env });
  }

  get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      KUBECONFIG: join(this.folder, 'kubeconfig'),
      // Discovery is kept there, for all sessions of one kubectl.
      HOME: join(this.#center.dataDirectory, 'sessions', `home-${this.#kubectl.minor}`),
    };
  }

  get namespace(): string {
    return this.#words['namespace'] ?? '';
  }

  async ok(...args: string[]): Promise<string> {
    const { code, output, errors } = await this.kubectl(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: exit ${code}: ${errors || output}`);
    return output;
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(this.folder, name, '..'), { recursive: true });
      writeFileSync(join(this.folder, name), this.#fill(text));
    }
  }

  async step(step: Step): Promise<void> {
    const { minor } = this.#kubectl;
    if (minor < (step.since ?? 0) || minor >= (step.before ?? Infinity)) return;
    this.write(step.files ?? {});
    const attempt = async () => {
      const args = wordsOf(this.#fill(step.run));
      const { code, output, errors } = await this.kubectl(args, {
        input: step.input === undefined ? undefined : this.#fill(step.input),
        editor: step.editor,
      });
      const said = `$ kubectl ${step.run}\n${output}${errors}`;
      expect(code, said).toBe(step.code ?? 0);
      if (typeof step.output === 'string') expect(output.trimEnd(), said).toBe(this.#fill(step.output));
      else if (step.output) expect(output, said).toMatch(step.output);
      if (step.errors) expect(errors, said).toMatch(step.errors);
    };
    await (step.eventually ? eventually(attempt, { timeoutMs: 30_000, everyMs: 300 }) : attempt());
  }

  #fill(text: string): string {
    return text.replaceAll(/\{(id|namespace)\}/g, (_, word: string) => this.#words[word] ?? '');
  }
}

/** Splits as a shell does where there are no more than single quotes. */
export function wordsOf(text: string): string[] {
  return [...text.matchAll(/(?:[^\s']|'[^']*')+/g)].map(([word]) => word.replaceAll("'", ''));
}
