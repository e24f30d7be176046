/** Common name of the certificate by which aggregated API servers know the one that asks them. */
export const frontProxyName = 'front-proxy-client';
