export { IngressProxy, type IngressProxyOptions } from './ingress-proxy.ts';
export type { ServedPorts } from './sources/table-builder.ts';
