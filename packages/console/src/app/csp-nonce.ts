/** The nonce under which the page's policy lets scripts add style sheets; the server puts a new one into each page. */
export const cspNonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '';
