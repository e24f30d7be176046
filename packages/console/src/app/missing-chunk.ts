/**
 * A part of the console that can't be fetched: the center was updated since the page was loaded, and the part has another name
 * now; or the network broke for a moment. Either way the page is loaded anew, once in a while, not for ever.
 */
const storageKey = 'skerry.reloadedAt';
const againMs = 30_000;

export function reloadOnMissingChunk(): void {
  window.addEventListener('vite:preloadError', (event) => {
    if (Date.now() - lastReloadMs() < againMs) return;
    event.preventDefault();
    try {
      sessionStorage.setItem(storageKey, String(Date.now()));
    } catch {
      // Without a place to remember it, it is not tried: it could go on for ever.
      return;
    }
    location.reload();
  });
}

function lastReloadMs(): number {
  try {
    return Number(sessionStorage.getItem(storageKey) ?? 0);
  } catch {
    return Date.now();
  }
}
