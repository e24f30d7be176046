import { ApiError } from '@skerry/api';

const lineBytesMax = 16 << 20;
const newline = 0x0a;

/** JSON values, one a line, as watches send them; none may be longer than 16 MiB. */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator {
  let pending: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    let rest = chunk;
    for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
      pending.push(rest.subarray(0, end));
      const line = Buffer.concat(pending).toString('utf8');
      pending = [];
      size = 0;
      rest = rest.subarray(end + 1);
      if (line.trim() !== '') yield JSON.parse(line);
    }
    if (rest.length === 0) continue;
    size += rest.length;
    if (size > lineBytesMax)
      throw new ApiError('InternalError', `a watch event is over ${lineBytesMax} bytes`);
    pending.push(rest);
  }
}
