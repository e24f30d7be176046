/**
 * Links, addresses, routes and neighbours of the kernel, read and written with iproute2. Everything is read as JSON, and
 * written in batches: one process for a thousand routes. A command that the kernel refuses does not hold up those after it.
 */
import { runProgram, type ProgramResult } from '#kernel/run-program.ts';

export interface KernelOptions {
  /** Path of a network namespace; the process's own where absent. */
  readonly networkNamespace?: string;
}

export interface Link {
  readonly ifname: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly address?: string;
  readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: Readonly<Record<string, unknown>> };
  readonly addr_info: readonly {
    readonly local?: string;
    readonly prefixlen: number;
    readonly family: string;
  }[];
}

export interface Route {
  /** `unreachable` and the like; plain ones have none. */
  readonly type?: string;
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly protocol?: string;
  readonly prefsrc?: string;
  readonly flags: readonly string[];
}

export interface Neighbour {
  readonly dst: string;
  readonly lladdr?: string;
}

export interface ForwardingEntry {
  readonly mac: string;
  readonly dst?: string;
  readonly port?: number;
}

/** A command of a batch that was refused, with the kernel's words. */
export interface Refusal {
  readonly command: string;
  readonly error: string;
}

export class Kernel {
  readonly #entering: readonly string[];

  constructor({ networkNamespace }: KernelOptions = {}) {
    this.#entering = networkNamespace === undefined ? [] : ['nsenter', `--net=${networkNamespace}`, '--'];
  }

  links(): Promise<Link[]> {
    return this.#read<Link>('ip', ['-j', '-d', 'address', 'show']);
  }

  /** Those of one family of the main table that carry a protocol number. */
  routes(family: 4 | 6, protocol: number): Promise<Route[]> {
    return this.#read<Route>('ip', [`-${family}`, '-j', 'route', 'show', 'protocol', String(protocol)]);
  }

  /** The permanent ones of a device. */
  neighbours(device: string): Promise<Neighbour[]> {
    return this.#read<Neighbour>('ip', ['-j', 'neighbour', 'show', 'dev', device, 'nud', 'permanent']);
  }

  forwarding(device: string): Promise<ForwardingEntry[]> {
    return this.#read<ForwardingEntry>('bridge', ['-j', 'fdb', 'show', 'dev', device]);
  }

  /** How the kernel would send to each address; those that it has no way to are left out. */
  async ways(addresses: readonly string[]): Promise<Map<string, Route>> {
    if (addresses.length === 0) return new Map();
    const input = addresses.map((address) => `route get ${address}\n`).join('');
    const { output } = await this.#run('ip', ['-j', '-force', '-batch', '-'], input);
    const routes = output.split('\n').flatMap((line) => parseRows<Route>(line));
    return new Map(routes.map((route) => [route.dst, route]));
  }

  /** Runs the commands one after the other; answers those that were refused. */
  batch(program: 'ip' | 'bridge', commands: readonly string[]): Promise<Refusal[]> {
    if (commands.length === 0) return Promise.resolve([]);
    return this.#run(program, ['-force', '-batch', '-'], `${commands.join('\n')}\n`).then(({ errors }) =>
      refusalsOf(errors, commands),
    );
  }

  async #read<T>(program: string, args: readonly string[]): Promise<T[]> {
    const { code, output, errors } = await this.#run(program, args);
    if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${errors.trim()}`);
    return parseRows<T>(output);
  }

  #run(program: string, args: readonly string[], input?: string): Promise<ProgramResult> {
    const [file = '', ...rest] = [...this.#entering, program, ...args];
    return runProgram(file, rest, { input });
  }
}

function parseRows<T>(output: string): T[] {
  if (output.trim() === '') return [];
  return (JSON.parse(output) as T[]).filter((row) => Object.keys(row as object).length > 0);
}

/** iproute2 says what went wrong, then `Command failed -:7`, where 7 is the line. */
export function refusalsOf(errors: string, commands: readonly string[]): Refusal[] {
  const refusals: Refusal[] = [];
  let said: string[] = [];
  for (const line of errors.split('\n')) {
    const failed = /^Command failed \S*:(\d+)$/.exec(line);
    if (!failed) {
      if (line.trim() !== '') said.push(line.trim());
      continue;
    }
    refusals.push({ command: commands[Number(failed[1]) - 1] ?? '', error: said.join('; ') });
    said = [];
  }
  return refusals;
}
