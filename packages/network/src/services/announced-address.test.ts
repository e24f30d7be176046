import { silentLogger } from '@skerry/base';
import { FakeClock, eventually } from '@skerry/base/testing';
import { beforeEach, expect, test } from 'vitest';
import { presentAddresses, putAddress, removeAddress, whileAnnouncing } from '#services/announced-address.ts';

const four = { address: '192.168.0.200', device: 'eth0' };
const six = { address: 'fd53::200', device: 'eth0' };

/** A machine whose kernel asks for an IPv6 address for as many looks as are told. */
class FakeMachine {
  readonly commands: string[] = [];
  readonly settings = new Map([
    ['net/ipv6/conf/eth0/ndisc_notify', '0'],
    ['net/ipv6/conf/eth0/dad_transmits', '1'],
    ['net/ipv6/conf/eth0/accept_dad', '-1'],
  ]);
  looks = 2;
  isDuplicate = false;
  held: Record<string, unknown> | undefined;

  readonly run = (...command: string[]): Promise<string> => {
    const text = command.join(' ');
    this.commands.push(text);
    if (text.startsWith('ip address add')) this.held = { local: command[3]?.split('/')[0], tentative: true };
    if (text.startsWith('ip address delete')) {
      if (!this.held) return Promise.reject(new Error('Error: ipv6: address not found.'));
      this.held = undefined;
    }
    if (text.startsWith('ip -j address show')) return Promise.resolve(this.#shown());
    if (command[0] === 'arping' && command.includes('-D') && this.isDuplicate)
      return Promise.reject(new Error('arping: exit 1'));
    if (text.startsWith('sysctl -n')) {
      const value = this.settings.get(command[2] ?? '');
      return value === undefined ? Promise.reject(new Error('no such file')) : Promise.resolve(`${value}\n`);
    }
    if (text.startsWith('sysctl -q -w')) {
      const [key = '', value = ''] = (command[3] ?? '').split('=');
      this.settings.set(key, value);
    }
    return Promise.resolve('');
  };

  #shown(): string {
    if (!this.held) return '[]';
    const isOver = this.looks-- <= 0;
    if (isOver && !this.isDuplicate) delete this.held['tentative'];
    if (isOver && this.isDuplicate) this.held['dadfailed'] = true;
    return JSON.stringify([{ ifname: 'eth0', addr_info: [this.held, {}] }]);
  }
}

let machine: FakeMachine;
let clock: FakeClock;
beforeEach(() => {
  machine = new FakeMachine();
  clock = new FakeClock();
});

/** Moves the clock until the work has ended, and answers how. */
async function put(place: typeof four): Promise<string> {
  let ended: string | undefined;
  putAddress(place, { run: machine.run, clock, log: silentLogger }).then(
    () => (ended = 'put'),
    (error: unknown) => (ended = String(error)),
  );
  return eventually(async () => {
    await clock.advance(200);
    if (ended === undefined) throw new Error('under way');
    return ended;
  });
}

test('an IPv4 address is asked for, put on the interface and announced by ARP', async () => {
  expect(await put(four)).toBe('put');
  expect(machine.commands.map((text) => text.replace(/ -c.*/, ''))).toEqual([
    'arping -q -D',
    'ip address add 192.168.0.200/32 dev eth0',
    'arping -q',
  ]);
});

test('an IPv4 address that is answered for is not put there', async () => {
  machine.isDuplicate = true;
  expect(await put(four)).toContain('another machine may still answer for it at eth0');
  expect(machine.held).toBeUndefined();
});

test("an IPv6 address is held when the kernel has asked for it, and is never the machine's own source", async () => {
  expect(await put(six)).toBe('put');
  expect(machine.commands).toContain('ip address add fd53::200/128 dev eth0 preferred_lft 0');
  expect(machine.commands.filter((text) => text.startsWith('ip -j'))).toHaveLength(3);
});

test('an IPv6 address that is answered for goes from the interface', async () => {
  machine.isDuplicate = true;
  expect(await put(six)).toContain('another machine answers for it at eth0');
  expect(machine.held).toBeUndefined();
});

test('an IPv6 address that the kernel asks for without an end goes from the interface', async () => {
  machine.looks = 1_000;
  expect(await put(six)).toContain('has not found out in 10 s');
  expect(machine.held).toBeUndefined();
});

test('an address that has gone already is taken away without a fault, and other faults are told', async () => {
  await removeAddress(six, machine.run);
  await expect(
    removeAddress(six, () => Promise.reject(new Error('Operation not permitted'))),
  ).rejects.toThrow('Operation not permitted');
});

test("addresses that turned out to be another's are not present", async () => {
  const shown = [
    { ifname: 'eth0', addr_info: [{ local: 'fd53::1' }, { local: 'fd53::2', dadfailed: true }, {}] },
  ];
  expect([...(await presentAddresses(() => Promise.resolve(JSON.stringify(shown))))]).toEqual([
    ['fd53::1', 'eth0'],
  ]);
});

test('what makes the kernel ask and announce is on meanwhile, and then as it was', async () => {
  const before = new Map(machine.settings);
  const meanwhile = await whileAnnouncing(new Set(['eth0']), machine.run, () =>
    Promise.resolve([...machine.settings.values()]),
  );
  expect(meanwhile).toEqual(['1', '1', '1']);
  await expect(
    whileAnnouncing(new Set(['eth0']), machine.run, () => Promise.reject(new Error('no'))),
  ).rejects.toThrow('no');
  expect(machine.settings).toEqual(before);
  machine.settings.clear();
  expect(await whileAnnouncing(new Set(['eth0']), machine.run, () => Promise.resolve('done'))).toBe('done');
});
