const gatherMsMax = 100;
const objectsPerMs = 20;

/**
 * How long changes are gathered before an owner of so many objects is looked at: a look at thousands costs milliseconds, and
 * they change by the hundred. What is done after it comes no later than by that; of a few it comes at once.
 */
export function gatherMs(objects: number): number {
  return Math.min(gatherMsMax, Math.floor(objects / objectsPerMs));
}
