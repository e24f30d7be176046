export { FakeApiClient, type FakeRequest } from './fake-api-client.ts';
export { recordingEvents } from './recording-events.ts';
