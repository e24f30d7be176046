/** What `component.yaml` says. */
import type { JSONSchemaProps } from '@skerry/api';

export interface Package {
  readonly title: string;
  readonly description: string;
  /** Names of components that must be installed. */
  readonly requires: readonly string[];
  /** JSON schema of the values; an object with defaults. */
  readonly values: JSONSchemaProps;
  readonly images: readonly PackageImage[];
  /** Beside what every kind's own status says. */
  readonly health: readonly HealthRule[];
  /** `resource.group` of objects that the component makes by itself: they don't stand in the way of its removal. */
  readonly ownResources: readonly string[];
  /** Only an administrator of all clusters may install it. */
  readonly system: boolean;
}

export interface PackageImage {
  readonly name: string;
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest?: string;
}

/** A field of an object that must be there, or have a value. */
export interface HealthRule {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  /** `status.readyReplicas`; numbers choose elements of lists. */
  readonly field: string;
  readonly equals?: unknown;
}

export interface Problem {
  readonly problem: string;
}

export function isProblem(value: Package | Problem): value is Problem {
  return 'problem' in value;
}

const known = new Set([
  'title',
  'description',
  'requires',
  'values',
  'images',
  'health',
  'ownResources',
  'system',
]);

export function parsePackage(document: unknown): Package | Problem {
  if (!isMapping(document)) return { problem: 'it is no mapping' };
  const strange = Object.keys(document).find((key) => !known.has(key));
  if (strange !== undefined) return { problem: `${strange} is unknown` };
  const {
    title,
    description,
    requires = [],
    values = { type: 'object' },
    images = [],
    health = [],
  } = document;
  const { ownResources = [], system = false } = document;
  if (typeof title !== 'string' || typeof description !== 'string')
    return { problem: 'title and description must be texts' };
  if (!isTexts(requires) || !isTexts(ownResources))
    return { problem: 'requires and ownResources must be lists of names' };
  if (!isMapping(values) || values['type'] !== 'object')
    return { problem: 'values must be the schema of an object' };
  if (!Array.isArray(images) || !images.every(isImage))
    return { problem: 'images must have name, registry, repository and tag, and a digest sha256:… if any' };
  if (!Array.isArray(health) || !health.every(isHealthRule))
    return { problem: 'health must have apiVersion, kind, name and field' };
  if (typeof system !== 'boolean') return { problem: 'system must be true or false' };
  return { title, description, requires, values, images, health, ownResources, system };
}

function isImage(value: unknown): value is PackageImage {
  if (!isMapping(value)) return false;
  const digest = value['digest'];
  return (
    ['name', 'registry', 'repository', 'tag'].every((key) => typeof value[key] === 'string') &&
    (digest === undefined || (typeof digest === 'string' && /^sha256:[0-9a-f]{64}$/.test(digest)))
  );
}

function isHealthRule(value: unknown): value is HealthRule {
  return (
    isMapping(value) && ['apiVersion', 'kind', 'name', 'field'].every((key) => typeof value[key] === 'string')
  );
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((element) => typeof element === 'string');
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
