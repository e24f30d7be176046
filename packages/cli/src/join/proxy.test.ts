import { expect, test } from 'vitest';
import { proxyTo } from '#join/proxy.ts';

const proxy = 'http://proxy.example:3128';

test.for([
  ['nothing', undefined, {}, undefined],
  ['HTTPS_PROXY', undefined, { HTTPS_PROXY: proxy }, proxy],
  ['https_proxy', undefined, { https_proxy: proxy }, proxy],
  [
    'a proxy that is spoken to over TLS',
    undefined,
    { HTTPS_PROXY: 'https://proxy.example' },
    'https://proxy.example',
  ],
  ['what is excepted', undefined, { HTTPS_PROXY: proxy, NO_PROXY: 'example.com' }, undefined],
  ['--proxy, whatever is excepted', proxy, { HTTPS_PROXY: 'http://other', NO_PROXY: '*' }, proxy],
] as const)('the proxy by %s', ([, asked, environment, expected]) => {
  expect(proxyTo({ host: 'center.example.com', port: 6443 }, asked, environment)).toBe(expected);
});

test.for(['nonsense', 'ftp://user:secret@proxy.example', 'socks5://proxy.example:1080'])(
  'a proxy that is none is refused, and not shown',
  (text) => {
    const wrong = () => proxyTo({ host: 'center.example.com', port: 6443 }, text, {});
    expect(wrong).toThrow('http://host:port');
    expect(wrong).not.toThrow(/secret|socks5|nonsense/);
  },
);
