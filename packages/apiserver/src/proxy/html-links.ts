/**
 * Links in pages that come through the proxy, so that they lead through it again: `/x` becomes `<prefix>/x`. Bytes that are no
 * link stay as they are, whatever their encoding, as long as it writes ASCII as ASCII.
 */
import { pipeline, Transform, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** By element: where links are. */
const linkAttributes: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['src', 'usemap', 'formaction'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
};

/** Elements whose content is text, with no elements in it. */
const textElements = new Set([
  'iframe',
  'noembed',
  'noframes',
  'script',
  'style',
  'textarea',
  'title',
  'xmp',
]);

/** A tag that is longer is left alone. */
const tagLengthMax = 64 * 1024;

type Rewrite = (link: string) => string;

/** Whether a page of this type and encoding can be read; others pass as they are. */
export function isReadablePage(headers: Readonly<Record<string, string | string[] | undefined>>): boolean {
  const type = String(headers['content-type'] ?? '')
    .split(';', 1)[0]!
    .trim()
    .toLowerCase();
  return type === 'text/html' && ['', 'gzip'].includes(String(headers['content-encoding'] ?? ''));
}

/** The page with its links rewritten, no longer compressed. */
export function withLinks(page: Readable, encoding: string, rewrite: Rewrite): Readable {
  const scan = new LinkScan(rewrite);
  const links = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      done(null, Buffer.from(scan.next(chunk.toString('latin1')), 'latin1'));
    },
    flush(done) {
      done(null, Buffer.from(scan.rest, 'latin1'));
    },
  });
  // Whoever reads the page hears of what went wrong.
  const steps = encoding === 'gzip' ? [page, createGunzip(), links] : [page, links];
  pipeline(steps, () => undefined);
  return links;
}

/** Goes through a page as it comes, a tag at a time. */
export class LinkScan {
  readonly #rewrite: Rewrite;
  /** What came and may be the beginning of a tag. */
  rest = '';
  /** The element whose end is awaited: until then all is text. */
  #within: string | undefined;

  constructor(rewrite: Rewrite) {
    this.#rewrite = rewrite;
  }

  /** What is now certain of the page. */
  next(chunk: string): string {
    const text = this.rest + chunk;
    let done = '';
    let at = 0;
    while (at < text.length) {
      const open = text.indexOf('<', at);
      if (open < 0) {
        done += text.slice(at);
        at = text.length;
        break;
      }
      done += text.slice(at, open);
      at = open;
      const end = this.#endOf(text, open);
      if (end === undefined) {
        if (text.length - open <= tagLengthMax) break;
        // No tag after all.
        done += '<';
        at++;
        continue;
      }
      done += this.#part(text.slice(open, end));
      at = end;
    }
    this.rest = text.slice(at);
    return done;
  }

  /** Behind the tag, comment or sign that begins here; undefined where it is still open. */
  #endOf(text: string, open: number): number | undefined {
    const head = text.slice(open, open + 4);
    if (head.length < 4 && '<!--'.startsWith(head)) return undefined;
    if (this.#within === undefined && head === '<!--') {
      const close = text.indexOf('-->', open + 4);
      return close < 0 ? undefined : close + 3;
    }
    if (!/^<\/?[a-z]/i.test(head)) return head === '</' ? undefined : open + 1;
    let quote: string | undefined;
    for (let index = open + 1; index < text.length; index++) {
      const sign = text[index]!;
      if (quote !== undefined) {
        if (sign === quote) quote = undefined;
      } else if (sign === '>') return index + 1;
      else if (sign === '<' && this.#within !== undefined) return index;
      else if ((sign === '"' || sign === "'") && this.#within === undefined) quote = sign;
    }
    return undefined;
  }

  #part(part: string): string {
    const [, slash, tag = ''] = /^<(\/?)([a-z][^\s/>]*)/i.exec(part) ?? [];
    const name = tag.toLowerCase();
    if (this.#within !== undefined) {
      if (slash && name === this.#within) this.#within = undefined;
      return part;
    }
    if (slash || name === '') return part;
    if (textElements.has(name)) this.#within = name;
    const attributes = linkAttributes[name];
    if (!attributes) return part;
    const begin = 1 + tag.length;
    return part.slice(0, begin) + this.#attributes(part.slice(begin), attributes);
  }

  #attributes(text: string, wanted: readonly string[]): string {
    return text.replaceAll(
      /(?<=[\s"'/])([^\s"'<>/=]+)(\s*=\s*)(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+))/g,
      (all, name: string, sign: string, double?: string, single?: string, bare?: string) => {
        if (!wanted.includes(name.toLowerCase())) return all;
        const value = double ?? single ?? bare ?? '';
        const quote = double !== undefined ? '"' : single !== undefined ? "'" : '';
        return `${name}${sign}${quote}${this.#rewrite(value)}${quote}`;
      },
    );
  }
}
