/** What a level wanted over a while: seats in use and seats waited for. */
export interface DemandSummary {
  readonly seconds: number;
  readonly average: number;
  readonly deviation: number;
  readonly highest: number;
}

/** Integrates a number over time: its mean, how much it varies, and its peak since it was last asked. */
export class Demand {
  #value = 0;
  #highest = 0;
  #sinceSeconds: number;
  #seconds = 0;
  #integral = 0;
  #integralOfSquares = 0;

  constructor(nowSeconds: number) {
    this.#sinceSeconds = nowSeconds;
  }

  get value(): number {
    return this.#value;
  }

  set(value: number, nowSeconds: number): void {
    this.#advance(nowSeconds);
    this.#value = value;
    if (value > this.#highest) this.#highest = value;
  }

  /** The summary since the last `take`, and a new beginning. */
  take(nowSeconds: number): DemandSummary {
    this.#advance(nowSeconds);
    const seconds = this.#seconds;
    const average = seconds > 0 ? this.#integral / seconds : this.#value;
    const variance = seconds > 0 ? this.#integralOfSquares / seconds - average * average : 0;
    const summary = {
      seconds,
      average,
      deviation: Math.sqrt(Math.max(variance, 0)),
      highest: this.#highest,
    };
    this.#seconds = this.#integral = this.#integralOfSquares = 0;
    this.#highest = this.#value;
    return summary;
  }

  #advance(nowSeconds: number): void {
    const passed = nowSeconds - this.#sinceSeconds;
    this.#sinceSeconds = nowSeconds;
    this.#seconds += passed;
    this.#integral += passed * this.#value;
    this.#integralOfSquares += passed * this.#value * this.#value;
  }
}
