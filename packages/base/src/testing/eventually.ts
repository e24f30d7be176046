/** Waits until `check` returns without throwing, trying every `everyMs` for at most `timeoutMs`; then throws its last error. */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeoutMs = 20_000, everyMs = 20 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await new Promise<void>((resolve) => setTimeout(resolve, everyMs));
  }
}
