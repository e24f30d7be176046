/**
 * Images that components of the catalogue name and no test can pull, made from busybox: each says in its log, and where it answers, that
 * it stands in for the real one. Under the names of the catalogue, so that its manifests run as they are.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busyboxImage, type ImageSpec, importImage, writeImageArchive } from '@skerry/agent';
import { parse } from 'yaml';
import { root, run } from './cluster.ts';

interface Package {
  readonly images: readonly {
    readonly registry: string;
    readonly repository: string;
    readonly tag: string;
    readonly digest?: string;
  }[];
}

/** A first process is told to end only if it listens; else its pod takes half a minute to go. */
const untilTold = `trap 'exit 0' TERM
wait
`;

/** Serves a page that names the origin and the pod, where nginx would answer with what it holds. */
const nginx = `#!/bin/sh
origin=$(sed -n 's/.*proxy_pass \\(.*\\);/\\1/p' /etc/nginx/conf.d/default.conf)
mkdir -p /var/cache/http/www
echo ok > /var/cache/http/www/healthz
echo "stand-in cache of $origin in $(hostname)" > /var/cache/http/www/index.html
httpd -f -p 8080 -h /var/cache/http/www &
${untilTold}`;

/** Tells which folders its settings have it watch. */
const osquery = `#!/bin/sh
trap 'exit 0' TERM
echo "osqueryd (stand-in) watches $(sed -n 's/.*"watched": \\[\\(.*\\)\\].*/\\1/p' "\${1#--config_path=}")"
while :; do sleep 5 & wait $!; done
`;

const exporter = `#!/bin/sh
for word in "$@"; do
  case "$word" in --web.listen-address=*) port=\${word##*:} ;; esac
done
httpd -f -p "$port" -h /www &
${untilTold}`;

const standIns: Readonly<Record<string, (reference: string) => Promise<ImageSpec>>> = {
  'http-cache': (reference) =>
    busyboxImage({ reference, entrypoint: ['/usr/bin/nginx'] }, { files: [script('usr/bin/nginx', nginx)] }),
  osquery: (reference) => busyboxImage({ reference }, { files: [script('usr/bin/osqueryd', osquery)] }),
  'node-exporter': (reference) =>
    busyboxImage(
      { reference, entrypoint: ['/usr/bin/node_exporter'] },
      {
        files: [
          script('usr/bin/node_exporter', exporter),
          { type: 'directory', path: 'www', mode: 0o755 },
          { type: 'file', path: 'www/metrics', mode: 0o644, content: Buffer.from('node_stand_in 1\n') },
        ],
      },
    ),
};

/** Puts the images of these components into the containerds at these sockets. */
export async function importStandIns(
  components: readonly string[],
  { sockets }: { readonly sockets: readonly string[] },
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'skerry-stand-ins-'));
  try {
    for (const component of components) {
      const reference = `skerry.io/stand-in/${component}:1`;
      const archive = join(folder, `${component}.tar`);
      await writeImageArchive(archive, await standIns[component]!(reference));
      const names = await imageNames(component);
      for (const socket of sockets) {
        await importImage(socket, archive);
        const images = ['--address', socket, '--namespace', 'k8s.io', 'images'];
        for (const name of names) {
          const tagged = await run('ctr', [...images, 'tag', reference, name]);
          if (tagged.code !== 0) throw new Error(tagged.errors);
        }
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** As a runtime looks for them: what has a digest, by that and without its tag. */
async function imageNames(component: string): Promise<string[]> {
  const folder = join(root, 'components', component);
  const [version = ''] = (await readdir(folder)).toSorted().toReversed();
  const { images } = parse(await readFile(join(folder, version, 'component.yaml'), 'utf8')) as Package;
  return images.map(({ registry, repository, tag, digest }) =>
    digest ? `${registry}/${repository}@${digest}` : `${registry}/${repository}:${tag}`,
  );
}

function script(path: string, text: string) {
  return { type: 'file', path, mode: 0o755, content: Buffer.from(text) } as const;
}
