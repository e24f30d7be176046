import { StoreUnavailableError } from '#contract.ts';

const full = 13;
const ioError = 10;
const corrupt = 11;
const notADatabase = 26;
const busy = 5;
const readOnly = 8;
const cantOpen = 14;
const permission = 3;

/** What SQLite threw, as the store's error. `action` says what was tried on what: `write to /data/store.db`. */
export function storeFailure(error: unknown, action: string): StoreUnavailableError {
  if (error instanceof StoreUnavailableError) return error;
  const wrap = (code: StoreUnavailableError['code'], advice: string) =>
    new StoreUnavailableError(code, `${action}: ${advice}`, { cause: error });
  switch (primaryCode(error)) {
    case full:
      return wrap('store-full', 'the disk is full; free space, and writes work again');
    case corrupt:
    case notADatabase:
      return wrap('store-damaged', 'the file is damaged or not a store; restore a backup');
    case busy:
      return wrap('store-locked', 'another process holds the file');
    case readOnly:
    case cantOpen:
    case permission:
      return wrap(
        'store-unwritable',
        'the file or its folder cannot be written; check owner, mode and mount',
      );
    case ioError:
      return wrap('store-unwritable', 'the disk failed; see the kernel log');
    default:
      return wrap('store-unwritable', error instanceof Error ? error.message : String(error));
  }
}

/** The low byte of SQLite's extended result code; the rest says where it happened. */
function primaryCode(error: unknown): number {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code & 0xff : -1;
}
