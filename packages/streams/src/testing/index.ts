/** A WebSocket client for tests: ours only serves. */
export { createWebSocketStream, WebSocket } from 'ws';
