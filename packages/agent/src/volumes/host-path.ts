import { mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes or checks the path by its type. https://kubernetes.io/docs/concepts/storage/volumes/#hostpath-volume-types */
export async function ensureHostPath(path: string, type = ''): Promise<void> {
  if (!path.startsWith('/') || path.split('/').includes('..')) {
    throw new Error(`hostPath ${JSON.stringify(path)} must be absolute and must not contain '..'`);
  }
  const info = await stat(path).catch(() => undefined);
  switch (type) {
    case '':
      return;
    case 'DirectoryOrCreate':
      if (!info) await mkdir(path, { recursive: true, mode: 0o755 });
      else if (!info.isDirectory()) throw fault(path, 'a directory');
      return;
    case 'FileOrCreate':
      if (!info) {
        await mkdir(dirname(path), { recursive: true });
        await (await open(path, 'a', 0o644)).close();
      } else if (!info.isFile()) throw fault(path, 'a file');
      return;
    case 'Directory':
      if (!info?.isDirectory()) throw fault(path, 'a directory');
      return;
    case 'File':
      if (!info?.isFile()) throw fault(path, 'a file');
      return;
    case 'Socket':
      if (!info?.isSocket()) throw fault(path, 'a socket file');
      return;
    case 'CharDevice':
      if (!info?.isCharacterDevice()) throw fault(path, 'a character device');
      return;
    case 'BlockDevice':
      if (!info?.isBlockDevice()) throw fault(path, 'a block device');
      return;
    default:
      throw new Error(`hostPath type ${JSON.stringify(type)} is not known`);
  }
}

function fault(path: string, what: string): Error {
  return new Error(`hostPath type check failed: ${path} is not ${what}`);
}
