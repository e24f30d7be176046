export * from './transport.ts';
export * from './rest.ts';
export { createClient, patchContentTypes, type ClientOptions } from './client.ts';
export { createHttpTransport, type HttpTransportOptions } from './http-transport.ts';
export { createHttp2SessionTransport } from './session-transport.ts';
export { createUnixTransport } from './http1-transport.ts';
export { countRequests } from './counted-transport.ts';
export { createRateLimiter, type RateLimiter } from './rate-limiter.ts';
export { resourcePath } from './resource-path.ts';
export {
  kubeconfigText,
  loadKubeconfig,
  parseKubeconfig,
  writeKubeconfig,
  type KubeconfigContext,
  type KubeconfigEntry,
} from './kubeconfig.ts';
export { parseForeignKubeconfig, type ForeignKubeconfig } from './foreign-kubeconfig.ts';
export {
  Reflector,
  keyOf,
  type ReflectorOptions,
  type ReflectorScope,
  type ReflectorSink,
} from './reflector.ts';
export { ObjectStore, type IndexFunction } from './object-store.ts';
export {
  Informer,
  InformerFactory,
  stripManagedFields,
  type InformerFactoryOptions,
  type InformerHandler,
  type InformerOptions,
  type Lister,
} from './informer.ts';
export { resources } from './resources.ts';
export { LeadershipLostError, runAsLeader, type LeaderElectionOptions } from './leader-election.ts';
export {
  ApiEventRecorder,
  clusterEventQueueMax,
  type EventRecorder,
  type EventRecorderOptions,
  type RecordedEvent,
} from './event-recorder.ts';
