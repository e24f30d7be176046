export type {
  Answer,
  CacheEvent,
  CachedObject,
  Decode,
  Encoder,
  Scope,
  ServedKind,
  Sink,
  SourceEntry,
  SourceEvent,
} from './contract.ts';
