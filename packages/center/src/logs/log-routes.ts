import type { Clock } from '@skerry/base';
import type { ClusterAccess } from '#access/cluster-access.ts';
import { paths, type LogFrame } from '#contract/index.ts';
import { openStream } from '#cache/api-stream.ts';
import type { Route, SocketRoute } from '#http/route.ts';
import { logPath, logSources } from '#logs/log-sources.ts';
import { logsQueryFrom, type CheckedLogsQuery } from '#logs/logs-query.ts';
import { streamLogs } from '#logs/log-session.ts';

interface LogRouteOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
}

export function logSocketRoute({ access, clock }: LogRouteOptions): SocketRoute {
  return {
    pattern: paths.logs(':cluster'),
    action: 'read logs',
    needs({ query: parameters }) {
      const { namespace, pod } = logsQueryFrom(parameters);
      const question = { verb: 'get', group: '', resource: 'pods', subresource: 'log', namespace };
      return pod === undefined ? question : { ...question, name: pod };
    },
    open: async (socket, caller, { params, query: parameters, audit }) => {
      const { cluster = '' } = params;
      const query = logsQueryFrom(parameters);
      audit.object = objectOf(query);
      const ended = new AbortController();
      socket.once('close', () => ended.abort());
      const client = access.as(caller, cluster);
      const transport = access.transport(caller, cluster);
      await streamLogs(
        {
          query,
          client,
          transport,
          send: (frame: LogFrame) =>
            new Promise((resolve, reject) =>
              socket.send(JSON.stringify(frame), (error) => (error ? reject(error) : resolve())),
            ),
          clock,
        },
        ended.signal,
      );
      socket.close(1000, 'the logs have ended');
    },
  };
}

/** The same logs as a file, each container after the other. */
export function logDownloadRoute({ access }: LogRouteOptions): Route {
  return {
    method: 'GET',
    pattern: paths.logs(':cluster'),
    action: 'download logs',
    handle: async ({ caller, params, query: parameters, signal, audit }) => {
      const { cluster = '' } = params;
      const query = { ...logsQueryFrom(parameters), follow: false };
      audit.object = objectOf(query);
      audit.keep = true;
      const client = access.as(caller, cluster);
      const transport = access.transport(caller, cluster);
      const sources = await logSources(client, query);
      const [first, ...others] = sources;
      // The first is opened before the answer begins, so that a refusal is one.
      const opened =
        first &&
        (await openStream(transport, { path: logPath(first, query), headers: { accept: '*/*' }, signal }));
      return {
        status: 200,
        headers: {
          'content-type': 'text/plain; charset=utf-8',
          'content-disposition': `attachment; filename="${query.pod ?? 'logs'}.log"`,
        },
        body: text(),
      };

      async function* text(): AsyncGenerator<Uint8Array> {
        if (!first || !opened) return;
        if (others.length > 0) yield heading(first.name);
        yield* opened.body;
        for (const source of others) {
          yield heading(source.name);
          const next = await openStream(transport, {
            path: logPath(source, query),
            headers: { accept: '*/*' },
            signal,
          });
          yield* next.body;
        }
      }
    },
  };
}

function heading(source: string): Uint8Array {
  return Buffer.from(`==> ${source} <==\n`);
}

function objectOf({ namespace, pod, selector }: CheckedLogsQuery): string {
  return pod === undefined ? `pods/${namespace}?${selector}` : `pods/${namespace}/${pod}`;
}
