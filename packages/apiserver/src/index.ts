export * from './ports.ts';
export * from './security.ts';
export type { AuditEvent, AuditSink } from './audit/audit-event.ts';
export type { AuditAnnotations } from './audit/audit-notes.ts';
export { AuditPolicy, defaultAuditPolicy } from './audit/policy.ts';
export { parseAuditPolicy } from './audit/policy-file.ts';
export type { ConnectFactory, ConnectHandler, ConnectRequest } from './connect.ts';
export type { Exchange, ResponseStream } from './http/exchange.ts';
export { requestInfo, type PathRequest, type RequestInfo, type ResourceRequest } from './request-info.ts';
export {
  issuerOfFlags,
  parseAuthenticationConfiguration,
  type AuthenticationSettings,
  type OidcFlags,
} from './oidc/configuration.ts';
export { createSecurity, type FollowedAuthentication, type SecurityOptions } from './security-parts.ts';
export type { StaticToken } from './authn/authenticator.ts';
export {
  type ConnectKms,
  type KmsSettings,
  parseEncryptionConfiguration,
} from './encryption/configuration.ts';
export type { KmsPlugin, KmsStatus, WrappedKey } from './encryption/kms-plugin.ts';
export { KmsProvider } from './encryption/kms-provider.ts';
export type { InstallationKey } from './encryption/envelope.ts';
export { StorageEncryption } from './encryption/storage-encryption.ts';
export { createApiServer, type ApiServer, type ApiServerOptions } from './api-server.ts';
export { createConnectFactory } from './proxy/connect-handler.ts';
export type { MetricsSource, NodeUsage, PodUsage, Usage } from './metrics-api/metrics-source.ts';
