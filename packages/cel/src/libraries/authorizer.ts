/**
 * Questions to the authorizer: `authorizer.group('apps').resource('deployments').check('get').allowed()`.
 * Documentation: https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-authorizer-library
 *
 * Answers may take time, and evaluation takes none. So a question that has no answer yet ends the evaluation, is put to the
 * authorizer, and the evaluation begins anew, knowing the answer. One expression can afford two questions by its cost.
 */
import { dnsLabelFaults, dnsSubdomainFaults } from '@skerry/api';
import { type Library, method } from '#check/declarations.ts';
import type { Bindings, Evaluation, Program } from '#evaluate/program.ts';
import { Fault, Opaque, type Outcome } from '#values/value.ts';
import { boolType, stringType, Type } from '#types/type.ts';

export const authorizerType = new Type('struct', 'kubernetes.authorization.Authorizer');
const pathCheckType = new Type('struct', 'kubernetes.authorization.PathCheck');
const groupCheckType = new Type('struct', 'kubernetes.authorization.GroupCheck');
export const resourceCheckType = new Type('struct', 'kubernetes.authorization.ResourceCheck');
const decisionType = new Type('struct', 'kubernetes.authorization.Decision');

/** May whom do what? */
export interface AccessQuestion {
  /** A service account in place of the user of the request. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
  readonly verb: string;
  /** Of a question that is about a path and no resource. */
  readonly path?: string;
  readonly resource?: ResourceQuestion;
}

export interface ResourceQuestion {
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly fieldSelector: string;
  readonly labelSelector: string;
}

export interface AccessAnswer {
  readonly allowed: boolean;
  readonly reason: string;
  /** Why the authorizer could not tell. */
  readonly error?: string;
}

/** Answers so far, and the question that is open. */
export class AccessAnswers {
  readonly #answers = new Map<string, AccessAnswer>();
  open: AccessQuestion | undefined;

  ask(question: AccessQuestion): AccessAnswer | Fault {
    const answer = this.#answers.get(JSON.stringify(question));
    if (answer) return answer;
    this.open = question;
    return new Fault('the authorizer was not asked yet', { final: true });
  }

  answer(question: AccessQuestion, answer: AccessAnswer): void {
    this.#answers.set(JSON.stringify(question), answer);
    this.open = undefined;
  }
}

/** What the variable `authorizer` is bound to. */
export class AuthorizerValue extends Opaque {
  readonly type = authorizerType;
  readonly answers: AccessAnswers;
  readonly serviceAccount: { readonly namespace: string; readonly name: string } | undefined;

  constructor(
    answers: AccessAnswers,
    serviceAccount?: { readonly namespace: string; readonly name: string },
  ) {
    super();
    this.answers = answers;
    this.serviceAccount = serviceAccount;
  }

  override equals(other: Opaque): boolean {
    return other === this;
  }

  ask(question: AccessQuestion): Outcome {
    const { serviceAccount } = this;
    const answer = this.answers.ask(serviceAccount ? { ...question, serviceAccount } : question);
    return answer instanceof Fault ? answer : new Decision(answer);
  }

  /** What `authorizer.requestResource` is bound to. */
  resourceCheck(resource: Partial<ResourceQuestion> & { group: string; resource: string }): Opaque {
    return new ResourceCheck(this, {
      subresource: '',
      namespace: '',
      name: '',
      fieldSelector: '',
      labelSelector: '',
      ...resource,
    });
  }
}

class PathCheck extends Opaque {
  readonly type = pathCheckType;
  readonly authorizer: AuthorizerValue;
  readonly path: string;

  constructor(authorizer: AuthorizerValue, path: string) {
    super();
    this.authorizer = authorizer;
    this.path = path;
  }

  override equals(other: Opaque): boolean {
    return other === this;
  }
}

class GroupCheck extends Opaque {
  readonly type = groupCheckType;
  readonly authorizer: AuthorizerValue;
  readonly group: string;

  constructor(authorizer: AuthorizerValue, group: string) {
    super();
    this.authorizer = authorizer;
    this.group = group;
  }

  override equals(other: Opaque): boolean {
    return other === this;
  }
}

class ResourceCheck extends Opaque {
  readonly type = resourceCheckType;
  readonly authorizer: AuthorizerValue;
  readonly question: ResourceQuestion;

