import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ProgramResult } from '#kernel/run-program.ts';
import { configOf, WireGuardDevices } from '#crossing/wireguard/wireguard-device.ts';

let directory: string;
let commands: string[];
/** What `wg` was given to read, and who may read it. */
let read: { text: string; mode: number } | undefined;
/** Beginnings of commands that the machine refuses. */
let refused: string[];
let devices: WireGuardDevices;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-wireguard-'));
  commands = [];
  read = undefined;
  refused = [];
  devices = new WireGuardDevices({ directory, run });
});

afterEach(() => rm(directory, { recursive: true, force: true }));

async function run(program: string, args: readonly string[]): Promise<ProgramResult> {
  const command = [program, ...args].join(' ');
  commands.push(command);
  if (refused.some((each) => command.startsWith(each)))
    return { code: 2, output: '', errors: 'Error: Unknown device type.\n' };
  if (args[0] === 'syncconf') {
    const file = args[2] ?? '';
    read = { text: await readFile(file, 'utf8'), mode: (await stat(file)).mode & 0o777 };
  }
  const output = command.endsWith('listen-port')
    ? '51900\n'
    : command === 'ip -j link show'
      ? '[{"ifname":"lo"},{"ifname":"skerry-wg0"},{"ifname":"wg0"}]'
      : '';
  return { code: 0, output, errors: '' };
}

const settings = {
  privateKey: 'cHJpdmF0ZQ==',
  peer: { publicKey: 'cHVibGlj', port: 40_000, ranges: ['10.13.0.0/24', 'fd00:10:13::/64'] },
};

test('a machine has WireGuard where its kernel makes a device and wg is there', async () => {
  expect(await devices.fault()).toBeUndefined();
  expect(commands).toEqual([
    'wg --version',
    'ip link add skerry-wg-try type wireguard',
    'ip link delete skerry-wg-try',
  ]);
});

test.each(['wg --version', 'ip link add'])('it has none where `%s` fails, and says why', async (command) => {
  refused = [command];
  expect(await devices.fault()).toContain('Unknown device type');
});

test('a device has the key of this machine, one peer behind a port of loopback, and its ranges', async () => {
  await devices.add('skerry-wg0');
  await devices.set('skerry-wg0', settings);
  expect(await devices.listenPort('skerry-wg0')).toBe(51_900);
  expect(commands).toEqual([
    'ip link add skerry-wg0 mtu 9000 type wireguard',
    'ip link set skerry-wg0 up',
    `wg syncconf skerry-wg0 ${join(directory, 'skerry-wg0.conf')}`,
    'wg show skerry-wg0 listen-port',
  ]);
  expect(read?.text).toBe(configOf(settings));
  expect(read?.text.split('\n')).toEqual([
    '[Interface]',
    'PrivateKey = cHJpdmF0ZQ==',
    '',
    '[Peer]',
    'PublicKey = cHVibGlj',
    'Endpoint = 127.0.0.1:40000',
    'AllowedIPs = 10.13.0.0/24, fd00:10:13::/64',
    'PersistentKeepalive = 0',
    '',
  ]);
});

test('the key is in no argument, and in a file for root alone while wg reads it', async () => {
  await devices.set('skerry-wg0', settings);
  expect(commands.join('\n')).not.toContain(settings.privateKey);
  expect(read?.mode).toBe(0o600);
  expect(await readdir(directory)).toEqual([]);
  refused = ['wg syncconf'];
  await expect(devices.set('skerry-wg0', settings)).rejects.toThrow('wg syncconf skerry-wg0');
  expect(await readdir(directory)).toEqual([]);
});

test('devices of an earlier run go, those of others stay', async () => {
  await devices.removeAll();
  expect(commands.filter((command) => command.includes('delete'))).toEqual(['ip link delete skerry-wg0']);
});
