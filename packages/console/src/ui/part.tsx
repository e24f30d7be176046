/**
 * A component that is fetched when it is first shown. `React.lazy` and the router's own keep a failure for as long as the page
 * lives; this one asks again when it is shown anew, so that a network that broke for a moment leaves nothing dead behind.
 */
import { Component, Suspense, use, type ComponentType, type ReactNode } from 'react';
import { loadPart, PartError } from './load-part.ts';
import { Failure } from './states.tsx';

export type Part<Props extends object> = ((props: Props) => ReactNode) & {
  /** Resolves when it is there or can't be had: the router waits for it before it leaves the screen that is shown. */
  readonly preload: () => Promise<void>;
};

/** React draws again at once what has failed; what comes later than this is somebody who asks again. */
const sameDrawingMs = 400;

/** Throws PartError to whoever shows it, if it does not come; shown anew after that, it is asked for again. */
export function part<Props extends object>(load: () => Promise<ComponentType<Props>>): Part<Props> {
  let Loaded: ComponentType<Props> | undefined;
  let asked: Promise<ComponentType<Props>> | undefined;
  let failedMs = Infinity;
  const ask = (): Promise<ComponentType<Props>> => {
    if (asked && performance.now() - failedMs < sameDrawingMs) return asked;
    if (asked && failedMs === Infinity) return asked;
    failedMs = Infinity;
    const promise = loadPart(load);
    promise.then(
      (component) => (Loaded = component),
      () => (failedMs = performance.now()),
    );
    asked = promise;
    return promise;
  };
  const shown = (props: Props): ReactNode => {
    const Content = Loaded ?? use(ask());
    return <Content {...props} />;
  };
  const preload = (): Promise<void> =>
    ask().then(
      () => undefined,
      () => undefined,
    );
  return Object.assign(shown, { preload });
}

interface BesideProps {
  readonly children: ReactNode;
  readonly fallback?: ReactNode;
}

/** Keeps what stands beside a screen (the dock, a dialog) from taking the screen along when it can't be had. */
export class Beside extends Component<BesideProps, { readonly error: unknown }> {
  override state: { readonly error: unknown } = { error: undefined };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    const { children, fallback = null } = this.props;
    if (error === undefined) return <Suspense fallback={fallback}>{children}</Suspense>;
    if (!(error instanceof PartError)) throw error;
    return <Failure error={error} onRetry={() => this.setState({ error: undefined })} />;
  }
}
