import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { SkerryError } from '@skerry/base';
import { heartbeatMsDefault, heartbeatMsMax, heartbeatMsMin } from '@skerry/link';
import * as z from 'zod';
import { rangesFault, rangesOverlap, type PrefixLengths } from './ranges.ts';

/**
 * What a center is started with. Kept as `server/config.json` of the data directory after the first start, so that a later
 * start without flags finds the same cluster; network ranges can't be changed once machines have joined.
 */
export interface ServerConfig {
  readonly clusterName: string;
  readonly listenAddress: string;
  readonly port: number;
  /** Addresses and names, besides loopback and the listening address, that clients and machines reach the center by. */
  readonly advertise: readonly string[];
  /** One of IPv4, or one of each family with a comma between: the second may come later. */
  readonly clusterCidr: string;
  readonly serviceCidr: string;
  readonly clusterDomain: string;
  /** Paths of configuration files, absolute; unset: the defaults of this server. */
  readonly encryptionProviderConfig?: string;
  readonly encryptionProviderConfigAutomaticReload?: boolean;
  /** Between 0 and 0.02; 0 unless told. */
  readonly goawayChance?: number;
  readonly auditPolicyFile?: string;
  /** `-`: the standard output; unset: no audit log. */
  readonly auditLogPath?: string;
  /** Days, files and megabytes; 0: without bound. */
  readonly auditLogMaxage?: number;
  readonly auditLogMaxbackup?: number;
  readonly auditLogMaxsize?: number;
  /** Backups below the data directory: so many of each cluster, and days; 0: without bound. */
  readonly backupsKeep?: number;
  readonly backupsMaxAge?: number;
  /** Whether files that were put aside are compressed. */
  readonly auditLogCompress?: boolean;
  readonly auditLogMode?: 'batch' | 'blocking' | 'blocking-strict';
  readonly auditLogBatchBufferSize?: number;
  /** Bytes of an event, and of what is written or sent at once. */
  readonly auditLogTruncateEnabled?: boolean;
  readonly auditLogTruncateMaxEventSize?: number;
  readonly auditLogTruncateMaxBatchSize?: number;
  readonly auditLogVersion?: string;
  readonly auditLogFormat?: string;
  /** A kubeconfig that says where events are sent. */
  readonly auditWebhookConfigFile?: string;
  readonly auditWebhookMode?: 'batch' | 'blocking' | 'blocking-strict';
  readonly auditWebhookBatchBufferSize?: number;
  readonly auditWebhookBatchMaxSize?: number;
  /** Seconds. */
  readonly auditWebhookBatchMaxWait?: number;
  readonly auditWebhookBatchThrottleEnable?: boolean;
  readonly auditWebhookBatchThrottleQps?: number;
  readonly auditWebhookBatchThrottleBurst?: number;
  /** Seconds. */
  readonly auditWebhookInitialBackoff?: number;
  readonly auditWebhookTruncateEnabled?: boolean;
  readonly auditWebhookTruncateMaxEventSize?: number;
  readonly auditWebhookTruncateMaxBatchSize?: number;
  readonly auditWebhookVersion?: string;
  /** The first is that of new tokens, which are for it unless told; tokens of the others are accepted too. */
  readonly serviceAccountIssuer?: readonly string[];
  readonly serviceAccountJwksUri?: string;
  readonly authenticationConfig?: string;
  /** One issuer of users' tokens, as the flags of the same names have it. */
  readonly oidcIssuerUrl?: string;
  readonly oidcClientId?: string;
  readonly oidcUsernameClaim?: string;
  readonly oidcUsernamePrefix?: string;
  readonly oidcGroupsClaim?: string;
  readonly oidcGroupsPrefix?: string;
  readonly oidcRequiredClaim?: Readonly<Record<string, string>>;
  readonly oidcSigningAlgs?: readonly string[];
  readonly oidcCaFile?: string;
  /** Seconds, and a share of the target: as kube-controller-manager's flags of these names have them. */
  readonly horizontalPodAutoscalerSyncPeriod?: number;
  readonly horizontalPodAutoscalerDownscaleStabilization?: number;
  readonly horizontalPodAutoscalerCpuInitializationPeriod?: number;
  readonly horizontalPodAutoscalerInitialReadinessDelay?: number;
  readonly horizontalPodAutoscalerTolerance?: number;
  /** Where the console is served: as the API is, port 8443, unless told. Port 0: any free one. */
  readonly consoleAddress?: string;
  readonly consolePort?: number;
  /** Addresses and ranges that imported clusters may be at although they are loopback, link-local or the like. */
  readonly importAllow?: readonly string[];
  /** A KubeSchedulerConfiguration. */
  readonly schedulerConfig?: string;
  /** Seconds: how often nodes are looked at, and after what silence they are Unknown. */
  readonly nodeMonitorPeriod?: number;
  readonly nodeMonitorGracePeriod?: number;
  /** Seconds between two pings of a link. */
  readonly linkHeartbeatPeriod?: number;
  /** Nodes of a zone that may be emptied in a second, while the zone is well and while most of it is silent. */
  readonly nodeEvictionRate?: number;
  readonly secondaryNodeEvictionRate?: number;
  /** Nodes that make a zone large. */
  readonly largeClusterSizeThreshold?: number;
  /** Share of silent nodes from which a zone is not well. */
  readonly unhealthyZoneThreshold?: number;
  /** Where images of components are pulled from instead of where they come from. */
  readonly registry?: string;
}

