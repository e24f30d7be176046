/** One entry of an archive. Times and owners are always zero, so that equal content makes equal bytes. */
export type TarEntry =
  | { readonly type: 'file'; readonly path: string; readonly mode: number; readonly content: Uint8Array }
  | { readonly type: 'directory'; readonly path: string; readonly mode: number }
  | { readonly type: 'symlink'; readonly path: string; readonly target: string };

const blockBytes = 512;
const kinds = { file: '0', symlink: '2', directory: '5' } as const;

/** A POSIX ustar archive: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html */
export function tar(entries: readonly TarEntry[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    const content = entry.type === 'file' ? entry.content : new Uint8Array();
    parts.push(tarHeader(entry, content.byteLength), content, tarPadding(content.byteLength));
  }
  parts.push(tarEnd());
  return Buffer.concat(parts);
}

/** What follows a file's content of that many bytes; an archive that is streamed is put together from these three. */
export function tarPadding(length: number): Uint8Array {
  return new Uint8Array((blockBytes - (length % blockBytes)) % blockBytes);
}

export function tarEnd(): Uint8Array {
  return new Uint8Array(2 * blockBytes);
}

type Named = Omit<Extract<TarEntry, { type: 'file' }>, 'content'> | Exclude<TarEntry, { type: 'file' }>;

export function tarHeader(entry: Named, size: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  const { name, prefix } = splitPath(entry.type === 'directory' ? `${entry.path}/` : entry.path);
  block.write(name, 0, 100, 'utf8');
  block.write(octal(entry.type === 'symlink' ? 0o777 : entry.mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  block.write('        ', 148);
  block.write(kinds[entry.type], 156);
  if (entry.type === 'symlink') block.write(checkLength(entry.target, 100), 157, 100, 'utf8');
  block.write('ustar\x0000', 257);
  block.write(prefix, 345, 155, 'utf8');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148);
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function splitPath(path: string): { name: string; prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: '' };
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (name && Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155) return { name, prefix };
  }
  throw new Error(`path is too long for an archive: ${path}`);
}

function checkLength(text: string, bytesMax: number): string {
  if (Buffer.byteLength(text) > bytesMax) throw new Error(`link target is too long for an archive: ${text}`);
  return text;
}
