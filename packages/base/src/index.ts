export { AssertionError, assert, unreachable } from './assert.ts';
export { AsyncQueue } from './async-queue.ts';
export { Backoff, type BackoffOptions } from './backoff.ts';
export { sleep, systemClock, type Clock, type Timer } from './clock.ts';
export { SkerryError, describeError } from './errors.ts';
export { firstIndex } from './first-index.ts';
export { silentLogger, type Fields, type Level, type Logger } from './logger.ts';
export {
  MetricRegistry,
  type Counter,
  type Family,
  type Gauge,
  type Histogram,
  type Sampled,
} from './metric-registry.ts';
export { isRecord } from './record.ts';
export { shortBytes } from './short-bytes.ts';
export { supervise, type Service } from './service.ts';
export { Waiters } from './waiters.ts';
