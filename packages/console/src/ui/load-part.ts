/**
 * Fetches a part of the console when it is first needed. One that does not come is asked for again a few times. If the center
 * answers all the while, the part has gone with an update of it and has another name now: the page is loaded anew, once in a
 * while, not for ever. Otherwise nobody is taken away from what is shown: who asked is told, and may ask again. So he is where
 * the page does not come anew either, as when the network changes meanwhile.
 */
const pausesMs = [300, 1500];
const storageKey = 'skerry.reloadedAt';
const reloadAgainMs = 30_000;
const reloadWithinMs = 10_000;

export class PartError extends Error {}

/** @throws PartError when it does not come */
export async function loadPart<T>(load: () => Promise<T>): Promise<T> {
  let cause: unknown;
  for (const pauseMs of [0, ...pausesMs]) {
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    try {
      if (cause !== undefined) await reloadStyles();
      return await load();
    } catch (error) {
      cause = error;
    }
  }
  if ((await centerAnswers()) && mayReload()) {
    location.reload();
    // What is shown until then stays.
    await new Promise((resolve) => setTimeout(resolve, reloadWithinMs));
  }
  throw new PartError('a part of the console did not come', { cause });
}

/** Style sheets that did not come: what asks for a part again takes them for loaded, and would show it without. */
async function reloadStyles(): Promise<void> {
  const failed = [...document.querySelectorAll<HTMLLinkElement>('link[rel="stylesheet"]')].filter(
    // One that failed is as one that is empty, and none of ours is.
    ({ sheet }) => (sheet?.cssRules.length ?? 0) === 0,
  );
  await Promise.all(
    failed.map((link) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const again = link.cloneNode() as HTMLLinkElement;
      again.addEventListener('load', () => resolve(), { once: true });
      again.addEventListener('error', () => reject(new PartError(link.href)), { once: true });
      link.replaceWith(again);
      return promise;
    }),
  );
}

async function centerAnswers(): Promise<boolean> {
  try {
    return (await fetch('/icon.svg', { cache: 'no-store' })).ok;
  } catch {
    return false;
  }
}

function mayReload(): boolean {
  try {
    if (Date.now() - Number(sessionStorage.getItem(storageKey) ?? 0) < reloadAgainMs) return false;
    sessionStorage.setItem(storageKey, String(Date.now()));
    return true;
  } catch {
    // Without a place to remember it, it is not tried: it could go on for ever.
    return false;
  }
}
