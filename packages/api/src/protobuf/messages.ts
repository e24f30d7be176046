import facts from './messages.generated.json' with { type: 'json' };

/** One field of a message on the wire. */
export interface WireField {
  readonly number: number;
  /** In JSON. */
  readonly name: string;
  /** JSON has this struct's fields in its parent. */
  readonly inline: boolean;
  /** In JSON also when it is zero or empty: the field is a pointer or required. */
  readonly keepsZero: boolean;
  readonly shape: 'single' | 'repeated' | 'map';
  /** A scalar of proto2, or a message's full name. */
  readonly type: string;
  readonly isMessage: boolean;
}

export interface WireMessage {
  readonly name: string;
  /** In order of their numbers, as they are written. */
  readonly fields: readonly WireField[];
  readonly byNumber: ReadonlyMap<number, WireField>;
}

const indexes = new Map(facts.names.map((name, index) => [name, index]));
const parsed = new Map<string, WireMessage>();

/** The message of this full name (`k8s.io.api.core.v1.Pod`); undefined when there is none. Parsed at first use. */
export function wireMessage(name: string): WireMessage | undefined {
  const known = parsed.get(name);
  if (known) return known;
  const index = indexes.get(name);
  if (index === undefined) return undefined;
  const line = facts.fields[index] ?? '';
  const fields = line === '' ? [] : line.split(' ').map(fieldOf);
  fields.sort((left, right) => left.number - right.number);
  const message = { name, fields, byNumber: new Map(fields.map((field) => [field.number, field])) };
  parsed.set(name, message);
  return message;
}

/** The message of a kind; kinds such as DeleteOptions belong to meta/v1 whatever group they are sent in. */
export function messageOfKind(apiVersion: string, kind: string): WireMessage | undefined {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  return (
    wireMessage(`${packageOf(group ?? '')}.${version}.${kind}`) ??
    wireMessage(`k8s.io.apimachinery.pkg.apis.meta.v1.${kind}`)
  );
}

function packageOf(group: string): string {
  switch (group) {
    case '':
      return 'k8s.io.api.core';
    case 'apiextensions.k8s.io':
      return 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions';
    case 'apiregistration.k8s.io':
      return 'k8s.io.kube_aggregator.pkg.apis.apiregistration';
    case 'internal.apiserver.k8s.io':
      return 'k8s.io.api.apiserverinternal';
    default:
      return `k8s.io.api.${group.split('.')[0]}`;
  }
}

function fieldOf(text: string): WireField {
  const [number = '', marked = '', typed = ''] = text.split(':');
  const shape = typed.startsWith('[]') ? 'repeated' : typed.startsWith('{}') ? 'map' : 'single';
  const type = shape === 'single' ? typed : typed.slice(2);
  const isMessage = type.startsWith('@');
  return {
    number: Number(number),
    name: marked.replace(/^[!+]/, ''),
    inline: marked.startsWith('!'),
    keepsZero: marked.startsWith('+'),
    shape,
    type: isMessage ? (facts.names[Number(type.slice(1))] ?? '') : type,
    isMessage,
  };
}
