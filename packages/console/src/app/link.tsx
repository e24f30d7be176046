/** A link inside the console by its address, which is how the contract's `links` give them. The scope goes along. */
import { useRouter, useSearch } from '@tanstack/react-router';
import type { AnchorHTMLAttributes, MouseEvent } from 'react';
import { scopeOf, stringifySearch, type Search } from './search.ts';

interface LinkProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  readonly to: string;
  /** Keeps region, pool and namespace, if the address has no query of its own. */
  readonly keepScope?: boolean;
}

export function Link({ to, keepScope = false, onClick, ...rest }: LinkProps) {
  const router = useRouter();
  const search = useSearch({ strict: false }) as Search;
  const href = keepScope && !to.includes('?') ? `${to}${stringifySearch(scopeOf(search))}` : to;
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event);
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey)
      return;
    event.preventDefault();
    router.history.push(href);
  };
  return <a href={href} onClick={follow} {...rest} />;
}

export function useGo(): (to: string) => void {
  const router = useRouter();
  return (to) => router.history.push(to);
}
