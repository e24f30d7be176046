/**
 * What a KMS v2 plugin does, as the server sees it: it keeps a key elsewhere, and wraps with it what the server seals by.
 * https://kubernetes.io/docs/tasks/administer-cluster/kms-provider/
 */
export interface KmsPlugin {
  status(): Promise<KmsStatus>;
  encrypt(plain: Uint8Array, uid: string): Promise<WrappedKey>;
  decrypt(wrapped: WrappedKey, uid: string): Promise<Uint8Array>;
  close(): void;
}

export interface KmsStatus {
  readonly version: string;
  readonly healthz: string;
  readonly keyId: string;
}

export interface WrappedKey {
  readonly ciphertext: Uint8Array;
  /** Names the key of the plugin; not secret. */
  readonly keyId: string;
  /** What else the plugin wants to be shown when it unwraps. */
  readonly annotations: ReadonlyMap<string, Uint8Array>;
}
