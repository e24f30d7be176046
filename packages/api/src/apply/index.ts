export {
  applyServerSide,
  requireTyped,
  updateManagedFields,
  type ApplyRequest,
  type ApplyResult,
  type UpdateRequest,
} from './server-side-apply.ts';
export { mergeUnowned, type Merged } from './policy-merge.ts';
export { FieldSet, fieldPathText } from './field-set.ts';
export { restoreNulls } from './restore-nulls.ts';
