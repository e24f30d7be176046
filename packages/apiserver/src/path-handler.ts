import { ApiError, type HealthNumbers, versionDocument, type VersionInfo } from '@skerry/api';
import { answerHealth, type HealthChecks } from '#health.ts';
import { sendJson, sendText } from '#http/answers.ts';
import type { Exchange } from '#http/exchange.ts';
import { dumpFlows } from '#flowcontrol/flow-dump.ts';
import type { FlowControl } from '#flowcontrol/flow-control.ts';
import type { MetricRegistry } from '@skerry/base';
import { methodNotAllowed } from '#resource-handler.ts';
import type { TokenIssuer } from '#security.ts';
import { runsOn } from '#runs-on.ts';

export interface PathParts {
  readonly version: VersionInfo;
  readonly metrics: MetricRegistry;
  /** For `/metrics/slis`. */
  readonly levels: MetricRegistry;
  readonly healthNumbers: HealthNumbers;
  readonly flowControl: FlowControl;
  readonly health: HealthChecks;
  issuer(): TokenIssuer | undefined;
  /** Further Prometheus text. */
  moreMetrics?(): string;
  /** Prometheus text of other processes of this server, by path. */
  readonly metricsPages?: Readonly<Record<string, () => Promise<string>>>;
}

/** Answers the paths that are about the server itself; false for one that is not. */
export function handlePath(parts: PathParts, exchange: Exchange): boolean | Promise<boolean> {
  const { path, method } = exchange;
  if (answerHealth(parts.health, exchange, parts.healthNumbers)) return true;
  if (onlyRead.has(path) && method !== 'GET' && (method !== 'HEAD' || path.startsWith('/version')))
    throw methodNotAllowed();
  switch (path) {
    case '/version':
    case '/version/':
      exchange.send(
        200,
        { 'Content-Type': 'application/json' },
        JSON.stringify(versionDocument(parts.version, runsOn), null, 2),
      );
      return true;
    case '/metrics':
      exchange.send(
        200,
        { 'Content-Type': metricsType },
        parts.metrics.render() + (parts.moreMetrics?.() ?? ''),
      );
      return true;
    case '/metrics/slis':
      exchange.send(200, { 'Content-Type': metricsType }, parts.levels.render());
      return true;
    case '/':
      sendJson(exchange, 200, { paths: rootPaths });
      return true;
    case '/.well-known/openid-configuration':
    case '/openid/v1/jwks': {
      const issuer = parts.issuer();
      if (!issuer) return false;
      const keys = path === '/openid/v1/jwks';
      exchange.setHeader('Cache-Control', 'public, max-age=3600');
      exchange.send(
        200,
        { 'Content-Type': keys ? 'application/jwk-set+json' : 'application/json' },
        JSON.stringify(keys ? issuer.keySet() : issuer.openIdConfiguration()),
      );
      return true;
    }
    default: {
      const page = parts.metricsPages?.[path];
      if (page && Object.hasOwn(parts.metricsPages ?? {}, path)) return sendPage(page, exchange);
      const dump = dumpFlows(parts.flowControl, path, exchange.query);
      if (dump === undefined) return false;
      sendText(exchange, 200, dump);
      return true;
    }
  }
}

async function sendPage(page: () => Promise<string>, exchange: Exchange): Promise<boolean> {
  if (exchange.method !== 'GET' && exchange.method !== 'HEAD') throw methodNotAllowed();
  let text: string;
  try {
    text = await page();
  } catch (cause) {
    throw new ApiError('ServiceUnavailable', 'these numbers can not be had now', { cause });
  }
  exchange.send(200, { 'Content-Type': metricsType }, text);
  return true;
}

const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

const onlyRead: ReadonlySet<string> = new Set([
  '/',
  '/.well-known/openid-configuration',
  '/metrics',
  '/metrics/slis',
  '/openid/v1/jwks',
  '/version',
  '/version/',
]);

const rootPaths = [
  '/.well-known/openid-configuration',
  '/api',
  '/api/v1',
  '/apis',
  '/healthz',
  '/livez',
  '/metrics',
  '/metrics/slis',
  '/openapi/v2',
  '/openapi/v3',
  '/openid/v1/jwks',
  '/readyz',
  '/version',
];
