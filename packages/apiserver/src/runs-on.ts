/** Where stock servers name their Go. */
export const runsOn = `node${process.versions.node}`;
