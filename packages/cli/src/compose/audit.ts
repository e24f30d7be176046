import { defaultAuditPolicy, parseAuditPolicy, type SecurityParts } from '@skerry/apiserver';
import { type Clock, type Logger, SkerryError } from '@skerry/base';
import { createHttpTransport, loadKubeconfig } from '@skerry/client';
import { AuditLogWriter, type AuditLogOptions, type AuditOutput } from '#audit/audit-log.ts';
import { allSinks } from '#audit/all-sinks.ts';
import { AuditWebhook, type AuditWebhookOptions } from '#audit/audit-webhook.ts';
import { RotatedFile } from '#audit/rotated-file.ts';
import type { Truncation } from '#audit/truncation.ts';
import { descriptorOutput, parentOutput } from '#audit/standard-output.ts';
import { readConfigurationFile } from './configuration-file.ts';
import type { ServerConfig } from './server-config.ts';

export interface AuditParts {
  readonly audit: NonNullable<SecurityParts['audit']>;
  close(): Promise<void>;
}

const megabyte = 1024 * 1024;

/** The audit log that the configuration names; undefined where it names none. Fails with `config-invalid`. */
export async function openAudit(
  config: ServerConfig,
  parts: { readonly clock: Clock; readonly log: Logger; readonly random: () => number },
): Promise<AuditParts | undefined> {
  const { auditLogPath, auditWebhookConfigFile, auditPolicyFile } = config;
  if (auditLogPath === undefined && auditWebhookConfigFile === undefined) return undefined;
  const policy =
    auditPolicyFile === undefined
      ? defaultAuditPolicy
      : parseAuditPolicy(readConfigurationFile(auditPolicyFile, '--audit-policy-file'), auditPolicyFile);
  const log =
    auditLogPath === undefined
      ? []
      : [new AuditLogWriter(await openOutput(auditLogPath, config, parts.clock), logOptions(config), parts)];
  const webhook =
    auditWebhookConfigFile === undefined ? [] : [await openWebhook(auditWebhookConfigFile, config, parts)];
  const sinks = [...log, ...webhook];
  return {
    audit: { policy, sink: allSinks(sinks) },
    async close() {
      await Promise.all(sinks.map((sink) => sink.close()));
    },
  };
}

function logOptions(config: ServerConfig): AuditLogOptions {
  return {
    mode: config.auditLogMode ?? 'batch',
    bufferSize: config.auditLogBatchBufferSize ?? 10_000,
    ...truncationOf({
      enabled: config.auditLogTruncateEnabled,
      eventBytesMax: config.auditLogTruncateMaxEventSize,
      batchBytesMax: config.auditLogTruncateMaxBatchSize,
    }),
  };
}

/** The sizes are those of kube-apiserver unless told. */
function truncationOf(told: {
  readonly enabled: boolean | undefined;
  readonly eventBytesMax: number | undefined;
  readonly batchBytesMax: number | undefined;
}): { readonly truncation?: Truncation } {
  if (!told.enabled) return {};
  const { eventBytesMax = 100 * 1024, batchBytesMax = 10 * megabyte } = told;
  if (eventBytesMax > batchBytesMax)
    throw new SkerryError(
      'config-invalid',
      `audit events of ${eventBytesMax} bytes do not fit into batches of ${batchBytesMax}`,
    );
  return { truncation: { eventBytesMax, batchBytesMax } };
}

async function openWebhook(
  file: string,
  config: ServerConfig,
  parts: { readonly clock: Clock; readonly log: Logger; readonly random: () => number },
): Promise<AuditWebhook> {
  const throttled = config.auditWebhookBatchThrottleEnable ?? true;
  const throttle = {
    perSecond: config.auditWebhookBatchThrottleQps ?? 10,
    burst: config.auditWebhookBatchThrottleBurst ?? 15,
  };
  const options: AuditWebhookOptions = {
    mode: config.auditWebhookMode ?? 'batch',
    bufferSize: config.auditWebhookBatchBufferSize ?? 10_000,
    batchMaxSize: config.auditWebhookBatchMaxSize ?? 400,
    batchMaxWaitMs: (config.auditWebhookBatchMaxWait ?? 30) * 1000,
    initialBackoffMs: (config.auditWebhookInitialBackoff ?? 10) * 1000,
    ...(throttled ? { throttle } : {}),
    ...truncationOf({
      enabled: config.auditWebhookTruncateEnabled,
      eventBytesMax: config.auditWebhookTruncateMaxEventSize,
      batchBytesMax: config.auditWebhookTruncateMaxBatchSize,
    }),
  };
  const kubeconfig = await loadKubeconfig(file);
  const transport = createHttpTransport({ ...kubeconfig, clock: parts.clock });
  // A server at a path is asked at that path, as it stands there.
  const path = URL.parse(kubeconfig.server)?.pathname === '/' ? '/' : '';
  return new AuditWebhook(options, { ...parts, transport, path });
}

async function openOutput(path: string, config: ServerConfig, clock: Clock): Promise<AuditOutput> {
  if (path === '-') return descriptorOutput(parentOutput);
  try {
    return await RotatedFile.open(path, {
      sizeMax: (config.auditLogMaxsize ?? 100) * megabyte,
      backupsMax: config.auditLogMaxbackup ?? 10,
      ageMaxDays: config.auditLogMaxage ?? 30,
      compresses: config.auditLogCompress ?? false,
      clock,
    });
  } catch (cause) {
    throw new SkerryError(
      'config-invalid',
      `cannot write the audit log ${path}; check path and permissions`,
      {
        cause,
      },
    );
  }
}
