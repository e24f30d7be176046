import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { piecesOf, plainText, type Style } from './ansi.ts';

const esc = '\u001b';

describe('colours are followed:', () => {
  test.each<[string, string, [string, Style][]]>([
    ['none', 'plain', [['plain', {}]]],
    [
      'red and back',
      `a${esc}[31mb${esc}[0mc`,
      [
        ['a', {}],
        ['b', { color: 1 }],
        ['c', {}],
      ],
    ],
    ['bright, bold', `${esc}[1;92mx`, [['x', { bold: true, color: 10 }]]],
    ['of 256', `${esc}[38;5;196mx`, [['x', { color: '#ff0000' }]]],
    ['grey of 256', `${esc}[48;5;232mx`, [['x', { background: '#080808' }]]],
    ['of all', `${esc}[38;2;1;2;300mx`, [['x', { color: '#0102ff' }]]],
    [
      'one taken back',
      `${esc}[31;44mx${esc}[39my`,
      [
        ['x', { color: 1, background: 4 }],
        ['y', { background: 4 }],
      ],
    ],
    [
      'no parameters',
      `${esc}[31mx${esc}[my`,
      [
        ['x', { color: 1 }],
        ['y', {}],
      ],
    ],
  ])('%s', (_, line, expected) => {
    expect(piecesOf(line).pieces.map(({ text, style }) => [text, style])).toEqual(expected);
  });

  test('into the next line', () => {
    const { after } = piecesOf(`${esc}[33mwarning`);
    expect(piecesOf('goes on', after).pieces).toEqual([{ text: 'goes on', style: { color: 3 } }]);
  });
});

describe('everything else is taken out:', () => {
  test.each([
    ['a title', `a${esc}]0;owned\u0007b`, 'ab'],
    ['the clipboard', `a${esc}]52;c;ZXZpbA==${esc}\\b`, 'ab'],
    ['a link', `${esc}]8;;https://evil.example${esc}\\click${esc}]8;;${esc}\\`, 'click'],
    ['moving the cursor', `a${esc}[2J${esc}[1;1Hb`, 'ab'],
    ['a device string', `a${esc}P1$r0m${esc}\\b`, 'ab'],
    ['one that never ends', `a${esc}]0;never`, 'a'],
    ['controls', 'a\u0000\u0008\u009bb\u007f', 'a'],
    ['a line that is written over', '10%\r20%\r', '20%'],
    ['a tab stays', 'a\tb', 'a\tb'],
  ])('%s', (_, line, expected) => {
    expect(plainText(line)).toBe(expected);
    expect(
      piecesOf(line)
        .pieces.map(({ text }) => text)
        .join(''),
    ).toBe(expected);
  });

  test('whatever comes, no control is left, and the text is the same with colours and without', () => {
    const noise = fc.array(
      fc.oneof(
        fc.constantFrom(esc, '[', ']', ';', '3', 'm', '\u0007', '\u009b', '\r', 'P', '\\'),
        fc.string(),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(noise, (parts) => {
        const text = plainText(parts.join(''));
        // oxlint-disable-next-line no-control-regex
        expect(text).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/);
        expect(
          piecesOf(parts.join(''))
            .pieces.map((piece) => piece.text)
            .join(''),
        ).toBe(text);
      }),
    );
  });
});
