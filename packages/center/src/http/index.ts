export type { Caller, SessionEnd, SignInMethod } from '#http/caller.ts';
export * from '#http/route.ts';
export type { AuditRecord, AuditSink, Credentials, Gate } from '#http/gate.ts';
export { startCenterServer, type CenterServer, type CenterServerOptions } from '#http/server.ts';
export { StaticFiles } from '#http/static-files.ts';
