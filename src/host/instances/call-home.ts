/** The instance in which a call must run: that of the resources among its values, which must all be of one. */
export class CallHome {
  readonly #isLive: (home: object) => boolean;
  #home: object | undefined;

  constructor(isLive: (home: object) => boolean) {
    this.#isLive = isLive;
  }

  /** `undefined` for a call without resources: any instance will do. */
  get home(): object | undefined {
    return this.#home;
  }

  /** Takes a resource that lives in `home`. @returns what is wrong with it, if anything is. */
  refuses(home: object): string | undefined {
    if (!this.#isLive(home)) return "one whose instance has ended";
    if (this.#home !== undefined && this.#home !== home) return "one of another instance than the other resources of this call";
    this.#home = home;
    return undefined;
  }
}
