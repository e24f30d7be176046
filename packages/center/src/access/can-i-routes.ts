/** Whether somebody may do something in a cluster, and why: which binding of which role says so. */
import { ApiError } from '@skerry/api';
import { askCluster } from '#access/access-review.ts';
import type { AccessQuestion } from '#access/cluster-access.ts';
import type { PeopleAccess } from '#access/people-access.ts';
import { clusterUser, subjectOf } from '#access/subject.ts';
import type { CanIAnswer } from '#contract/session.ts';
import { paths } from '#contract/paths.ts';
import { Fields } from '#http/fields.ts';
import { jsonResponse, type Route } from '#http/route.ts';

const questionsMax = 100;
const atOnceMax = 10;

export function canIRoutes(access: PeopleAccess): Route[] {
  return [
    {
      method: 'POST',
      pattern: paths.canI(':cluster'),
      action: 'ask for rights',
      async handle(request) {
        const { caller, params } = request;
        request.audit.keep = false;
        const cluster = params['cluster'] ?? '';
        const fields = new Fields(await request.json());
        const questions = fields.list('questions', { countMax: questionsMax }).map(parseQuestion);
        const user = fields.optionalText('user', { lengthMax: 63 }) ?? caller.user;
        const { reader } = access.connection(cluster, caller);
        if (user !== caller.user) {
          const impersonate = { verb: 'impersonate', group: '', resource: 'users', name: clusterUser(user) };
          if (!(await access.may(caller, cluster, impersonate))) {
            throw new ApiError(
              'Forbidden',
              `you may not ask for ${user}: that needs the right to impersonate them`,
            );
          }
        }
        const subject = subjectOf(user === caller.user ? caller : access.personOf(user));
        const answers: CanIAnswer['answers'][number][] = [];
        for (let start = 0; start < questions.length; start += atOnceMax) {
          const some = questions.slice(start, start + atOnceMax);
          answers.push(...(await Promise.all(some.map((question) => askCluster(reader, subject, question)))));
        }
        return jsonResponse({ answers } satisfies CanIAnswer);
      },
    },
  ];
}

function parseQuestion(fields: Fields): AccessQuestion {
  const optional = (name: 'subresource' | 'namespace' | 'name') => {
    const value = fields.optionalText(name, { lengthMax: 253 });
    return value === undefined ? {} : { [name]: value };
  };
  return {
    verb: fields.text('verb', { lengthMax: 63 }),
    group: fields.optionalText('group', { lengthMax: 253 }) ?? '',
    resource: fields.text('resource', { lengthMax: 253 }),
    ...optional('subresource'),
    ...optional('namespace'),
    ...optional('name'),
  };
}
