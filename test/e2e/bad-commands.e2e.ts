/**
 * What users get wrong at the command line, against real processes: every refusal is one line with an exit code; afterwards
 * everything is as it was.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Center } from '../support/center.ts';
import { type CommandResult, entry, run } from '../support/cluster.ts';
import { stackLine } from './stack-line.ts';

const isRoot = process.getuid?.() === 0;

describe('commands refuse', () => {
  let folder: string;
  const skerry = (...args: string[]): Promise<CommandResult> =>
    run(process.execPath, [entry(), ...args], {
      env: { ...process.env, NO_COLOR: '1', HOME: folder, SKERRY_JOIN_TOKEN: '' },
      timeoutMs: 20_000,
    });
  const at = (name: string) => join(folder, name);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'skerry-bad-'));
    writeFileSync(at('file'), '');
    const config = (name: string, text: string) => {
      mkdirSync(at(`${name}/server`), { recursive: true });
      writeFileSync(at(`${name}/server/config.json`), text);
    };
    config('half', '{"clusterName": "def');
    config('list', '[]');
    config('odd', '{"port": "x", "frob": 1}');
    config('ranges', '{"clusterCidr": "10.12.0.0/16"}');
    mkdirSync(at('damaged/server'), { recursive: true });
    writeFileSync(
      at('damaged/server/cluster.db'),
      'no database, but long enough to be looked at\n'.repeat(100),
    );
    mkdirSync(at('half-up'));
    writeFileSync(at('half-up/up.json'), '{"id":');
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each([
    [['frob'], "error: unknown command 'frob'"],
    [['server', '--frob'], "error: unknown option '--frob'"],
    [['server', 'extra'], /^error: too many arguments for 'server'/],
    [['server', '--port', '70000'], /It must be a whole number from 1 to 65535/],
    [['server', '--port'], "error: option '--port <number>' argument missing"],
    [['join'], "error: missing required argument 'address'"],
    [['join', 'no/address', '--token-file', '/dev/null'], /no address of a center/],
    [['up', 'machine', 'add', 'x'], "error: required option '--region <region>' not specified"],
    [['up', '--runtime', 'docker'], /Allowed choices are auto, containerd, simulated/],
    [['up', '--regions', 'a,,b'], /It must be a list like a,b,c/],
    [['token', 'create', '--ttl', '5x'], /It must be a duration like 30s, 10m, 1h or 0/],
    [['token', 'create', '--uses', '0'], /It must be a whole number from 1 to 100000/],
  ])('%j, usage, with 2', async (args, message) => {
    const { code, errors } = await skerry(...args);
    const [line = ''] = errors.split('\n');
    expect(code).toBe(2);
    if (typeof message === 'string') expect(line).toBe(message);
    else expect(line).toMatch(message);
  });

  type Refusal = [what: string, args: string[], code: number, message: RegExp];
  const ranges = ['--cluster-cidr', '10.0.0.0/8', '--service-cidr', '10.96.0.0/16'];
  const refusals: Refusal[] = [
    [
      'a data folder that is a file',
      ['server', '--data-dir', 'file'],
      1,
      /cannot use data directory .*\/file: .*; choose another with --data-dir/,
    ],
    ['a data folder below a file', ['server', '--data-dir', 'file/below'], 1, /cannot use data directory/],
    [
      'a data folder where none can be made',
      ['server', '--data-dir', '/proc/skerry'],
      1,
      /cannot use data directory \/proc\/skerry/,
    ],
    [
      'ranges that overlap',
      ['server', '--data-dir', 'new', ...ranges],
      2,
      /the pod range 10\.0\.0\.0\/8 \(--cluster-cidr\) overlaps the service range 10\.96\.0\.0\/16/,
    ],
    [
      'a range that is none',
      ['server', '--data-dir', 'new', '--cluster-cidr', 'banana'],
      2,
      /--cluster-cidr banana: must be an IPv4 range/,
    ],
    [
      'a changed range',
      ['server', '--data-dir', 'ranges', '--cluster-cidr', '10.50.0.0/16'],
      1,
      /--cluster-cidr of this cluster is "10\.12\.0\.0\/16" and can't become 10\.50\.0\.0\/16/,
    ],
    [
      'an address that is none',
      ['server', '--data-dir', 'new', '--listen-address', 'banana'],
      2,
      /--listen-address banana: must be an IP address/,
    ],
    [
      'a name that is none',
      ['server', '--data-dir', 'new', '--advertise', 'a b'],
      2,
      /--advertise a b: must be an IP address or a DNS name/,
    ],
    [
      'an address of another machine',
      ['server', '--data-dir', 'new', '--listen-address', '203.0.113.7'],
      1,
      /cannot listen on 203\.0\.113\.7:6443; choose an address of this machine/,
    ],
    [
      'a half-written configuration',
      ['server', '--data-dir', 'half'],
      2,
      /half\/server\/config\.json is not complete JSON \(.*\); mend it, or remove it/,
    ],
    ['a configuration that holds a list', ['server', '--data-dir', 'list'], 2, /it holds no object/],
    [
      'a configuration of wrong fields',
      ['server', '--data-dir', 'odd'],
      2,
      /port: .*; .*the file: Unrecognized key: "frob"/,
    ],
    [
      'a half-written state of up',
      ['up', '--data-dir', 'half-up', '--runtime', 'simulated'],
      2,
      /half-up\/up\.json can't be read \(.*\); `skerry reset/,
    ],
    [
      'a database that is none',
      ['server', '--data-dir', 'damaged', '--listen-address', '127.0.0.1', '--port', '1'],
      1,
      /cluster\.db: the file is damaged or not a store; restore a backup/,
    ],
    ['tokens without a center', ['token', 'list', '--data-dir', 'none'], 3, /there is no center in .*\/none/],
    [
      'an agent without a join',
      ['agent', '--data-dir', 'none'],
      3,
      /this machine has not joined a cluster .*; run `skerry join` first/,
    ],
    [
      'machines without up',
      ['up', 'machine', 'list', '--data-dir', 'none'],
      3,
      /no `skerry up` runs on .*\/none/,
    ],
    [
      'a reset of a foreign folder',
      ['reset', '--data-dir', '/etc', '--yes'],
      1,
      /\/etc does not look like a data directory of skerry/,
    ],
  ];
  test.each(refusals)('%s', async (_what, args, code, message) => {
    const placed = args.map((arg, i) =>
      args[i - 1] === '--data-dir' && !arg.startsWith('/') ? at(arg) : arg,
    );
    const result = await skerry(...placed);
    expect(result.code).toBe(code);
    const said = saidOf(result);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(message);
    expect(existsSync(at('none'))).toBe(false);
  });

  test('a data folder and a port in use, and tell which', async () => {
    const center = await Center.start();
    const rest = ['--console-port', '0', '--listen-address', '127.0.0.1', '--port'];
    const same = await skerry('server', '--data-dir', center.dataDirectory, ...rest, '1');
    const up = await skerry('up', '--data-dir', center.dataDirectory, '--runtime', 'simulated');
    const port = await skerry('server', '--data-dir', at('other'), ...rest, String(center.port));
    const still = await center.request({ path: '/readyz' });
    await center.stop();
    for (const result of [same, up]) {
      expect(result.code).toBe(3);
      expect(saidOf(result)).toEqual([
        expect.stringMatching(/data directory .* is in use by another skerry; stop that one/),
      ]);
    }
    expect(port.code).toBe(3);
    expect(saidOf(port)).toEqual([
      expect.stringContaining(`cannot listen on 127.0.0.1:${center.port}: another process does`),
    ]);
    expect(still.text).toBe('ok');
  });

  test.skipIf(isRoot)('a folder that may not be written', async () => {
    mkdirSync(at('closed'));
    chmodSync(at('closed'), 0o500);
    const result = await skerry('server', '--data-dir', at('closed'));
    expect(result.code).toBe(1);
    expect(saidOf(result)).toEqual([expect.stringMatching(/cannot use data directory/)]);
  });
});

/** The lines that tell of a failure: `error: …`, or the step that failed. */
function saidOf({ output, errors }: CommandResult): string[] {
  expect(output + errors).not.toMatch(stackLine);
  return `${output}\n${errors}`.split('\n').filter((line) => /^error: |^ {2}✗ /.test(line));
}
