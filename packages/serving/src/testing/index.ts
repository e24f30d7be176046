export { PodFeed, podKind } from './pod-feed.ts';
export { RecordingSink } from './recording-sink.ts';
