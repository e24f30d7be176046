/**
 * Configuration files of an API server (EncryptionConfiguration, audit Policy, AuthenticationConfiguration): YAML or JSON,
 * read strictly. A field that nobody reads is a fault, since a rule with a misspelt name would silently not hold. All faults
 * are collected, and told at once by `finish`, in the form of API errors: `resources[0].providers: Required value: …`.
 */
import { SkerryError, isRecord } from '@skerry/base';
import { parse } from 'yaml';

const bytesMax = 1024 * 1024;

export class ConfigurationFile {
  readonly root: Field;
  readonly #source: string;
  readonly #faults: string[] = [];

  /** Throws `config-invalid` for a file of another kind. */
  constructor(
    text: string,
    source: string,
    expected: { readonly apiVersions: readonly string[]; readonly kind: string },
  ) {
    this.#source = source;
    const value =
      text.length > bytesMax ? this.#refuse(`it is larger than ${bytesMax} bytes`) : this.#parse(text);
    if (!isRecord(value)) this.#refuse(`it holds no ${expected.kind}`);
    this.root = new Field('', value, this.#faults);
    const apiVersion = this.root.string('apiVersion');
    const kind = this.root.string('kind');
    if (kind !== expected.kind || !expected.apiVersions.includes(apiVersion ?? '')) {
      this.#refuse(
        `it holds ${apiVersion ?? 'no apiVersion'}, Kind=${kind ?? ''}, not ${expected.apiVersions.join(' or ')}, Kind=${expected.kind}`,
      );
    }
  }

  /** Throws `config-invalid` with all faults, if there are any. */
  finish(): void {
    if (this.#faults.length > 0) this.#refuse(this.#faults.join('; '));
  }

  #parse(text: string): unknown {
    try {
      return parse(text, { maxAliasCount: 100, uniqueKeys: true });
    } catch (cause) {
      return this.#refuse(`it is no YAML (${cause instanceof Error ? cause.message.split('\n')[0] : ''})`);
    }
  }

  #refuse(why: string): never {
    throw new SkerryError('config-invalid', `${this.#source}: ${why}`);
  }
}

/** A value of the file and where it stands. Reading one of the wrong type is a fault, and gives its empty value. */
export class Field {
  readonly path: string;
  readonly value: unknown;
  readonly #faults: string[];

  constructor(path: string, value: unknown, faults: string[]) {
    this.path = path;
    this.value = value;
    this.#faults = faults;
  }

  at(key: string | number): Field {
    const path = typeof key === 'number' ? `${this.path}[${key}]` : this.path ? `${this.path}.${key}` : key;
    const value =
      typeof key === 'number'
        ? (this.value as unknown[] | undefined)?.[key]
        : isRecord(this.value)
          ? this.value[key]
          : undefined;
    return new Field(path, value, this.#faults);
  }

  /** Fields that are set. */
  keys(): string[] {
    return isRecord(this.value)
      ? Object.keys(this.value).filter((key) => this.at(key).value !== undefined)
      : [];
  }

  /** Faults every other field. */
  allow(...known: readonly string[]): void {
    if (this.value !== undefined && this.value !== null && !isRecord(this.value)) {
      this.fault('must be an object');
    }
    for (const key of this.keys()) if (!known.includes(key)) this.at(key).fault('unknown field');
  }

  list(key: string): Field[] {
    const field = this.at(key);
    if (field.value === undefined || field.value === null) return [];
    if (Array.isArray(field.value)) return field.value.map((_, index) => field.at(index));
    field.fault('must be a list');
    return [];
  }

  strings(key: string): string[] {
    return this.list(key).map((item) => {
      if (typeof item.value === 'string') return item.value;
      item.fault('must be a string');
      return '';
    });
  }

  string(key: string): string | undefined {
    return this.#typed(key, 'string', (value): value is string => typeof value === 'string');
  }

  boolean(key: string): boolean | undefined {
    return this.#typed(key, 'boolean', (value): value is boolean => typeof value === 'boolean');
  }

  #typed<T>(key: string, type: string, fits: (value: unknown) => value is T): T | undefined {
    const field = this.at(key);
    if (field.value === undefined || field.value === null) return undefined;
    if (fits(field.value)) return field.value;
    field.fault(`must be a ${type}`);
    return undefined;
  }

  required(message: string): void {
    this.fault(`Required value${message ? `: ${message}` : ''}`);
  }

  invalid(value: unknown, message: string): void {
    this.fault(`Invalid value: ${JSON.stringify(value)}: ${message}`);
  }

  fault(message: string): void {
    this.#faults.push(this.path ? `${this.path}: ${message}` : message);
  }
}
