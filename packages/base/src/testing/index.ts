export { FakeClock } from './fake-clock.ts';
export { recordingLogger, type LogLine } from './recording-logger.ts';
export { eventually } from './eventually.ts';
