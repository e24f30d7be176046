export * from './ports.ts';
export * from './security.ts';
export type { ConnectFactory, ConnectHandler, ConnectRequest } from './connect.ts';
export type { Exchange, ResponseStream } from './http/exchange.ts';
export { requestInfo, type PathRequest, type RequestInfo, type ResourceRequest } from './request-info.ts';
export { createSecurity, type SecurityOptions } from './security-parts.ts';
export type { StaticToken } from './authn/authenticator.ts';
export { createApiServer, defaultVersion, type ApiServer, type ApiServerOptions } from './api-server.ts';
export type { VersionInfo } from './path-handler.ts';
