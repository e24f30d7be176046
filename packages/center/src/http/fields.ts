import { badRequest } from '@skerry/api';

/** Reads the fields of a request's JSON body; each throws 400 where the value is not what it has to be. */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw badRequest('the request body must be an object');
    }
    this.#values = value as Record<string, unknown>;
  }

  text(name: string, { lengthMax = 1024 }: { lengthMax?: number } = {}): string {
    const value = this.#values[name];
    if (typeof value !== 'string' || value === '') throw badRequest(`${name} must be a text`);
    if (value.length > lengthMax) throw badRequest(`${name} has more than ${lengthMax} characters`);
    return value;
  }

  optionalText(name: string, options?: { lengthMax?: number }): string | undefined {
    const value = this.#values[name];
    return value === undefined || value === '' ? undefined : this.text(name, options);
  }

  whole(name: string, { min, max }: { min: number; max: number }): number {
    const value = this.#values[name];
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    throw badRequest(`${name} must be a whole number from ${min} to ${max}`);
  }

  flag(name: string): boolean {
    const value = this.#values[name] ?? false;
    if (typeof value !== 'boolean') throw badRequest(`${name} must be true or false`);
    return value;
  }

  optionalTexts(name: string, { countMax = 100 }: { countMax?: number } = {}): string[] | undefined {
    const value = this.#values[name];
    if (value === undefined) return undefined;
    if (
      !Array.isArray(value) ||
      value.length > countMax ||
      !value.every((each) => typeof each === 'string' && each !== '' && each.length <= 253)
    ) {
      throw badRequest(`${name} must be a list of at most ${countMax} texts`);
    }
    return value as string[];
  }

  list(name: string, { countMax }: { countMax: number }): Fields[] {
    const value = this.#values[name];
    if (!Array.isArray(value) || value.length > countMax) {
      throw badRequest(`${name} must be a list of at most ${countMax}`);
    }
    return value.map((each) => new Fields(each));
  }
}
