import { describe, expect, test } from 'vitest';
import { ApiError } from '../status.ts';
import { decodeProtobuf } from './decode.ts';

/** Writes fields by hand: [number, varint | text | nested fields]. */
type Part = [number, number | string | Uint8Array | Part[]];

function encode(parts: Part[]): Uint8Array {
  return Buffer.concat(
    parts.map(([number, value]) => {
      if (typeof value === 'number') return Buffer.concat([varint(number * 8), varint(value)]);
      const bytes =
        typeof value === 'string' ? Buffer.from(value) : Array.isArray(value) ? encode(value) : value;
      return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
    }),
  );
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
    if (rest < 0x80n) {
      bytes.push(Number(rest));
      return Buffer.from(bytes);
    }
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
}

function body(apiVersion: string, kind: string, object: Part[]): Uint8Array {
  const unknown = encode([
    [
      1,
      [
        [1, apiVersion],
        [2, kind],
      ],
    ],
    [2, object],
    [3, ''],
    [4, ''],
  ]);
  return Buffer.concat([Buffer.from('k8s\0'), unknown]);
}

describe('a protobuf body', () => {
  test('of an Eviction has name, namespace and delete options', () => {
    const bytes = body('policy/v1', 'Eviction', [
      [
        1,
        [
          [1, 'web-1'],
          [2, ''],
          [3, 'shop'],
          [8, new Uint8Array()],
        ],
      ],
      [2, [[1, 0]]],
    ]);
    expect(decodeProtobuf(bytes)).toEqual({
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'web-1', namespace: 'shop' },
      deleteOptions: { gracePeriodSeconds: 0 },
    });
  });

  test('keeps a zero that was set and drops one that was not', () => {
    const bytes = body('apps/v1', 'Deployment', [
      [
        2,
        [
          [1, 0],
          [5, 0],
          [7, 0],
        ],
      ],
    ]);
    expect(decodeProtobuf(bytes)).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      spec: { replicas: 0 },
    });
  });

  test('has quantities, int-or-strings, times and inline structs as JSON has them', () => {
    const bytes = body('v1', 'Pod', [
      [
        1,
        [
          [8, [[1, 1_767_225_600]]],
          [
            11,
            [
              [1, 'app'],
              [2, 'web'],
            ],
          ],
        ],
      ],
      [
        2,
        [
          [
            1,
            [
              [1, 'scratch'],
              [2, [[2, new Uint8Array()]]],
            ],
          ],
          [
            2,
            [
              [1, 'main'],
              [2, 'nginx'],
              [
                8,
                [
                  [
                    1,
                    [
                      [1, 'cpu'],
                      [2, [[1, '100m']]],
                    ],
                  ],
                ],
              ],
              [
                10,
                [
                  [
                    1,
                    [
                      [
                        2,
                        [
                          [1, '/'],
                          [
                            2,
                            [
                              [1, 1],
                              [2, 0],
                              [3, 'http'],
                            ],
                          ],
                        ],
                      ],
                    ],
                  ],
                ],
              ],
            ],
          ],
        ],
      ],
    ]);
    expect(decodeProtobuf(bytes)).toMatchObject({
      metadata: { creationTimestamp: '2026-01-01T00:00:00Z', labels: { app: 'web' } },
      spec: {
        volumes: [{ name: 'scratch', emptyDir: {} }],
        containers: [
          {
            name: 'main',
            image: 'nginx',
            resources: { limits: { cpu: '100m' } },
            livenessProbe: { httpGet: { path: '/', port: 'http' } },
          },
        ],
      },
    });
  });

  test('of a Secret has its bytes in base64', () => {
    const bytes = body('v1', 'Secret', [
      [
        2,
        [
          [1, 'key'],
          [2, 'value'],
        ],
      ],
    ]);
    expect(decodeProtobuf(bytes)).toMatchObject({ data: { key: 'dmFsdWU=' } });
  });

  test('reads negative numbers', () => {
    const bytes = body('scheduling.k8s.io/v1', 'PriorityClass', [[2, -5]]);
    expect(decodeProtobuf(bytes)).toMatchObject({ value: -5 });
  });

  test.each([
    ['no magic', Buffer.from('{"kind":"Pod"}'), /does not begin with k8s/],
    ['an unknown kind', body('apps.kruise.io/v1alpha1', 'DaemonSet', []), /has no protobuf form here/],
    ['a cut field', body('v1', 'Pod', []).subarray(0, 9), /ends in the middle/],
    ['a wrong text', body('v1', 'Pod', [[1, [[1, new Uint8Array([0xff, 0xfe])]]]]), /not UTF-8/],
    ['a wire type out of use', Buffer.concat([Buffer.from('k8s\0'), Buffer.from([0x2b])]), /wire type 3/],
  ])('with %s is refused', (_, bytes, message) => {
    expect(() => decodeProtobuf(bytes)).toThrow(ApiError);
    expect(() => decodeProtobuf(bytes)).toThrow(message);
  });

  test.each<[what: string, bytes: Uint8Array, code: number]>([
    ['a text where a number belongs', body('apps/v1', 'Deployment', [[2, [[1, 'x']]]]), 400],
    ['a number where a message belongs', body('apps/v1', 'Deployment', [[2, 7]]), 400],
    [
      'JSON that is nested too deeply',
      body('apps/v1', 'ControllerRevision', [[2, [[1, '['.repeat(5000) + ']'.repeat(5000)]]]]),
      400,
    ],
    [
      'empty messages without number',
      body('v1', 'Pod', [[2, Buffer.alloc(400_000, Uint8Array.of(0x12, 0))]]),
      413,
    ],
  ])('with %s is refused', (_what, bytes, code) => {
    expect(() => decodeProtobuf(bytes)).toThrow(expect.objectContaining({ code }) as Error);
  });

  test('keeps every character of a text, a byte order mark at its begin too', () => {
    const bytes = body('v1', 'Pod', [[1, [[1, '\uFEFFa']]]]);
    expect(decodeProtobuf(bytes)).toMatchObject({ metadata: { name: '\uFEFFa' } });
  });

  test('may have numbers of a list packed behind one tag', () => {
    const bytes = body('v1', 'Pod', [[2, [[14, [[4, Uint8Array.of(1, 0xac, 0x02)]]]]]]);
    expect(decodeProtobuf(bytes)).toMatchObject({
      spec: { securityContext: { supplementalGroups: [1, 300] } },
    });
  });
});
