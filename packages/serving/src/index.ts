export type {
  Answer,
  CacheEvent,
  CachedObject,
  ConvertedObjects,
  Decode,
  Encoder,
  Scope,
  ServedKind,
  Sink,
  SourceEntry,
  SourceEvent,
} from './contract.ts';
export { answerItem, answerObject, answerStatus, compress, listAnswer, pretty, sendBody } from './answer.ts';
export { decodeJson, itemOf, spliceResourceVersion } from './cache/cached-entry.ts';
export { tooOldResourceVersion } from './cache/history.ts';
export { RevisionProgress, tooLargeResourceVersion } from './cache/revision-progress.ts';
export { WatchCache, type WatchCacheOptions } from './cache/watch-cache.ts';
export { DeltaError, HeldObjects, plainLines } from './delta/delta-decoder.ts';
export { deltaWatchType } from './delta/delta-frame.ts';
export { encodersFor, type EncoderOptions, type EncoderSet, type MetaVersion } from './encode/encoder-set.ts';
export { apiVersionOf, jsonEncoder, objectForm, partialForm, type JsonForm } from './encode/json-encoder.ts';
export { negotiate, negotiateStatus, parseAccept, type MediaClause, type Shape } from './encode/negotiate.ts';
export { yamlText } from './encode/yaml-encoder.ts';
export type { IncludeObject } from './encode/table-encoder.ts';
export { decodeContinueToken, encodeContinueToken, type ContinueToken } from './list/continue-token.ts';
export { parseListOptions, resourceVersionOf, type ListOptions } from './list/list-options.ts';
export { get, list, selectedItems, waitUntilFresh, type Freshness, type ListRequest } from './list/list.ts';
export { WatchMemory } from './watch/watch-memory.ts';
export { watch, type WatchObserver, type WatchRequest, type WatchStream } from './watch/watch.ts';
export { readSignedClaims, tokenKeysOf, type TokenKey } from './token/jwt.ts';
export {
  TokenVerifier,
  verifyServiceAccountToken,
  type ServiceAccountIdentity,
  type TokenFault,
  type TokenRules,
  type TokenVerdict,
} from './token/service-account-token.ts';
export { fieldByPath } from '#cache/selection.ts';
