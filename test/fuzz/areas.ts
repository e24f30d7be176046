/** Everything that is fuzzed, by name. */
import { bodies } from './areas/bodies.ts';
import { definitions } from './areas/definitions.ts';
import { deltas } from './areas/deltas.ts';
import { http2 } from './areas/http2.ts';
import { identity } from './areas/identity.ts';
import { nodeProxies } from './areas/node-proxies.ts';
import { nodeStreams } from './areas/node-streams.ts';
import { objects } from './areas/objects.ts';
import { patches } from './areas/patches.ts';
import { pressure } from './areas/pressure.ts';
import { queries } from './areas/queries.ts';
import { streams } from './areas/streams.ts';
import { tls } from './areas/tls.ts';
import { wire } from './areas/wire.ts';
import type { Probe } from './probe.ts';

export const areas: Readonly<Record<string, readonly Probe[]>> = {
  objects,
  bodies,
  patches,
  definitions,
  queries,
  identity,
  wire,
  http2,
  tls,
  streams,
  nodeStreams,
  nodeProxies,
  deltas,
  pressure,
};
