/** What the bytes of a link are for. A closed list, since each is a label of metrics. */
export const linkPurposes = [
  'heartbeat',
  'watch',
  'list',
  'status',
  'events',
  'logs',
  'exec',
  'images',
  'other',
] as const;

export type LinkPurpose = (typeof linkPurposes)[number];

const aliases: Readonly<Record<string, LinkPurpose>> = {
  log: 'logs',
  attach: 'exec',
  portforward: 'exec',
};

/** The purpose that a caller's own label of a stream stands for. */
export function purposeOf(label: string): LinkPurpose {
  return linkPurposes.find((purpose) => purpose === label) ?? aliases[label] ?? 'other';
}
