import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const script = createRequire(new URL('../../../packages/console/package.json', import.meta.url)).resolve(
  'axe-core/axe.min.js',
);

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
  }[];
}

const source = readFileSync(script, 'utf8');
/** What depends on colours alone: all that another theme of a page that has been looked at can break. */
const colours = "{ type: 'rule', values: ['color-contrast', 'link-in-text-block'] }";
const everything =
  "{ type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }";

/** What axe finds against WCAG 2.2 AA on the page as it is, in words; `without` what selectors stand for, which was looked at before. */
export async function accessibilityFaults(
  page: Page,
  {
    only,
    without = [],
    not = [],
  }: { only?: 'colours'; without?: readonly string[]; not?: readonly string[] } = {},
): Promise<string[]> {
  // Through the debugger, so that the page's policy has no say in it.
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: `globalThis.axe ?? (() => { ${source} })()` });
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
    expression: `axe.run(${JSON.stringify({ exclude: without.map((selector) => [selector]) })}, { runOnly: ${only ? colours : everything}, resultTypes: ['violations'] })`,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  const { violations } = result.value as AxeResult;
  return violations
    .filter(({ id }) => !not.includes(id))
    .flatMap(({ id, nodes }) =>
      nodes.map(
        ({ target, failureSummary }) =>
          `${id} at ${target.join(' ')}: ${failureSummary.split('\n').slice(1).join(' ')}`,
      ),
    );
}
