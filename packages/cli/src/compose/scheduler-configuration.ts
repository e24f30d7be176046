import { SkerryError } from '@skerry/base';
import { ConfigurationError, schedulerConfiguration, type SchedulerConfiguration } from '@skerry/scheduler';
import { parse } from 'yaml';
import { readConfigurationFile } from './configuration-file.ts';
import type { ServerConfig } from './server-config.ts';

/** What the named file says of the scheduler; undefined where none is named. Fails with `config-invalid`. */
export function schedulerConfigurationOf({
  schedulerConfig,
}: Pick<ServerConfig, 'schedulerConfig'>): SchedulerConfiguration | undefined {
  if (schedulerConfig === undefined) return undefined;
  const text = readConfigurationFile(schedulerConfig, '--scheduler-config');
  try {
    return schedulerConfiguration(parse(text, { maxAliasCount: 0 }));
  } catch (cause) {
    const why = cause instanceof ConfigurationError ? cause.message : 'it is no YAML';
    throw new SkerryError('config-invalid', `${schedulerConfig}: ${why}`, { cause });
  }
}
