/**
 * The signing keys of one issuer: found by its discovery document, fetched over verified TLS, kept, and fetched again when
 * a token names a key that isn't among them, since issuers change their keys without a word. A stranger can name any key, so
 * that happens at most every ten seconds; and however few tokens come, keys are no older than an hour. While an issuer can't
 * be reached, the keys that were fetched last go on being good.
 * https://openid.net/specs/openid-connect-discovery-1_0.html
 */
import { type Clock, describeError, type Logger, isRecord } from '@skerry/base';
import { type IssuerKey, keysOf } from '#issuers/signature.ts';

/** GET over TLS that is verified against the authority, or the machine's own when unset. Rejects for anything but a 200 with JSON. */
export type FetchJson = (url: string, options: { readonly authorityPem?: string }) => Promise<unknown>;

export interface IssuerKeysOptions {
  readonly url: string;
  /** Where the discovery document lies, when not at the issuer's own well-known place. */
  readonly discoveryUrl?: string;
  readonly authorityPem?: string;
  readonly fetchJson: FetchJson;
  readonly clock: Clock;
  readonly log: Logger;
}

const askAgainMs = 10_000;
const keptMs = 3_600_000;

export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  #keys: readonly IssuerKey[] = [];
  #askedMs = -Infinity;
  #asking: Promise<void> | undefined;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
  }

  /** Those that may have signed a token of this key id; fetched first when there are none. */
  async find(keyId: unknown): Promise<readonly IssuerKey[]> {
    const ageMs = this.#options.clock.monotonic() - this.#askedMs;
    const known = this.#matching(keyId);
    if (known.length > 0 && ageMs < keptMs) return known;
    if (this.#asking || ageMs >= askAgainMs) await this.#refresh();
    return this.#matching(keyId);
  }

  #matching(keyId: unknown): readonly IssuerKey[] {
    if (keyId === undefined) return this.#keys;
    return this.#keys.filter((key) => key.keyId === undefined || key.keyId === keyId);
  }

  /** One fetch at a time, shared by all who wait. */
  #refresh(): Promise<void> {
    this.#asking ??= this.#fetch().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #fetch(): Promise<void> {
    const { clock, log, url } = this.#options;
    try {
      this.#keys = keysOf(await this.#document(await this.#location()));
      log.info('issuer keys fetched', { issuer: url, keys: this.#keys.length });
    } catch (error) {
      log.warn('issuer keys not fetched', { issuer: url, error: describeError(error) });
    }
    this.#askedMs = clock.monotonic();
  }

  async #location(): Promise<string> {
    const { url, discoveryUrl } = this.#options;
    const document = await this.#document(
      discoveryUrl ?? `${url.replace(/\/$/, '')}/.well-known/openid-configuration`,
    );
    if (!isRecord(document)) throw new Error('the discovery document is no object');
    if (document['issuer'] !== url) {
      throw new Error(
        `the discovery document is that of ${JSON.stringify(document['issuer'])}, not of ${JSON.stringify(url)}`,
      );
    }
    const location = document['jwks_uri'];
    if (typeof location !== 'string' || !location.startsWith('https://')) {
      throw new Error('the discovery document names no https address of keys');
    }
    return location;
  }

  #document(url: string): Promise<unknown> {
    const { fetchJson, authorityPem } = this.#options;
    return fetchJson(url, authorityPem === undefined ? {} : { authorityPem });
  }
}
