/** How nodes that could all take the pod are told apart by what they have: resources, balance, images. */
import type { SchedulingCase } from '../case.ts';
import { container, node, pod } from '../objects.ts';

const mebibyte = 1024 * 1024;
const image = (name: string, mebibytes: number) => ({ names: [name], sizeBytes: mebibytes * mebibyte });

export const resourceCases: readonly SchedulingCase[] = [
  {
    name: 'the least allocated, of different sizes',
    nodes: [
      node('a'),
      node('b', { allocatable: { cpu: '16', memory: '16Gi' } }),
      node('c', { allocatable: { cpu: '2', memory: '64Gi' } }),
    ],
    running: [
      pod('x', { nodeName: 'a', requests: { cpu: '1', memory: '1Gi' } }),
      pod('y', { nodeName: 'b', requests: { cpu: '7', memory: '11Gi' } }),
    ],
    pod: pod('p', { requests: { cpu: '500m', memory: '700Mi' } }),
  },
  {
    name: 'pods that ask for nothing',
    nodes: [node('a'), node('b')],
    running: [pod('x', { nodeName: 'a' }), pod('y', { nodeName: 'a' })],
    pod: pod('p'),
  },
  {
    name: 'pods that ask for cpu alone',
    nodes: [node('a'), node('b', { allocatable: { memory: '2Gi' } })],
    running: [pod('x', { nodeName: 'b', requests: { cpu: '1' } })],
    pod: pod('p', { requests: { cpu: '1' } }),
  },
  {
    name: 'balance that the pod brings or breaks',
    nodes: [node('a'), node('b'), node('c', { allocatable: { cpu: '64' } })],
    running: [
      pod('x', { nodeName: 'a', requests: { cpu: '2', memory: '1Gi' } }),
      pod('y', { nodeName: 'b', requests: { cpu: '500m', memory: '5Gi' } }),
    ],
    pod: pod('p', { requests: { cpu: '1', memory: '1Gi' } }),
  },
  {
    name: 'extended resources that are asked for',
    nodes: [
      node('a', { allocatable: { 'example.com/gpu': '4' } }),
      node('b', { allocatable: { 'example.com/gpu': '8' } }),
    ],
    running: [pod('x', { nodeName: 'b', requests: { 'example.com/gpu': '6' } })],
    pod: pod('p', { requests: { cpu: '1', memory: '1Gi', 'example.com/gpu': '1' } }),
  },
  {
    name: 'init containers and sidecars in scores',
    nodes: [node('a'), node('b')],
    running: [
      pod('x', {
        nodeName: 'a',
        initContainers: [
          container({ name: 'side', restartPolicy: 'Always', requests: { cpu: '1', memory: '1Gi' } }),
          container({ name: 'once', requests: { cpu: '3', memory: '1Gi' } }),
        ],
      }),
    ],
    pod: pod('p', {
      initContainers: [container({ name: 'side', restartPolicy: 'Always', requests: { cpu: '250m' } })],
      containers: [container({ requests: { cpu: '250m', memory: '128Mi' } }), container({ name: 'second' })],
    }),
  },
  {
    name: 'an image that is there, by how many have it and how big it is',
    nodes: [
      node('a', { images: [image('registry.example.com/app:1', 500)] }),
      node('b', {
        images: [image('registry.example.com/app:1', 500), image('registry.example.com/db:2', 900)],
      }),
      node('c'),
      node('d'),
    ],
    pod: pod('p', {
      containers: [container(), container({ name: 'db', image: 'registry.example.com/db:2' })],
    }),
  },
  {
    name: 'an image without a tag, one by digest, and one of an init container',
    nodes: [
      node('a', { images: [image('registry.example.com/app:latest', 800)] }),
      node('b', { images: [image(`registry.example.com/app@sha256:${'0'.repeat(64)}`, 800)] }),
      node('c', { images: [image('registry.example.com/init:1', 800)] }),
    ],
    pod: pod('p', {
      initContainers: [container({ name: 'init', image: 'registry.example.com/init:1' })],
      containers: [
        container({ image: 'registry.example.com/app' }),
        container({ name: 'exact', image: `registry.example.com/app@sha256:${'0'.repeat(64)}` }),
      ],
    }),
  },
];
