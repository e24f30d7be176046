/**
 * A machine in network namespaces: a node with a bridge that pods hang off, and a neighbour outside that reaches the node
 * alone. Pods answer every connection, and every datagram, with their name and who they heard.
 *
 *   outside 192.0.2.2 ── 192.0.2.1 node 10.0.0.254 ── bridge ──┬── pod a 10.0.0.1
 *                                                              └── pod b 10.0.0.2 …
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';

const server = `
const name = process.argv[1];
const port = Number(process.argv[2]);
const { createServer } = require('node:net');
const { createSocket } = require('node:dgram');
createServer((socket) => {
  socket.on('error', () => {});
  socket.write(name + ' ' + socket.remoteAddress.replace('::ffff:', '') + '\\n');
  socket.on('data', (data) => socket.write(data));
  socket.on('end', () => socket.end());
}).listen(port, '0.0.0.0', () => {
  const udp = createSocket('udp4');
  udp.on('message', (_, from) => udp.send(name + ' ' + from.address, from.port, from.address));
  udp.bind(port, '0.0.0.0', () => console.log('ready'));
});
`;

export function canUseNetworkNamespaces(): boolean {
  return process.getuid?.() === 0 && existsSync('/usr/sbin/nft') && existsSync('/bin/busybox');
}

export class Lab {
  readonly #id = `skl${process.pid}`;
  readonly #children: ChildProcess[] = [];
  readonly #pods = new Set<string>();

  static async start(): Promise<Lab> {
    const lab = new Lab();
    const node = lab.#name('node');
    const outside = lab.#name('outside');
    await ip('netns', 'add', node);
    await ip('netns', 'add', outside);
    await lab.#ip('node', 'link set lo up');
    await lab.#ip('outside', 'link set lo up');
    await lab.#ip('node', `link add eth0 type veth peer name eth0 netns ${outside}`);
    await lab.#ip('node', 'address add 192.0.2.1/24 dev eth0');
    await lab.#ip('node', 'link set eth0 up');
    await lab.#ip('node', 'link add cni0 type bridge');
    await lab.#ip('node', 'address add 10.0.0.254/24 dev cni0');
    await lab.#ip('node', 'link set cni0 up');
    await lab.#ip('outside', 'address add 192.0.2.2/24 dev eth0');
    await lab.#ip('outside', 'link set eth0 up');
    // Others would send the answer to what came for an address that is the node's alone.
    await lab.#ip('node', 'route add default via 192.0.2.2');
    await lab.#ip('outside', 'route add 198.51.100.0/24 via 192.0.2.1');
    await lab.run('node', 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
    return lab;
  }

  get networkNamespace(): string {
    return `/run/netns/${this.#name('node')}`;
  }

  /** A pod that answers at port 8080, at 10.0.0.`number`. */
  async addPod(name: string, number: number): Promise<void> {
    const pod = this.#name(name);
    await ip('netns', 'add', pod);
    this.#pods.add(name);
    await this.#ip(name, 'link set lo up');
    await this.#ip(name, `link add eth0 type veth peer name v${name} netns ${this.#name('node')}`);
    await this.#ip(name, `address add 10.0.0.${number}/24 dev eth0`);
    await this.#ip(name, 'link set eth0 up');
    await this.#ip(name, 'route add default via 10.0.0.254');
    await this.#ip('node', `link set v${name} master cni0 up`);
    await this.#ip('node', `link set v${name} type bridge_slave hairpin on`);
    const child = spawn(
      'nsenter',
      [`--net=/run/netns/${pod}`, process.execPath, '-e', server, name, '8080'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    this.#children.push(child);
    await once(child.stdout, 'data');
  }

  run(where: string, ...command: string[]): Promise<string> {
    return execute('nsenter', [`--net=/run/netns/${this.#name(where)}`, ...command]);
  }

  /** What answers at an address: `name sender`, `refused`, or `silent`. */
  async call(where: string, address: string, port: number): Promise<string> {
    try {
      const output = await this.run(where, 'busybox', 'nc', '-w', '1', address, String(port));
      return output.trim() || 'silent';
    } catch (error) {
      return String(error).includes('refused') ? 'refused' : 'silent';
    }
  }

  /** Sends datagrams from one port, and answers who answered last. */
  datagram(where: string, address: string, { port, from }: { port: number; from: number }): Promise<string> {
    const program = `
      const socket = require('node:dgram').createSocket('udp4');
      const done = (said) => { console.log(said); process.exit(); };
      socket.on('message', (message) => done(String(message)));
      socket.on('error', () => done('refused'));
      socket.bind(${from}, () => socket.connect(${port}, '${address}', () => socket.send('x')));
      setTimeout(done, 1000, 'silent');`;
    return this.run(where, process.execPath, '-e', program).then((output) => output.trim());
  }

  async close(): Promise<void> {
    for (const child of this.#children) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    for (const name of [...this.#pods, 'outside', 'node']) await ip('netns', 'delete', this.#name(name));
  }

  #name(where: string): string {
    return `${this.#id}-${where}`;
  }

  #ip(where: string, text: string): Promise<string> {
    return ip('-n', this.#name(where), ...text.split(' '));
  }
}

function ip(...args: string[]): Promise<string> {
  return execute('ip', args);
}

function execute(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, [...args], { timeout: 10_000 }, (error, stdout, stderr) => {
      if (error)
        reject(new Error(`${program} ${args.join(' ')}: ${stderr || error.message}`, { cause: error }));
      else resolve(stdout);
    });
    child.stdin?.end();
  });
}
