// Runs before anything is drawn, so that a dark page never flashes white. The choice is no secret and may lie in the browser.
(() => {
  let choice = 'system';
  try {
    choice = localStorage.getItem('skerry.theme') ?? 'system';
  } catch {
    // Storage may be forbidden; the system's choice stands.
  }
  const dark =
    choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