const nodeMonitorGraceSeconds = 50;
const heartbeatsInGrace = 2.5;

/** What nodes' ranges of 64 bits, at most 65,536 of them, are cut out of. */
const podPrefixes = { min: 48, max: 64 };
const servicePrefixes = { min: 64, max: 124 };

function cidrs(sixth: PrefixLengths) {
  return z.string().superRefine((value, context) => {
    const message = rangesFault(value, sixth);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
}

/** Empty: back to the default. Relative to where the command was given. */
const filePath = z
  .string()
  .transform((value) => (value === '' ? undefined : value === '-' ? value : resolve(value)))
  .optional();

/** Empty: back to the default. */
const word = z
  .string()
  .transform((value) => value || undefined)
  .optional();

const number = z.int().min(1).max(1_000_000).optional();

const bytes = z
  .int()
  .min(1)
  .max(1024 * 1024 * 1024)
  .optional();

const bound = z.int().min(0).max(1_000_000).optional();

const schema = z.strictObject({
  clusterName: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$/, 'must have 1 to 63 letters, digits, - and _'),
  listenAddress: z.string().refine((value) => isIP(value) !== 0, 'must be an IP address'),
  port: z.int().min(1).max(65535),
  advertise: z.array(z.string().refine(isAddressOrName, 'must be an IP address or a DNS name')).max(32),
  clusterCidr: cidrs(podPrefixes),
  serviceCidr: cidrs(servicePrefixes),
  clusterDomain: z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,60}[a-z0-9])?$/),
  encryptionProviderConfig: filePath,
  encryptionProviderConfigAutomaticReload: z.boolean().optional(),
  goawayChance: z
    .number()
    .min(0, 'goaway-chance can not be less than 0 or greater than 0.02')
    .max(0.02, 'goaway-chance can not be less than 0 or greater than 0.02')
    .optional(),
  auditPolicyFile: filePath,
  auditLogPath: filePath,
  auditLogMaxage: bound,
  auditLogMaxbackup: bound,
  auditLogMaxsize: bound,
  backupsKeep: bound,
  backupsMaxAge: bound,
  auditLogCompress: z.boolean().optional(),
  auditLogMode: z.enum(['batch', 'blocking', 'blocking-strict']).optional(),
  auditLogBatchBufferSize: number,
  auditLogTruncateEnabled: z.boolean().optional(),
  auditLogTruncateMaxEventSize: bytes,
  auditLogTruncateMaxBatchSize: bytes,
  auditLogVersion: z.literal('audit.k8s.io/v1').optional(),
  auditLogFormat: z.literal('json').optional(),
  auditWebhookConfigFile: filePath,
  auditWebhookMode: z.enum(['batch', 'blocking', 'blocking-strict']).optional(),
  auditWebhookBatchBufferSize: number,
  auditWebhookBatchMaxSize: number,
  auditWebhookBatchMaxWait: z.number().positive().max(3600).optional(),
  auditWebhookBatchThrottleEnable: z.boolean().optional(),
  auditWebhookBatchThrottleQps: z.number().positive().max(1_000_000).optional(),
  auditWebhookBatchThrottleBurst: number,
  auditWebhookInitialBackoff: z.number().positive().max(3600).optional(),
  auditWebhookTruncateEnabled: z.boolean().optional(),
  auditWebhookTruncateMaxEventSize: bytes,
  auditWebhookTruncateMaxBatchSize: bytes,
  auditWebhookVersion: z.literal('audit.k8s.io/v1').optional(),
  serviceAccountIssuer: z.array(z.string().min(1)).max(16).optional(),
  serviceAccountJwksUri: z
    .string()
    .refine((value) => value === '' || URL.parse(value)?.protocol === 'https:', 'must be an https URL')
    .transform((value) => value || undefined)
    .optional(),
  authenticationConfig: filePath,
  oidcIssuerUrl: word,
  oidcClientId: word,
  oidcUsernameClaim: word,
  oidcUsernamePrefix: word,
  oidcGroupsClaim: word,
  oidcGroupsPrefix: word,
  oidcRequiredClaim: z.record(z.string(), z.string()).optional(),
  oidcSigningAlgs: z.array(z.string()).optional(),
  oidcCaFile: filePath,
  horizontalPodAutoscalerSyncPeriod: z.number().min(1).max(3600).optional(),
  horizontalPodAutoscalerDownscaleStabilization: z.number().min(0).max(3600).optional(),
  horizontalPodAutoscalerCpuInitializationPeriod: z.number().min(0).max(3600).optional(),
  horizontalPodAutoscalerInitialReadinessDelay: z.number().min(0).max(3600).optional(),
  horizontalPodAutoscalerTolerance: z.number().min(0).max(1).optional(),
  consoleAddress: z
    .string()
    .refine((value) => isIP(value) !== 0, 'must be an IP address')
    .optional(),
  consolePort: z.int().min(0).max(65535).optional(),
  registry: z
    .string()
    .regex(/^([a-z0-9][a-z0-9.:/_-]{0,200})?$/, 'must be like registry.example.com/mirror')
    .transform((value) => value || undefined)
    .optional(),
  schedulerConfig: filePath,
  nodeMonitorPeriod: z.number().min(1).max(60).optional(),
  nodeMonitorGracePeriod: z.number().min(1).max(3600).optional(),
  linkHeartbeatPeriod: z
    .number()
    .min(heartbeatMsMin / 1000)
    .max(heartbeatMsMax / 1000)
    .optional(),
  nodeEvictionRate: z.number().min(0).max(1000).optional(),
  secondaryNodeEvictionRate: z.number().min(0).max(1000).optional(),
  largeClusterSizeThreshold: bound,
  unhealthyZoneThreshold: z.number().min(0).max(1).optional(),
  importAllow: z
    .array(
      z
        .string()
        .refine((value) => isIP(value.split('/')[0] ?? '') !== 0, 'must be an IP address or a range of them'),
    )
    .max(64)
    .optional(),
});

