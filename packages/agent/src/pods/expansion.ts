/**
 * `$(NAME)` in commands, arguments and values. A name that isn't known stays as it is; `$$` is a dollar sign.
 * https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
 */
export function expand(text: string, valueOf: (name: string) => string | undefined): string {
  let result = '';
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf('$', at);
    if (dollar === -1 || dollar === text.length - 1) return result + text.slice(at);
    result += text.slice(at, dollar);
    const next = text[dollar + 1];
    if (next === '$') {
      result += '$';
      at = dollar + 2;
      continue;
    }
    const end = next === '(' ? text.indexOf(')', dollar + 2) : -1;
    if (end === -1) {
      result += next === '(' ? '$(' : `$${next}`;
      at = dollar + 2;
      continue;
    }
    const name = text.slice(dollar + 2, end);
    result += valueOf(name) ?? `$(${name})`;
    at = end + 1;
  }
  return result;
}
