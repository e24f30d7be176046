import { expect, test } from 'vitest';
import { joinLine } from './join-line.ts';

const options = {
  center: 'center.example.com:6443',
  pin: 'sha256//n+G9ThNnVpi9ShjP4tfIgjCarwcDwHWXAy/v+oz1c1c=',
  pool: 'shanghai',
  token: 'abcdef.0123456789abcdef.00ff',
};

test('the token is no argument', () => {
  const [command, ...rest] = joinLine(options).split('\n');
  expect(command).toBe(
    "curl -fsSk --pinnedpubkey 'sha256//n+G9ThNnVpi9ShjP4tfIgjCarwcDwHWXAy/v+oz1c1c=' https://center.example.com:6443/join.sh -o skerry-join.sh && sh skerry-join.sh --pool shanghai --token-file /dev/stdin <<'END'",
  );
  expect(rest).toEqual([options.token, 'END', '']);
});

test.each(['a b', "a'b", 'a$(b)', 'a;b', 'a\nb', 'a`b`', ''])('a pool named %j makes no line', (pool) => {
  expect(() => joinLine({ ...options, pool })).toThrow(/can't stand in a script/);
});
