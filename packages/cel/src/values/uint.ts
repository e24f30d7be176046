/** An unsigned integer of 64 bits. Signed ones are plain bigints. */
export class Uint {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}
