/**
 * The console's page and how it is served, from the folder `dist/console`.
 *
 * `index.html` answers every GET that is neither a file of the folder nor under `/api/`. Before it is sent, each occurrence of
 * {@link nonceMarker} in it becomes a nonce that is new for this response, and the response has this policy (with it):
 *
 *     default-src 'none'; script-src 'self'; style-src 'self' 'nonce-…'; img-src 'self' data: blob:; font-src 'self';
 *     connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none';
 *     require-trusted-types-for 'script'; trusted-types 'none'
 *
 * Files under `assets/` carry a digest in their name: immutable. A file `x` may have `x.br` and `x.gz` beside it.
 */
export const nonceMarker = '__SKERRY_CSP_NONCE__';

/** Where the page is in a checkout; in the release it lies beside the bundle. */
export const pageFolder = 'dist/console';
