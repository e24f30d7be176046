/** Cookies with the `__Host-` prefix: this host only, TLS only, never readable by scripts. */
const attributes = 'Path=/; Secure; HttpOnly; SameSite=Lax';

export const sessionCookie = '__Host-sid';
/** Binds an OpenID sign-in to the browser that began it. */
export const signInCookie = '__Host-oidc';

/** Tells that somebody has signed in here before; lets nobody in. */
export const knownBrowserCookie = '__Host-known';

/** The value of a cookie that is there exactly once; two of a name are a trick, and count as none. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  const values = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  const [value] = values;
  return values.length === 1 && value !== undefined && /^[\w-]{1,128}$/.test(value) ? value : undefined;
}

export function setCookie(name: string, value: string, { seconds }: { seconds?: number } = {}): string {
  return `${name}=${value}; ${attributes}${seconds === undefined ? '' : `; Max-Age=${seconds}`}`;
}

export function clearCookie(name: string): string {
  return `${name}=; ${attributes}; Max-Age=0`;
}
