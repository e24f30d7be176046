/**
 * A table that is wider than its frame first puts all that can be done with a row behind "More", which is what takes most room
 * beside what the row says. What is still out of sight then is a scroll away, and the edge that hides it has a shadow.
 */
import { createContext, useLayoutEffect, useState } from 'react';

/** Whether rows have no room for buttons with words. */
export const TightContext = createContext(false);

interface Fit {
  /** Of the element that scrolls sideways, with the table in it. */
  readonly frame: (element: HTMLElement | null) => void;
  readonly isTight: boolean;
}

/** `layout` names what the width comes from: columns and language. Another one is measured anew, before it is painted. */
export function useFit(layout: string): Fit {
  const [frame, setFrame] = useState<HTMLElement | null>(null);
  const [tight, setTight] = useState<{ readonly layout: string; readonly widthNeeded: number }>();
  const isTight = tight?.layout === layout;
  const widthNeeded = isTight ? tight.widthNeeded : undefined;
  useLayoutEffect(() => {
    if (!frame) return undefined;
    const measure = (): void => {
      const { scrollWidth, clientWidth, scrollLeft } = frame;
      const isOver = scrollWidth > clientWidth;
      if (widthNeeded === undefined && isOver) setTight({ layout, widthNeeded: scrollWidth });
      if (widthNeeded !== undefined && clientWidth >= widthNeeded) setTight(undefined);
      frame.toggleAttribute('data-more', isOver && scrollLeft + clientWidth < scrollWidth - 1);
    };
    const observer = new ResizeObserver(measure);
    observer.observe(frame);
    if (frame.firstElementChild) observer.observe(frame.firstElementChild);
    frame.addEventListener('scroll', measure, { passive: true });
    measure();
    return () => {
      observer.disconnect();
      frame.removeEventListener('scroll', measure);
    };
  }, [frame, layout, widthNeeded]);
  return { frame: setFrame, isTight };
}
