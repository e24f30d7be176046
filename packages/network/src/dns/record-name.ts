/**
 * What a name below the cluster's domain asks for.
 * https://github.com/kubernetes/dns/blob/master/docs/specification.md
 */
export type RecordName =
  /** The domain itself, `svc`, `pod`, or a namespace: it is there, and has no records. */
  | { readonly kind: 'empty'; readonly namespace?: string }
  | {
      readonly kind: 'service';
      readonly namespace: string;
      readonly service: string;
      /** One endpoint of it, by its hostname. */
      readonly endpoint?: string;
      /** Of one port, by its name; `''` for all. */
      readonly port?: { readonly name: string; readonly protocol: string };
    }
  | { readonly kind: 'pod'; readonly namespace: string; readonly pod: string }
  | { readonly kind: 'unknown' };

/** `relative` is in lower case, without the domain: `web.default.svc`. */
export function parseRecordName(relative: string): RecordName {
  if (relative === '') return { kind: 'empty' };
  const labels = relative.split('.');
  const root = labels.pop();
  if (root !== 'svc' && root !== 'pod') return { kind: 'unknown' };
  const namespace = labels.pop();
  if (namespace === undefined) return { kind: 'empty' };
  const name = labels.pop();
  if (name === undefined) return { kind: 'empty', namespace };
  if (labels.length > 2) return { kind: 'unknown' };
  if (root === 'pod')
    return labels.length === 0 ? { kind: 'pod', namespace, pod: name } : { kind: 'unknown' };
  const [first, second] = labels;
  if (first === undefined) return { kind: 'service', namespace, service: name };
  if (second === undefined) return { kind: 'service', namespace, service: name, endpoint: first };
  const port = { name: withoutUnderscore(first), protocol: withoutUnderscore(second) };
  return { kind: 'service', namespace, service: name, port };
}

function withoutUnderscore(label: string): string {
  return label.startsWith('_') ? label.slice(1) : label;
}

/** The address that a name below `in-addr.arpa` or `ip6.arpa` stands for. */
export function addressOfReverseName(name: string): string | undefined {
  if (name.endsWith('.in-addr.arpa')) {
    const labels = name.slice(0, -'.in-addr.arpa'.length).split('.');
    if (labels.length !== 4 || !labels.every((label) => /^\d{1,3}$/.test(label))) return undefined;
    return labels.toReversed().join('.');
  }
  if (name.endsWith('.ip6.arpa')) {
    const digits = name.slice(0, -'.ip6.arpa'.length).split('.');
    if (digits.length !== 32 || !digits.every((digit) => /^[0-9a-f]$/.test(digit))) return undefined;
    return canonicalIpv6(
      digits
        .toReversed()
        .join('')
        .replace(/(.{4})(?!$)/g, '$1:'),
    );
  }
  return undefined;
}

/** One spelling per address: `2001:db8::1`. Undefined for what is none. */
export function canonicalIpv6(text: string): string | undefined {
  try {
    return new URL(`http://[${text}]`).hostname.slice(1, -1);
  } catch {
    return undefined;
  }
}
