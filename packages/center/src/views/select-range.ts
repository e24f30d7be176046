/**
 * The elements at positions `from` to `to` of what sorting would give, sorted; the array is rearranged. Sorting 50,000 rows to
 * show fifty costs as much as all the rest of a page; dividing them around the wanted positions costs two looks at each.
 */
export function selectRange<T>(
  array: T[],
  { from, to, compare }: { from: number; to: number; compare: (a: T, b: T) => number },
): T[] {
  const end = Math.min(to, array.length);
  if (from >= end) return [];
  if (from > 0) divide(array, from, compare);
  if (end < array.length) divide(array, end - 1, compare);
  return array.slice(from, end).sort(compare);
}

/** Puts at `position` what belongs there, smaller elements before it and greater ones after it. */
function divide<T>(array: T[], position: number, compare: (a: T, b: T) => number): void {
  let low = 0;
  let high = array.length - 1;
  while (low < high) {
    const pivot = medianOfThree(array, low, high, compare);
    let left = low;
    let right = high;
    while (left <= right) {
      while (compare(array[left]!, pivot) < 0) left++;
      while (compare(array[right]!, pivot) > 0) right--;
      if (left <= right) {
        const swapped = array[left]!;
        array[left++] = array[right]!;
        array[right--] = swapped;
      }
    }
    if (position <= right) high = right;
    else if (position >= left) low = left;
    else return;
  }
}

function medianOfThree<T>(
  array: readonly T[],
  low: number,
  high: number,
  compare: (a: T, b: T) => number,
): T {
  const [a, b, c] = [array[low]!, array[(low + high) >> 1]!, array[high]!];
  if (compare(a, b) > 0) return compare(b, c) > 0 ? b : compare(a, c) > 0 ? c : a;
  return compare(a, c) > 0 ? a : compare(b, c) > 0 ? c : b;
}
