import { defaultAuditPolicy, parseAuditPolicy, type SecurityParts } from '@skerry/apiserver';
import { type Clock, type Logger, SkerryError } from '@skerry/base';
import { AuditLogWriter, type AuditOutput } from '#audit/audit-log.ts';
import { RotatedFile } from '#audit/rotated-file.ts';
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
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Promise<AuditParts | undefined> {
  const { auditLogPath, auditPolicyFile } = config;
  if (auditLogPath === undefined) return undefined;
  const policy =
    auditPolicyFile === undefined
      ? defaultAuditPolicy
      : parseAuditPolicy(readConfigurationFile(auditPolicyFile), auditPolicyFile);
  const sink = new AuditLogWriter(await openOutput(auditLogPath, config, clock), { clock, log });
  return { audit: { policy, sink }, close: () => sink.close() };
}

async function openOutput(path: string, config: ServerConfig, clock: Clock): Promise<AuditOutput> {
  if (path === '-') return descriptorOutput(parentOutput);
  try {
    return await RotatedFile.open(path, {
      sizeMax: (config.auditLogMaxsize ?? 100) * megabyte,
      backupsMax: config.auditLogMaxbackup ?? 10,
      ageMaxDays: config.auditLogMaxage ?? 30,
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
