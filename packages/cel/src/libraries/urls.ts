/** URLs. Documentation: https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-url-library */
import { fn, type Library, method } from '#check/declarations.ts';
import { ArrayList, ValueMap } from '#values/collections.ts';
import { hostnameOf, type ParsedUrl, parseQuery, parseUrl, portOf } from '#values/url.ts';
import { Fault, Opaque, type Outcome, type Value } from '#values/value.ts';
import { boolType, listOf, mapOf, stringType, Type } from '#types/type.ts';

const urlType = new Type('struct', 'kubernetes.URL');

class Url extends Opaque {
  readonly type = urlType;
  readonly text: string;
  readonly parts: ParsedUrl;

  constructor(text: string, parts: ParsedUrl) {
    super();
    this.text = text;
    this.parts = parts;
  }

  override equals(other: Opaque): boolean {
    return other instanceof Url && other.text === this.text;
  }
}

function read([text]: readonly Value[]): Outcome {
  const parts = parseUrl(text as string);
  if ('fault' in parts) return new Fault(`URL parse error during conversion from string: ${parts.fault}`);
  return new Url(text as string, parts);
}

function part(name: string, id: string, of: (parts: ParsedUrl) => string): Library {
  return [method(name, id, [urlType], stringType, ([url]) => of((url as Url).parts))];
}

export const urlLibrary: Library = [
  fn('url', 'string_to_url', [stringType], urlType, read),
  fn('isURL', 'is_url_string', [stringType], boolType, ([text]) => !('fault' in parseUrl(text as string))),
  ...part('getScheme', 'url_get_scheme', ({ scheme }) => scheme),
  ...part('getHost', 'url_get_host', ({ host }) => host),
  ...part('getHostname', 'url_get_hostname', ({ host }) => hostnameOf(host)),
  ...part('getPort', 'url_get_port', ({ host }) => portOf(host)),
  ...part('getEscapedPath', 'url_get_escaped_path', ({ escapedPath }) => escapedPath),
  method('getQuery', 'url_get_query', [urlType], mapOf(stringType, listOf(stringType)), ([url]) => {
    const query = parseQuery((url as Url).parts.query);
    return ValueMap.of([...query].map(([name, values]) => [name, new ArrayList(values)] as const));
  }),
];
