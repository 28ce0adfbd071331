import { expect, it } from "vitest";
import { shareOut } from "../../../src/component/share-limit.js";
import { SeededRandom } from "../package/seeded-random.js";

it.each([
  ["one has all", [{ initial: 1, maximum: Number.POSITIVE_INFINITY }], 10, [10]],
  ["one keeps its own maximum", [{ initial: 1, maximum: 4 }], 10, [4]],
  ["two share what is left", [{ initial: 4, maximum: Number.POSITIVE_INFINITY }, { initial: 0, maximum: Number.POSITIVE_INFINITY }], 10, [7, 3]],
  ["what one cannot use goes to the others", [{ initial: 0, maximum: Number.POSITIVE_INFINITY }, { initial: 1, maximum: 2 }], 10, [8, 2]],
  ["none has anything", [], 10, []],
  ["all start as large as allowed", [{ initial: 5, maximum: 9 }, { initial: 5, maximum: 5 }], 10, [5, 5]],
  ["they start larger", [{ initial: 6, maximum: 9 }, { initial: 5, maximum: 5 }], 10, undefined],
])("%s", (_what, extents, total, shares) => expect(shareOut(extents, total)).toEqual(shares));

it("never gives more than there is, than one may have, or less than it starts with; and nothing is left that could be used", () => {
  const random = new SeededRandom(7);
  for (let round = 0; round < 5_000; round += 1) {
    const extents = Array.from({ length: random.below(6) }, () => {
      const initial = random.below(20);
      return { initial, maximum: random.below(3) === 0 ? Number.POSITIVE_INFINITY : initial + random.below(40) };
    });
    const total = random.below(150);
    const shares = shareOut(extents, total);
    const started = extents.reduce((sum, { initial }) => sum + initial, 0);
    expect(shares === undefined).toBe(started > total);
    if (shares === undefined) continue;
    const sum = shares.reduce((all, share) => all + share, 0);
    expect(sum).toBeLessThanOrEqual(total);
    extents.forEach(({ initial, maximum }, index) => {
      expect(shares[index]).toBeGreaterThanOrEqual(initial);
      expect(shares[index]).toBeLessThanOrEqual(maximum);
    });
    const canGrow = extents.filter(({ maximum }, index) => (shares[index] ?? 0) < maximum).length;
    if (canGrow > 0) expect(total - sum).toBeLessThan(extents.length);
  }
});
