import type { AnyObject } from '@skerry/api';
import type { Family } from '#allocation/network.ts';

export interface ServicePort {
  name?: string;
  port?: number;
  protocol?: string;
  nodePort?: number;
}

/** What is allocated for a Service, and what that depends on. */
export interface ServiceSpec {
  type?: string;
  selector?: Record<string, string>;
  clusterIP?: string;
  clusterIPs?: string[];
  ipFamilies?: Family[];
  ipFamilyPolicy?: string;
  ports?: ServicePort[];
  healthCheckNodePort?: number;
  externalTrafficPolicy?: string;
  allocateLoadBalancerNodePorts?: boolean;
}

/** The object's spec, made when missing. */
export function specOf(service: AnyObject): ServiceSpec {
  return (service.spec ??= {}) as ServiceSpec;
}

/** Its addresses; a headless Service, and one that is only a name, has none. */
export function addressesOf({ clusterIP, clusterIPs }: ServiceSpec): string[] {
  const texts = clusterIPs?.length ? clusterIPs : clusterIP ? [clusterIP] : [];
  return texts[0] === 'None' ? [] : texts.filter((text) => text !== '');
}

export function sameList(a: readonly string[] = [], b: readonly string[] = []): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
