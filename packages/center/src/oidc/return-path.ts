/** Where a sign-in leads back to: a page of the console, and never anything else, whatever was asked for. */
export function returnPath(asked: string | null, origin: string): string {
  if (!asked || asked.length > 2048 || !asked.startsWith('/') || /[\\\p{Cc}]/u.test(asked)) return '/';
  const url = URL.parse(asked, origin);
  if (url?.origin !== origin || url.pathname.startsWith('//') || url.pathname.startsWith('/api/')) return '/';
  return url.pathname + url.search + url.hash;
}

export function withError(path: string, why: string): string {
  const url = new URL(path, 'https://console.invalid');
  url.searchParams.set('signInError', why);
  return url.pathname + url.search + url.hash;
}
