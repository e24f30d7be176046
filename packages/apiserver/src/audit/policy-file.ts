/** Reads an audit Policy (audit.k8s.io/v1), as `--audit-policy-file` names it. */
import { auditLevels, auditStages, type AuditLevel, type AuditStage } from '#audit/audit-event.ts';
import { AuditPolicy, type AuditResources, type AuditRule } from '#audit/policy.ts';
import { ConfigurationFile, type Field } from '#configuration-file.ts';

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Fails with `config-invalid`, which names every bad field. */
export function parseAuditPolicy(text: string, source: string): AuditPolicy {
  const file = new ConfigurationFile(text, source, { apiVersions: ['audit.k8s.io/v1'], kind: 'Policy' });
  const { root } = file;
  root.allow('apiVersion', 'kind', 'metadata', 'rules', 'omitStages', 'omitManagedFields');
  const rules = root.list('rules').map((rule) => parseRule(rule));
  if (rules.length === 0) root.at('rules').required('a policy needs at least one rule');
  const policy = new AuditPolicy({
    rules,
    omitStages: parseStages(root),
    omitManagedFields: root.boolean('omitManagedFields'),
  });
  file.finish();
  return policy;
}

function parseRule(field: Field): AuditRule {
  field.allow(
    'level',
    'users',
    'userGroups',
    'verbs',
    'resources',
    'namespaces',
    'nonResourceURLs',
    'omitStages',
    'omitManagedFields',
  );
  const rule = {
    level: parseLevel(field),
    users: field.strings('users'),
    userGroups: field.strings('userGroups'),
    verbs: field.strings('verbs'),
    resources: field.list('resources').map((each) => parseResources(each)),
    namespaces: field.strings('namespaces'),
    nonResourceURLs: field.strings('nonResourceURLs'),
    omitStages: parseStages(field),
    omitManagedFields: field.boolean('omitManagedFields'),
  };
  const urls = field.at('nonResourceURLs');
  rule.nonResourceURLs.forEach((url, index) => checkUrl(urls.at(index), url));
  if (rule.nonResourceURLs.length > 0 && rule.resources.length + rule.namespaces.length > 0) {
    urls.invalid(rule.nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs');
  }
  return rule;
}

function parseLevel(rule: Field): AuditLevel {
  const text = rule.string('level');
  const level = auditLevels.find((each) => each === text);
  const field = rule.at('level');
  if (!text) field.required('');
  else if (!level) {
    const known = auditLevels.map((each) => JSON.stringify(each)).join(', ');
    field.fault(`Unsupported value: ${JSON.stringify(text)}: supported values: ${known}`);
  }
  return level ?? 'None';
}

function parseStages(field: Field): AuditStage[] {
  return field.strings('omitStages').flatMap((text, index) => {
    const stage = auditStages.find((each) => each === text);
    if (stage) return [stage];
    field
      .at('omitStages')
      .at(index)
      .invalid(text, `allowed stages are ${auditStages.join(',')}`);
    return [];
  });
}

function parseResources(field: Field): AuditResources {
  field.allow('group', 'resources', 'resourceNames');
  const group = field.string('group') ?? '';
  const resources = field.strings('resources');
  const resourceNames = field.strings('resourceNames');
  if (group !== '' && group !== '*' && !subdomain.test(group)) {
    field.at('group').invalid(group, 'a group is named without its version: rbac.authorization.k8s.io');
  }
  if (resourceNames.length > 0 && resources.length === 0) {
    field.at('resourceNames').invalid(resourceNames, 'using resourceNames requires at least one resource');
  }
  return { group, resources, resourceNames };
}

function checkUrl(field: Field, url: string): void {
  if (url === '*') return;
  if (!url.startsWith('/')) {
    field.invalid(url, "non-resource URL rules must begin with a '/' character");
  }
  if (url.slice(0, -1).includes('*')) {
    field.invalid(url, "non-resource URL wildcards '*' must be the final character of the rule");
  }
}
