import { parseEncryptionConfiguration, StorageEncryption } from '@skerry/apiserver';
import { readConfigurationFile } from './configuration-file.ts';
import type { Installation } from './installation.ts';

/** What the database keeps sealed: as the named configuration has it, else Secrets under the installation's keys. */
export function storageEncryption({ config, valueKeys }: Installation): StorageEncryption {
  const path = config.encryptionProviderConfig;
  if (path === undefined) return new StorageEncryption({ keys: valueKeys });
  const rules = parseEncryptionConfiguration(readConfigurationFile(path), path);
  return new StorageEncryption({ keys: valueKeys, rules });
}
