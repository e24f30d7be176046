/**
 * Streams into real containers, as stock clients open them: kubectl over SPDY (before 1.30) and over WebSocket, the
 * JavaScript client and Debian's Python client over WebSocket channels, and raw WebSockets in their text form.
 */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@skerry/base/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CommandResult, canRunContainers, Cluster, run } from '../support/cluster.ts';
import { hasPythonClient, runPython } from './python-program.ts';
import { JavaScriptStreams } from './javascript-streams.ts';
import { type Kubectl, kubectls } from './kubectl-session.ts';
import { openWebSocket } from './web-socket.ts';

const busybox = 'skerry.io/stand-in/busybox:1.35';
const patient = { timeoutMs: 60_000, everyMs: 200 };
const mebibyte = 1024 * 1024;

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web' },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'web',
        image: busybox,
        stdin: true,
        command: [
          'sh',
          '-c',
          'mkdir /www; echo "page of $HOSTNAME" >/www/index.html; httpd -p 8080 -h /www; echo started; while read -r word; do echo heard $word; done; sleep 100000',
        ],
      },
      {
        name: 'lines',
        image: busybox,
        command: [
          'sh',
          '-c',
          'i=0; while [ $i -lt 50 ]; do i=$((i+1)); echo line $i; done; exec sleep 100000',
        ],
      },
    ],
  },
};
/** Ends once with an error, so that there is a log of before. */
const crashed = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'crashed' },
  spec: {
    terminationGracePeriodSeconds: 1,
    volumes: [{ name: 'kept', emptyDir: {} }],
    containers: [
      {
        name: 'c',
        image: busybox,
        volumeMounts: [{ name: 'kept', mountPath: '/kept' }],
        command: [
          'sh',
          '-c',
          'if [ -e /kept/run ]; then echo second; exec sleep 100000; else touch /kept/run; echo first; exit 3; fi',
        ],
      },
    ],
  },
};

