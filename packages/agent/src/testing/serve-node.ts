/** Serves the node's HTTP API of a containerd on a Unix socket: `serve-node.ts CONTAINERD_SOCKET LISTEN_PATH`. */
import { silentLogger, systemClock } from '@skerry/base';
import { createCriRuntime } from '#cri/client.ts';
import { createNodeServer } from '#server/node-server.ts';
import { createRuntimePodLookup } from '#server/runtime-pods.ts';
import { createStatsSource } from '#stats/stats-source.ts';

const [socket = '', path = ''] = process.argv.slice(2);
const runtime = createCriRuntime({ socket });
createNodeServer({
  pods: createRuntimePodLookup(runtime),
  runtime,
  stats: createStatsSource({ runtime, nodeName: 'n1', clock: systemClock, dataDirectory: '/' }),
  clock: systemClock,
  log: silentLogger,
}).listen(path);
