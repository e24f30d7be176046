/**
 * The table in the kernel. Each transaction also replaces an empty chain whose name tells what the table then holds: so a
 * program that starts again sees whether the kernel still has what it would put there, and if so leaves it alone, with all
 * that the table has learnt of clients meanwhile.
 *
 * After a transaction that failed nothing of it holds, and what the kernel has is no longer taken for known: the next one
 * makes the table anew, which takes longer and forgets which client went where, but leaves connections as they are.
 */
import { createHash } from 'node:crypto';
import { hasChain, runNft } from '#nftables/run-nft.ts';
import { OwnedContents, type OwnedChange } from '#nftables/owned-contents.ts';
import { contentChange, type TableContent } from '#nftables/table-content.ts';
import { baseRules, serviceTable } from '#services/base-rules.ts';
import type { Family } from '#services/service-ports.ts';

export type Contents = Readonly<Record<Family, TableContent>>;
export type Conflict = OwnedChange['conflicts'][number];

export interface KernelTableOptions {
  readonly families: readonly Family[];
  /** This process's own network namespace unless told. */
  readonly where?: { readonly networkNamespace?: string };
  /** Hands a script over as one transaction; by an `nft` of its own unless told. */
  readonly load?: (script: string) => Promise<void>;
  /** Told of each script that the kernel has taken. */
  readonly onLoaded?: (script: string) => void;
}

export interface Applied {
  readonly conflicts: readonly Conflict[];
  readonly kind: 'adopted' | 'unchanged' | 'changed' | 'rebuilt';
}

export class KernelTable {
  readonly #options: KernelTableOptions;
  readonly #owned: Readonly<Record<Family, OwnedContents>> = {
    ip: new OwnedContents(),
    ip6: new OwnedContents(),
  };
  readonly #digests = new Map<string, bigint>();
  #digest = 0n;
  /** Of what the kernel holds for sure; undefined before the first transaction and after one that failed. */
  #revision: string | undefined;
  #isFirst = true;

  constructor(options: KernelTableOptions) {
    this.#options = options;
  }

  owners(): IterableIterator<string> {
    return this.#digests.keys();
  }

  /** Makes the table hold what owners want from now on; what has no content goes. */
  async apply(updates: ReadonlyMap<string, Contents | undefined>): Promise<Applied> {
    const { families, where, load = (script) => runNft(script, where), onLoaded } = this.#options;
    for (const [owner, contents] of updates) this.#count(owner, contents);
    const changes = families.map((family) => ({
      family,
      change: this.#owned[family].change(new Map([...updates].map(([owner, all]) => [owner, all?.[family]]))),
    }));
    const conflicts = changes.flatMap(({ change }) => change.conflicts);
    const revision = `revision-${this.#digest.toString(16)}`;
    const known = this.#revision;
    if (known === revision) return { conflicts, kind: 'unchanged' };
    if (await this.#adopt(revision)) return { conflicts, kind: 'adopted' };
    this.#revision = undefined;
    const script =
      known === undefined ? this.#wholeScript(revision) : changeScript(changes, { known, revision });
    await load(script);
    onLoaded?.(script);
    this.#revision = revision;
    return { conflicts, kind: known === undefined ? 'rebuilt' : 'changed' };
  }

  /** Only what an earlier program left can be what is wanted already. */
  async #adopt(revision: string): Promise<boolean> {
    if (!this.#isFirst) return false;
    this.#isFirst = false;
    const { families } = this.#options;
    const found = await Promise.all(families.map((family) => this.#hasChain(family, revision)));
    if (found.length === 0 || found.includes(false)) return false;
    this.#revision = revision;
    return true;
  }

  #hasChain(family: Family, chain: string): Promise<boolean> {
    return hasChain({ family, table: serviceTable, chain }, this.#options.where);
  }

  #wholeScript(revision: string): string {
    const lines = this.#options.families.flatMap((family) => [
      ...baseRules(family),
      `add chain ${family} ${serviceTable} ${revision}`,
      ...contentChange({ family, table: serviceTable }, [], this.#owned[family].all()),
    ]);
    return `${lines.join('\n')}\n`;
  }

  /** The sum of what the owners have, whatever the order in which they came. */
  #count(owner: string, contents: Contents | undefined): void {
    this.#digest ^= this.#digests.get(owner) ?? 0n;
    this.#digests.delete(owner);
    if (!contents) return;
    const digest = digestOf(owner, contents);
    this.#digests.set(owner, digest);
    this.#digest ^= digest;
  }
}

/** Stands for the layout too: what another version put there is made anew. */
const layoutDigest = digestOfText([...baseRules('ip'), ...baseRules('ip6')].join('\n'));

function digestOf(owner: string, contents: Contents): bigint {
  return digestOfText(JSON.stringify([String(layoutDigest), owner, contents]));
}

function digestOfText(text: string): bigint {
  return createHash('sha256').update(text).digest().readBigUInt64BE();
}

function changeScript(
  changes: readonly { readonly family: Family; readonly change: OwnedChange }[],
  { known, revision }: { readonly known: string; readonly revision: string },
): string {
  const lines = changes.flatMap(({ family, change }) => [
    ...contentChange({ family, table: serviceTable }, change.old, change.next),
    `add chain ${family} ${serviceTable} ${revision}`,
    `delete chain ${family} ${serviceTable} ${known}`,
  ]);
  return `${lines.join('\n')}\n`;
}
