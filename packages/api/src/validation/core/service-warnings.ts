import type { Service } from '#types.generated.ts';
import { addressWarnings, networkWarnings } from '#validation/addresses.ts';

const hintsAnnotation = 'service.kubernetes.io/topology-aware-hints';
const modeAnnotation = 'service.kubernetes.io/topology-mode';

/** What a Service has that is ignored, or will be. */
export function serviceWarnings({ metadata, spec = {} }: Service): string[] {
  const { type, clusterIP, clusterIPs = [], externalIPs = [], loadBalancerIP = '' } = spec;
  const headless = clusterIPs.length === 1 && clusterIPs[0] === 'None';
  const external = externalIPs.length > 0;
  const warnings: string[] = [];
  const when = (condition: boolean, text: string): void => {
    if (condition) warnings.push(text);
  };
  when(
    metadata.annotations?.[hintsAnnotation] !== undefined,
    `annotation ${hintsAnnotation} is deprecated, please use ${modeAnnotation} instead`,
  );
  if (clusterIP && clusterIP !== 'None')
    for (const [index, ip] of clusterIPs.entries())
      warnings.push(...addressWarnings(`spec.clusterIPs[${index}]`, ip));
  when(headless && loadBalancerIP !== '', 'spec.loadBalancerIP is ignored for headless services');
  when(headless && external, 'spec.externalIPs is ignored for headless services');
  when(headless && spec.sessionAffinity !== 'None', 'spec.SessionAffinity is ignored for headless services');
  for (const [index, ip] of externalIPs.entries())
    warnings.push(...addressWarnings(`spec.externalIPs[${index}]`, ip));
  when(
    external && !headless && type !== 'ExternalName',
    'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
  );
  if (loadBalancerIP) warnings.push(...addressWarnings('spec.loadBalancerIP', loadBalancerIP));
  for (const [index, cidr] of (spec.loadBalancerSourceRanges ?? []).entries())
    warnings.push(...networkWarnings(`spec.loadBalancerSourceRanges[${index}]`, cidr));
  when(type === 'ExternalName' && external, 'spec.externalIPs is ignored when spec.type is "ExternalName"');
  when(
    type !== 'ExternalName' && !!spec.externalName,
    'spec.externalName is ignored when spec.type is not "ExternalName"',
  );
  when(
    spec.trafficDistribution === 'PreferClose',
    'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
  );
  return warnings;
}