  constructor(authorizer: AuthorizerValue, question: ResourceQuestion) {
    super();
    this.authorizer = authorizer;
    this.question = question;
  }

  override equals(other: Opaque): boolean {
    return other === this;
  }

  with(change: Partial<ResourceQuestion>): ResourceCheck {
    return new ResourceCheck(this.authorizer, { ...this.question, ...change });
  }
}

class Decision extends Opaque {
  readonly type = decisionType;
  readonly answer: AccessAnswer;

  constructor(answer: AccessAnswer) {
    super();
    this.answer = answer;
  }

  override equals(other: Opaque): boolean {
    return other === this;
  }
}

/** Evaluates, asking what the expression asks. `bindings` hold an `AuthorizerValue` that shares `answers`. */
export async function evaluateWithAccess(
  program: Program,
  bindings: Bindings,
  access: {
    readonly answers: AccessAnswers;
    authorize(question: AccessQuestion): Promise<AccessAnswer>;
    readonly costLimit?: number;
  },
): Promise<Evaluation> {
  const { answers, costLimit } = access;
  for (;;) {
    const result = program.evaluate(bindings, costLimit === undefined ? {} : { costLimit });
    const question = answers.open;
    if (!question) return result;
    answers.answer(question, await access.authorize(question));
  }
}

function setter(name: keyof ResourceQuestion, id: string): Library {
  return [
    method(name, id, [resourceCheckType, stringType], resourceCheckType, ([check, value]) =>
      (check as ResourceCheck).with({ [name]: value as string }),
    ),
  ];
}

function serviceAccount(authorizer: AuthorizerValue, namespace: string, name: string): Outcome {
  if (dnsSubdomainFaults(name).length > 0) return new Fault('Invalid service account name');
  if (dnsLabelFaults(namespace).length > 0) return new Fault('Invalid service account namespace');
  return new AuthorizerValue(authorizer.answers, { namespace, name });
}

export const authorizerLibrary: Library = [
  method('path', 'authorizer_path', [authorizerType, stringType], pathCheckType, ([authorizer, path]) =>
    (path as string).trim() === ''
      ? new Fault('path must not be empty')
      : new PathCheck(authorizer as AuthorizerValue, path as string),
  ),
  method(
    'group',
    'authorizer_group',
    [authorizerType, stringType],
    groupCheckType,
    ([authorizer, group]) => new GroupCheck(authorizer as AuthorizerValue, group as string),
  ),
  method(
    'serviceAccount',
    'authorizer_serviceaccount',
    [authorizerType, stringType, stringType],
    authorizerType,
    ([authorizer, namespace, name]) =>
      serviceAccount(authorizer as AuthorizerValue, namespace as string, name as string),
  ),
  method(
    'resource',
    'groupcheck_resource',
    [groupCheckType, stringType],
    resourceCheckType,
    ([check, resource]) => {
      if ((resource as string).trim() === '') return new Fault('resource must not be empty');
      const { authorizer, group } = check as GroupCheck;
      return authorizer.resourceCheck({ group, resource: resource as string });
    },
  ),
  ...setter('subresource', 'resourcecheck_subresource'),
  ...setter('namespace', 'resourcecheck_namespace'),
  ...setter('name', 'resourcecheck_name'),
  ...setter('fieldSelector', 'authorizer_fieldselector'),
  ...setter('labelSelector', 'authorizer_labelselector'),
  method('check', 'pathcheck_check', [pathCheckType, stringType], decisionType, ([check, verb]) => {
    const { authorizer, path } = check as PathCheck;
    return authorizer.ask({ verb: verb as string, path });
  }),
  method('check', 'resourcecheck_check', [resourceCheckType, stringType], decisionType, ([check, verb]) => {
    const { authorizer, question } = check as ResourceCheck;
    return authorizer.ask({ verb: verb as string, resource: question });
  }),
  method('errored', 'decision_errored', [decisionType], boolType, ([decision]) => {
    return (decision as Decision).answer.error !== undefined;
  }),
  method('error', 'decision_error', [decisionType], stringType, ([decision]) => {
    return (decision as Decision).answer.error ?? '';
  }),
  method('allowed', 'decision_allowed', [decisionType], boolType, ([decision]) => {
    return (decision as Decision).answer.allowed;
  }),
  method('reason', 'decision_reason', [decisionType], stringType, ([decision]) => {
    return (decision as Decision).answer.reason;
  }),
];
