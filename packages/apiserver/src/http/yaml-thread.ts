/** The thread of `YamlReader`: one text in, one outcome out, in order. */
import { parentPort } from 'node:worker_threads';
import { yamlToJson } from '#http/yaml-text.ts';

parentPort?.on('message', (text: string) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window.
  parentPort?.postMessage(yamlToJson(text));
});
