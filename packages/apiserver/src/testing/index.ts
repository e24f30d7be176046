export {
  dialerTo,
  dialLoopback,
  serviceObjects,
  startExtensionServer,
  type ExtensionServer,
} from './extension-server.ts';
export { AccountRights, accountsWithOwnRights, doubledRights } from './account-rights.ts';
export { callerOf, type Caller, type CallResult } from './caller.ts';
export { startTestServer, type TestServer, type TestServerOptions } from './start-test-server.ts';
