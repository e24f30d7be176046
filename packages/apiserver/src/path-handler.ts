import { sendJson, sendText } from '#http/answers.ts';
import type { Exchange } from '#http/exchange.ts';
import { dumpFlows } from '#flowcontrol/flow-dump.ts';
import type { FlowControl } from '#flowcontrol/flow-control.ts';
import type { MetricRegistry } from '#metrics/metric-registry.ts';
import type { TokenIssuer } from '#security.ts';

/** What `/version` answers. `gitVersion` carries build metadata, never a pre-release suffix: charts compare versions. */
export interface VersionInfo {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
  readonly platform: string;
}

export interface HealthCheck {
  readonly name: string;
  /** Undefined when well, else one line that says what is wrong. */
  check(): string | undefined;
}

export interface PathParts {
  readonly version: VersionInfo;
  readonly metrics: MetricRegistry;
  readonly flowControl: FlowControl;
  /** Checks of `/readyz`; those of `/livez` and `/healthz` are fewer. */
  readonly ready: readonly HealthCheck[];
  readonly alive: readonly HealthCheck[];
  issuer(): TokenIssuer | undefined;
  /** Further Prometheus text. */
  moreMetrics?(): string;
}

const health = /^\/(healthz|livez|readyz)(?:\/(.+))?$/;

/** Answers the paths that are about the server itself; false for one that is not. */
export function handlePath(parts: PathParts, exchange: Exchange): boolean {
  const { path } = exchange;
  switch (path) {
    case '/version':
    case '/version/':
      sendJson(exchange, 200, versionDocument(parts.version));
      return true;
    case '/metrics':
      exchange.send(
        200,
        { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' },
        parts.metrics.render() + (parts.moreMetrics?.() ?? ''),
      );
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
      const dump = dumpFlows(parts.flowControl, path, exchange.query);
      if (dump !== undefined) {
        sendText(exchange, 200, dump);
        return true;
      }
      const match = health.exec(path);
      return match ? answerHealth(parts, exchange, match[1]!, match[2]) : false;
    }
  }
}

const rootPaths = [
  '/.well-known/openid-configuration',
  '/api',
  '/api/v1',
  '/apis',
  '/healthz',
  '/livez',
  '/metrics',
  '/openapi/v2',
  '/openapi/v3',
  '/openid/v1/jwks',
  '/readyz',
  '/version',
];

function answerHealth(
  parts: PathParts,
  exchange: Exchange,
  which: string,
  single: string | undefined,
): boolean {
  const excluded = new Set(exchange.query.getAll('exclude'));
  const all = which === 'readyz' ? [...parts.alive, ...parts.ready] : parts.alive;
  const chosen =
    single === undefined
      ? all.filter(({ name }) => !excluded.has(name))
      : all.filter(({ name }) => name === single);
  if (single !== undefined && chosen.length === 0) return false;
  const results = chosen.map((each) => ({ name: each.name, fault: each.check() }));
  const failed = results.some(({ fault }) => fault !== undefined);
  if (!failed && !exchange.query.has('verbose')) {
    sendText(exchange, 200, 'ok');
    return true;
  }
  const lines = results.map(({ name, fault }) =>
    fault === undefined ? `[+]${name} ok` : `[-]${name} failed: ${fault}`,
  );
  lines.push(`${which} check ${failed ? 'failed' : 'passed'}`);
  sendText(exchange, failed ? 500 : 200, `${lines.join('\n')}\n`);
  return true;
}

function versionDocument({ major, minor, gitVersion, platform }: VersionInfo): object {
  return {
    major,
    minor,
    emulationMajor: major,
    emulationMinor: minor,
    minCompatibilityMajor: major,
    minCompatibilityMinor: minor,
    gitVersion,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: `node${process.versions.node}`,
    compiler: 'v8',
    platform,
  };
}