export const serverConfigDefaults: ServerConfig = {
  clusterName: 'default',
  listenAddress: '0.0.0.0',
  port: 6443,
  advertise: [],
  clusterCidr: '10.12.0.0/16',
  serviceCidr: '10.96.0.0/16',
  clusterDomain: 'cluster.local',
};

/**
 * Checks a config of a file, with the flags that were laid over it. Fails with `config-invalid`, naming each bad field: by its
 * flag where it was given as one, else by `file`.
 */
export function parseServerConfig(
  value: unknown,
  { file, flags = {} }: { readonly file: string; readonly flags?: Readonly<Record<string, unknown>> },
): ServerConfig {
  const result = schema.safeParse(value);
  if (!result.success) {
    const faults = result.error.issues.map(({ path, message }) => {
      const field = String(path[0] ?? '');
      return flags[field] === undefined
        ? `${file}: ${path.join('.') || 'the file'}: ${message}`
        : `${flagOf(field)} ${given(flags[field])}: ${message}`;
    });
    throw new SkerryError('config-invalid', faults.join('; '));
  }
  const config = result.data;
  const fault = overlapOf(config) ?? graceFaultOf(config);
  if (fault === undefined) return config;
  const isOfFlags = fault.fields.some((field) => flags[field] !== undefined);
  throw new SkerryError('config-invalid', isOfFlags ? fault.message : `${file}: ${fault.message}`);
}

/** `goawayChance`: `--goaway-chance`. */
export function flagOf(field: string): string {
  return `--${field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function given(value: unknown): string {
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? value.join(',') : JSON.stringify(value);
}

/** Of several fields together. */
interface Fault {
  readonly fields: readonly (keyof ServerConfig)[];
  readonly message: string;
}

function overlapOf({ clusterCidr, serviceCidr }: ServerConfig): Fault | undefined {
  if (!rangesOverlap(clusterCidr, serviceCidr)) return undefined;
  return {
    fields: ['clusterCidr', 'serviceCidr'],
    message: `the pod range ${clusterCidr} (--cluster-cidr) overlaps the service range ${serviceCidr} (--service-cidr); choose ranges apart`,
  };
}

/** One lost ping, and one that comes late, must not make a node Unknown whose link is well. */
function graceFaultOf({
  linkHeartbeatPeriod: heartbeat = heartbeatMsDefault / 1000,
  nodeMonitorGracePeriod: grace = nodeMonitorGraceSeconds,
}: Partial<ServerConfig>): Fault | undefined {
  const least = heartbeatsInGrace * heartbeat;
  if (grace >= least) return undefined;
  return {
    fields: ['linkHeartbeatPeriod', 'nodeMonitorGracePeriod'],
    message: `a grace period of ${grace} s (--node-monitor-grace-period) is too short for heartbeats every ${heartbeat} s (--link-heartbeat-period): it must be ${least} s at least`,
  };
}

function isAddressOrName(value: string): boolean {
  return isIP(value) !== 0 || (value.length <= 253 && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(value));
}