describe.skipIf(!canRunContainers())('streams into containers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'skerry-streams-'));
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.start({ runtime: 'containerd', regions: ['east'] });
    const items = [pod, crashed];
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    const applied = await cluster.kubectl(['apply', '-f', '-'], { input: list });
    expect(applied.errors).toBe('');
    await cluster.kubectlOk('wait', '--for=condition=Ready', 'pod', 'web', '--timeout=120s');
  });

  afterAll(async () => {
    await cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  describe.each(kubectls)('by kubectl 1.$minor', (kubectl) => {
    const call = (args: readonly string[], input?: string): Promise<CommandResult> =>
      run(kubectl.program, args, { input, env: cluster.environment, timeoutMs: 90_000 });

    test('exec passes input, its end, output, errors and the exit code', async () => {
      const script = 'cat; echo after; echo oops >&2; exit 7';
      const result = await call(
        ['exec', '-i', 'web', '-c', 'web', '--', 'sh', '-c', script],
        'there and back\n',
      );
      expect(result.output).toBe('there and back\nafter\n');
      expect(result.errors).toBe('oops\ncommand terminated with exit code 7\n');
      expect(result.code).toBe(7);
    });

    test('exec of what is not there says so', async () => {
      const result = await call(['exec', 'web', '-c', 'web', '--', 'no-such-program']);
      expect(result.errors).toMatch(/no-such-program.*(executable file )?not found/);
      expect(result.code).not.toBe(0);
    });

    test('exec gives a terminal of the size of the own one', async () => {
      const inside = `${kubectl.program} exec -it web -c web -- sh -c 'sleep 1; stty size; tty'`;
      const result = await run('script', ['-qec', `stty rows 33 cols 77; ${inside}`, '/dev/null'], {
        env: cluster.environment,
        timeoutMs: 30_000,
      });
      expect(result.output).toMatch(/33 77\r\n\/dev\/pts\/\d/);
    });

    test('attach shows what is printed, and passes input', async () => {
      // Its input stays open: a runtime ends an attachment with that.
      const child = spawn(kubectl.program, ['attach', '-i', 'web', '-c', 'web'], {
        env: cluster.environment,
      });
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
      child.stdin.write(`word-${kubectl.minor}\n`);
      try {
        await eventually(() => expect(text).toContain(`heard word-${kubectl.minor}`), patient);
      } finally {
        child.kill();
      }
    });

    test('port-forward carries several connections, and tells of a port where nobody listens', async () => {
      await withPortForward(kubectl, ['8080', '9'], async ([port = 0, deaf = 0], output) => {
        const pages = await Promise.all([1, 2, 3, 4].map(() => httpGet(port)));
        expect(new Set(pages)).toEqual(new Set([pages[0]]));
        expect(pages[0]).toContain('page of web');
        await httpGet(deaf).catch(() => undefined);
        await eventually(() => expect(output()).toMatch(/error|refused|lost connection/i), patient);
      });
    });

    test('cp carries a folder in and out', async () => {
      const from = join(folder, `in-${kubectl.minor}`);
      mkdirSync(join(from, 'deep'), { recursive: true });
      writeFileSync(join(from, 'a'), 'one');
      writeFileSync(join(from, 'deep/b'), randomBytes(300_000));
      const into = await call(['cp', '-c', 'web', from, `web:/tmp/in-${kubectl.minor}`]);
      expect(into.code, into.errors).toBe(0);
      const to = join(folder, `out-${kubectl.minor}`);
      const out = await call(['cp', '-c', 'web', `web:/tmp/in-${kubectl.minor}`, to]);
      expect(out.code, out.errors).toBe(0);
      expect(readdirSync(to).sort()).toEqual(['a', 'deep']);
      expect(readFileSync(join(to, 'deep/b'))).toEqual(readFileSync(join(from, 'deep/b')));
    });

    test('a client that is killed leaves no command behind that reads its input', async () => {
      const marker = `marker-${kubectl.minor}`;
      const script = `echo begun; cat >/dev/null; : ${marker}`;
      const child = spawn(kubectl.program, ['exec', '-i', 'web', '-c', 'web', '--', 'sh', '-c', script], {
        env: cluster.environment,
      });
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
      await eventually(() => expect(text).toContain('begun'), patient);
      expect(await commandsInside()).toContain(marker);
      child.kill('SIGKILL');
      await eventually(async () => expect(await commandsInside()).not.toContain(marker), patient);
    });
  });

  describe.each([kubectls[0], kubectls.at(-1)].filter((kubectl) => kubectl !== undefined))(
    'by kubectl 1.$minor',
    (kubectl) => {
      test('64 MiB go in and come out as they were', async () => {
        const file = join(folder, 'large');
        writeFileSync(file, randomBytes(64 * mebibyte));
        const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
        const shell = (line: string) =>
          run('sh', ['-c', line], { env: cluster.environment, timeoutMs: 110_000 });
        const remote = `/tmp/large-${kubectl.minor}`;
        const sent = await shell(
          `${kubectl.program} exec -i web -c web -- sh -c 'cat >${remote}; sha256sum ${remote}' <${file}`,
        );
        expect(sent.output, sent.errors).toContain(digest);
        const received = await shell(
          `${kubectl.program} exec web -c web -- cat ${remote} | sha256sum; ${kubectl.program} exec web -c web -- rm ${remote}`,
        );
        expect(received.output, received.errors).toContain(digest);
        expect(statSync(file).size).toBe(64 * mebibyte);
      });
    },
  );

  describe('logs', () => {
    const logs = async (...args: string[]) =>
      (await cluster.kubectlOk('logs', ...args)).trimEnd().split('\n');

    test.each<[args: string[], expected: (lines: string[]) => void]>([
      [['web', '-c', 'lines'], (lines) => expect(lines).toHaveLength(50)],
      [['web', '-c', 'lines', '--tail=2'], (lines) => expect(lines).toEqual(['line 49', 'line 50'])],
      [['web', '-c', 'lines', '--tail=0'], (lines) => expect(lines).toEqual([''])],
      [['web', '-c', 'lines', '--limit-bytes=9'], (lines) => expect(lines).toEqual(['line 1', 'li'])],
      [['web', '-c', 'lines', '--since-time=2100-01-01T00:00:00Z'], (lines) => expect(lines).toEqual([''])],
      [['web', '-c', 'lines', '--since=1h', '--tail=1'], (lines) => expect(lines).toEqual(['line 50'])],
      [
        ['web', '-c', 'lines', '--timestamps', '--tail=1'],
        (lines) => expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:]+\.\d+Z line 50$/),
      ],
      [
        ['web', '--all-containers', '--prefix', '--tail=1'],
        (lines) => {
          expect(lines).toHaveLength(2);
          expect(lines).toContain('[pod/web/lines] line 50');
        },
      ],
    ])('%j', async (args, expected) => {
      expected(await logs(...args));
    });

    test('of before and of now, for a container that was started again', async () => {
      await cluster.kubectlOk('wait', '--for=condition=Ready', 'pod', 'crashed', '--timeout=60s');
      expect(await logs('crashed')).toEqual(['second']);
      expect(await logs('crashed', '--previous')).toEqual(['first']);
      const none = await cluster.kubectl(['logs', 'web', '-c', 'lines', '--previous']);
      expect(none.errors).toMatch(/previous terminated container "lines" in pod "web" not found/);
    });

    test.each(['', 'binary.k8s.io', 'base64.binary.k8s.io'])('over a WebSocket as %j', async (protocol) => {
      const path = '/api/v1/namespaces/default/pods/web/log?container=lines&tailLines=1';
      const messages = await openWebSocket(cluster, path, protocol === '' ? [] : [protocol]).finished;
      const text = Buffer.concat(messages).toString();
      const plain = protocol.startsWith('base64') ? Buffer.from(text, 'base64').toString() : text;
      expect(plain).toBe('line 50\n');
    });
  });

  test('exec over a WebSocket in its text form', async () => {
    const query = 'container=web&command=cat&stdin=1&stdout=1';
    const socket = openWebSocket(cluster, `/api/v1/namespaces/default/pods/web/exec?${query}`, [
      'base64.channel.k8s.io',
    ]);
    socket.send(`0${Buffer.from('hello').toString('base64')}`);
    await eventually(() => {
      const texts = socket.messages.map(String).filter((text) => text.startsWith('1') && text.length > 1);
      expect(texts.map((text) => Buffer.from(text.slice(1), 'base64').toString()).join('')).toBe('hello');
    }, patient);
    socket.close();
  });

  describe('by the JavaScript client', () => {
    let streams: JavaScriptStreams;
    beforeAll(() => {
      streams = new JavaScriptStreams(cluster.kubeconfig);
    });

    test('exec passes input, output, errors and the exit code', async () => {
      const result = await streams.exec(['sh', '-c', 'head -n1; echo oops >&2; exit 7'], { input: 'in\n' });
      expect(result).toEqual({ output: 'in\n', errors: 'oops\n', exitCode: '7' });
    });

    test('a terminal is resized while a command runs', async () => {
      const script = 'stty size; until [ "$(stty size)" = "40 100" ]; do sleep 0.1; done; stty size';
      const { output } = await streams.exec(['sh', '-c', script], {
        terminal: [24, 80],
        resizedTo: [40, 100],
      });
      expect(output).toMatch(/40 100\s+$/);
    });

    test('attach shows what is printed, and passes input', async () => {
      expect(await streams.attach('from-js\n', /heard from-js/)).toContain('heard from-js');
    });

    test('port-forward carries a request', async () => {
      expect(await streams.forward(8080, 'GET / HTTP/1.0\r\n\r\n', /page of web/)).toContain('page of web');
    });

    test('log follows a container to its end', async () => {
      const script = 'echo first; sleep 2; echo last';
      const container = { name: 'web', image: busybox, command: ['sh', '-c', script] };
      const overrides = JSON.stringify({ spec: { containers: [container] } });
      await cluster.kubectlOk(
        'run',
        'brief',
        `--image=${busybox}`,
        '--restart=Never',
        `--overrides=${overrides}`,
      );
      await eventually(async () => {
        expect(await cluster.kubectlOk('logs', 'brief')).toContain('first');
      }, patient);
      expect(await streams.log('brief')).toBe('first\nlast\n');
    });

    test('cp carries a folder in', async () => {
      mkdirSync(join(folder, 'from-js'));
      writeFileSync(join(folder, 'from-js/carried'), 'by js');
      await streams.copyIn(join(folder, 'from-js'), '/tmp');
      // The client says that it is done before it is.
      await eventually(
        async () => expect((await streams.exec(['cat', '/tmp/carried'])).output).toBe('by js'),
        patient,
      );
    });
  });

  test.skipIf(!hasPythonClient)("by Debian's Python client: exec over WebSocket channels", async () => {
    const results = await runPython(cluster.environment, {
      'gives output, errors and the exit code': `
from kubernetes.stream import stream
answer = stream(core.connect_get_namespaced_pod_exec, "web", ns, container="web", command=["sh", "-c", "read -r w; echo got $w; echo oops >&2; exit 7"],
    stdin=True, stdout=True, stderr=True, tty=False, _preload_content=False)
answer.write_stdin("hello\\n")
out = err = ""
while answer.is_open():
    answer.update(timeout=0.1)  # With TLS it does not see what is buffered, and waits all that time.
    if answer.peek_stdout(): out += answer.read_stdout()
    if answer.peek_stderr(): err += answer.read_stderr()
assert (out, err) == ("got hello\\n", "oops\\n"), (out, err)
assert answer.returncode == 7`,
      'reads a log, and forwards a port': `
from kubernetes.stream import portforward
assert core.read_namespaced_pod_log("web", ns, container="lines", tail_lines=1) == "line 50\\n"
sock = portforward(core.connect_get_namespaced_pod_portforward, "web", ns, ports="8080").socket(8080)
sock.setblocking(True)
sock.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
page = b""
while True:
    more = sock.recv(4096)
    if not more: break
    page += more
assert b"page of web" in page, page`,
    });
    expect(Object.values(results)).toEqual(['ok', 'ok']);
  });

  async function commandsInside(): Promise<string> {
    return cluster.kubectlOk('exec', 'web', '-c', 'web', '--', 'ps', '-o', 'args');
  }

  async function withPortForward(
    kubectl: Kubectl,
    ports: readonly string[],
    use: (local: number[], output: () => string) => Promise<void>,
  ): Promise<void> {
    const child = spawn(kubectl.program, ['port-forward', 'pod/web', ...ports.map((port) => `:${port}`)], {
      env: cluster.environment,
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    try {
      const local = await eventually(() => {
        const found = ports.map((port) => new RegExp(`127\\.0\\.0\\.1:(\\d+) -> ${port}\\b`).exec(text)?.[1]);
        expect(found).not.toContain(undefined);
        return found.map(Number);
      }, patient);
      await use(local, () => text);
    } finally {
      child.kill();
    }
  }
});

function httpGet(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let text = '';
    socket.on('connect', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
    socket.setTimeout(20_000, () => socket.destroy(new Error('no answer in 20 s')));
  });
}
