import type { Clock } from '@skerry/base';
import type { ClusterAccess } from '#access/cluster-access.ts';
import { paths } from '#contract/index.ts';
import type { SocketRoute } from '#http/route.ts';
import { execPath, execQueryFrom } from '#terminal/exec-query.ts';
import { ExecSession } from '#terminal/exec-session.ts';
import { openWebSocket } from '#terminal/open-exec.ts';

const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const shells = [['bash'], ['sh'], ['ash']];
const idleMaxMs = 30 * 60_000;
const messageBytesMax = 1 << 20;

export function execRoute({ access, clock }: { access: ClusterAccess; clock: Clock }): SocketRoute {
  return {
    pattern: paths.exec(':cluster'),
    action: 'open a terminal',
    protocols,
    messageBytesMax,
    stepUp: true,
    needs({ query: parameters }) {
      const { namespace, pod } = execQueryFrom(parameters);
      return { verb: 'create', group: '', resource: 'pods', subresource: 'exec', namespace, name: pod };
    },
    open: async (browser, caller, { params, query: parameters, audit }) => {
      const { cluster = '' } = params;
      const query = execQueryFrom(parameters);
      audit.object = `pods/${query.namespace}/${query.pod}`;
      const ended = new AbortController();
      browser.once('close', () => ended.abort());
      const session = new ExecSession({
        browser,
        commands: query.command ? [query.command] : shells,
        open: async (command) =>
          openWebSocket(await access.dial(caller, cluster, ended.signal), {
            path: execPath(query, command),
            protocol: browser.protocol || protocols[0]!,
          }),
        idleMaxMs,
        clock,
      });
      await session.run();
    },
  };
}
