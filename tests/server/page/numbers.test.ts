import { expect, test } from "vitest";
import { compact, counted, duration, fixed, percent, short, whole } from "#icrl/server/page/numbers.js";

test("numbers are short and have their thousands set apart", () => {
  expect([0, 999, 1000, 1234567].map(whole)).toEqual(["0", "999", "1,000", "1,234,567"]);
  expect([0, 9999, 12_345, 99_900, 4_560_000, 7.8e10].map(compact)).toEqual([
    "0",
    "9,999",
    "12.3k",
    "99.9k",
    "4.56M",
    "78.0G",
  ]);
  expect([0, 0.0123, -4.561, 33.12, 222.4, 1234.5].map(short)).toEqual([
    "0",
    "0.0123",
    "−4.56",
    "33.1",
    "222",
    "1,235",
  ]);
  expect([fixed(-1234.5, 1), fixed(0, 2)]).toEqual(["−1,234.5", "0.00"]);
  expect([counted(1, "match", "matches"), counted(2000, "match", "matches")]).toEqual(["1 match", "2,000 matches"]);
});

test("100 % is said of all alone", () => {
  expect([percent(0, 0), percent(1, 3), percent(999_999, 1_000_000), percent(7, 7)]).toEqual([
    "0 %",
    "33 %",
    "99 %",
    "100 %",
  ]);
});

test("durations have the units that matter", () => {
  expect([0, 59_999, 60_000, 3_600_000, 5 * 3_600_000 + 720_000, 51 * 3_600_000].map(duration)).toEqual([
    "0 s",
    "59 s",
    "1 min",
    "1 h 0 min",
    "5 h 12 min",
    "2 d 3 h",
  ]);
});
