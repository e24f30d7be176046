/** Rules of an HTTPRoute as routes; a value that isn't known here makes the whole route unacceptable, rather than half of it true. */
import type {
  HeaderFilter,
  HttpRoute,
  HttpRouteFilter,
  HttpRouteMatch,
  HttpRouteRule,
  NamedMatch,
  PathModifier,
} from '#sources/gateway-kinds.ts';
import type { Action, Backend, HeaderChanges, Rewrite, Route, ValueMatch } from '#routing/route.ts';

export class UnsupportedValueError extends Error {
  override readonly name = 'UnsupportedValueError';
}

/** `backendsOf` resolves the references of one rule. */
export function routesOf(
  { metadata, spec }: HttpRoute,
  backendsOf: (rule: HttpRouteRule) => readonly Backend[],
): readonly Route[] {
  let index = 0;
  return (spec.rules ?? []).flatMap((rule) => {
    const action = actionOf(rule, backendsOf(rule));
    const matches: readonly HttpRouteMatch[] = rule.matches?.length ? rule.matches : [{}];
    return matches.map((match): Route => ({
      path: {
        type:
          oneOf(match.path?.type ?? 'PathPrefix', ['Exact', 'PathPrefix']) === 'Exact' ? 'Exact' : 'Prefix',
        value: match.path?.value ?? '/',
      },
      method: match.method,
      headers: valuesOf(match.headers).map(({ name, value }) => ({ name: name.toLowerCase(), value })),
      query: valuesOf(match.queryParams),
      order: {
        isDefault: false,
        createdMs: Date.parse(metadata.creationTimestamp ?? '') || 0,
        name: `${metadata.namespace}/${metadata.name}`,
        index: index++,
      },
      action,
    }));
  });
}

function actionOf({ filters = [], timeouts }: HttpRouteRule, backends: readonly Backend[]): Action {
  for (const { type } of filters)
    oneOf(type, ['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestRedirect', 'URLRewrite']);
  const find = (type: string) => filters.find((filter) => filter.type === type);
  const responseHeaders = changesOf(find('ResponseHeaderModifier')?.responseHeaderModifier);
  const redirect = find('RequestRedirect')?.requestRedirect;
  if (redirect) {
    const { scheme, hostname, port, statusCode: status = 302 } = redirect;
    if (scheme !== undefined) oneOf(scheme, ['http', 'https']);
    return {
      type: 'redirect',
      status,
      scheme: scheme as 'http' | 'https' | undefined,
      hostname,
      port,
      path: pathRewrite(redirect.path),
      responseHeaders,
    };
  }
  if (backends.length === 0) return { type: 'answer', status: 500 };
  return {
    type: 'forward',
    backends,
    requestHeaders: changesOf(find('RequestHeaderModifier')?.requestHeaderModifier),
    responseHeaders,
    rewrite: rewriteOf(find('URLRewrite')),
    timeoutMs: durationMs(timeouts?.request),
    backendTimeoutMs: durationMs(timeouts?.backendRequest),
  };
}

function rewriteOf(filter: HttpRouteFilter | undefined): Rewrite | undefined {
  const rewrite = filter?.urlRewrite;
  return rewrite && { hostname: rewrite.hostname, path: pathRewrite(rewrite.path) };
}

function pathRewrite(path: PathModifier | undefined): Rewrite['path'] {
  if (!path) return undefined;
  return oneOf(path.type, ['ReplaceFullPath', 'ReplacePrefixMatch']) === 'ReplaceFullPath'
    ? { type: 'full', value: path.replaceFullPath ?? '/' }
    : { type: 'prefix', value: path.replacePrefixMatch ?? '/' };
}

function changesOf(filter: HeaderFilter | undefined): HeaderChanges | undefined {
  if (!filter) return undefined;
  const lower = (fields: HeaderFilter['set']) =>
    (fields ?? []).map(({ name, value }) => ({ name: name.toLowerCase(), value }));
  return {
    set: lower(filter.set),
    add: lower(filter.add),
    remove: (filter.remove ?? []).map((name) => name.toLowerCase()),
  };
}

function valuesOf(matches: readonly NamedMatch[] | undefined): ValueMatch[] {
  return (matches ?? []).map(({ type = 'Exact', name, value }) => {
    oneOf(type, ['Exact']);
    return { name, value };
  });
}

function oneOf(value: string, known: readonly string[]): string {
  if (known.includes(value)) return value;
  throw new UnsupportedValueError(`${value} is not supported, but ${known.join(', ')}`);
}

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Of the form of GEP-2257; none means for ever. */
function durationMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^(?:\d{1,5}(?:h|ms|m|s)){1,4}$/.test(text)) throw new UnsupportedValueError(`${text} is no duration`);
  let whole = 0;
  for (const [, amount = '0', unit = 's'] of text.matchAll(/(\d+)(ms|h|m|s)/g))
    whole += Number(amount) * (unitMs[unit] ?? 0);
  return whole || undefined;
}
