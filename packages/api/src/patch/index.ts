export { applyJsonPatch } from './json-patch.ts';
export { applyMergePatch, createMergePatch } from './merge-patch.ts';
export { applyStrategicMergePatch, patchText } from './strategic-merge.ts';
export { cloneJson, copyWithoutNulls, equalJson, sharedWithoutNulls } from './json-value.ts';
