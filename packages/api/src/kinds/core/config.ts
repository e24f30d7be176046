import type { ConfigMap, Secret, ServiceAccount } from '#types.generated.ts';
import {
  validateConfigMap,
  validateConfigMapUpdate,
  validateSecret,
  validateSecretUpdate,
} from '#validation/core/data.ts';
import { behaviour } from '#kinds/behaviour.ts';
import { ageColumn, column, nameColumn, plainColumns } from '#kinds/columns.ts';

function count(entries: object | undefined): number {
  return Object.keys(entries ?? {}).length;
}

export const configMapBehaviour = behaviour<ConfigMap>({
  metaTold: 'twice',
  columns: [
    nameColumn,
    column<ConfigMap>('Data', (config) => count(config.data) + count(config.binaryData)),
    ageColumn,
  ],
  strategy: { validate: validateConfigMap, validateUpdate: validateConfigMapUpdate },
});

const base64 = (text: string): string => {
  const bytes = new TextEncoder().encode(text);
  let binary = '';
  for (const byte of bytes) binary += String.fromCodePoint(byte);
  return btoa(binary);
};

export const secretBehaviour = behaviour<Secret>({
  metaTold: 'twice',
  columns: [
    nameColumn,
    column<Secret>('Type', (secret) => secret.type),
    column<Secret>('Data', (secret) => count(secret.data)),
    ageColumn,
  ],
  strategy: {
    setDefaults(secret) {
      secret.type ||= 'Opaque';
      // Plain text is only for writing; it is kept, and read back, encoded.
      if (!secret.stringData) return;
      for (const [key, text] of Object.entries(secret.stringData)) (secret.data ??= {})[key] = base64(text);
      delete secret.stringData;
    },
    validate: validateSecret,
    validateUpdate: validateSecretUpdate,
    fieldValue: (secret, field) => (field === 'type' ? (secret.type ?? '') : undefined),
  },
});

export const serviceAccountBehaviour = behaviour<ServiceAccount>({
  columns: plainColumns,
  metaTold: 'twice',
});
