import type { Clock, Logger } from '@skerry/base';
import { paths } from '#contract/index.ts';
import { statusOf } from '#http/answer.ts';
import type { SocketRoute } from '#http/route.ts';
import { LiveSession } from '#live/live-session.ts';
import { Pacer } from '#live/pacer.ts';
import type { ViewService } from '#views/view-service.ts';

export function liveRoute({
  views,
  clock,
  log,
}: {
  views: ViewService;
  clock: Clock;
  log: Logger;
}): SocketRoute {
  const pacer = new Pacer(clock);
  return {
    pattern: paths.live,
    action: 'watch views',
    open: async (socket, caller) => {
      const session = new LiveSession({
        socket,
        caller,
        views,
        statusOf: (error) => statusOf(error, log, 'live view'),
        pacer,
        clock,
      });
      socket.on('message', (data: Buffer, isBinary: boolean) => {
        if (isBinary) socket.close(1003, 'only text');
        else session.receive(data.toString('utf8'));
      });
      socket.once('close', () => session.close());
    },
  };
}
