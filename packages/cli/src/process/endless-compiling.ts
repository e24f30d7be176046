import { setFlagsFromString } from 'node:v8';

/**
 * V8 13 has a bytecode of its own for `map[key]` within `for (const key in map)`. As long as the maps' keys are at hand it
 * notes nothing on what it reads, so that code compiled for speed knows nothing either and is thrown away at its first map of
 * another kind, to be interpreted, compiled and thrown away again, without end. Comparing and copying JSON is made of such
 * loops: a busy API server compiled two of them more than three thousand times a minute. Without that bytecode they are ordinary reads.
 * For code that is compiled after this call, so it comes before all else is imported; the flag is unknown to other versions.
 */
export function avoidEndlessCompiling(): void {
  if (process.versions.v8.startsWith('13.'))
    setFlagsFromString('--no-enable-enumerated-keyed-access-bytecode');
}
