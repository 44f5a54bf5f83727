import { expect, test } from "vitest";
import { linkTo, requestOf, viewOf } from "#icrl/server/page/view.js";

test("every view's link leads to it, whatever its ids hold", () => {
  for (const id of ["abc", "a/b", "ä #?%", "%zz"]) {
    expect(viewOf(linkTo.tournament(id))).toEqual({ name: "tournament", id, task: undefined });
    expect(viewOf(linkTo.tournament(id, id))).toEqual({ name: "tournament", id, task: id });
    expect(viewOf(linkTo.trajectory(id))).toEqual({ name: "trajectory", id });
  }
  expect(viewOf(linkTo.agents)).toEqual({ name: "agents" });
  expect(viewOf(linkTo.trajectories)).toEqual({ name: "trajectories" });
  for (const hash of ["", "#", "#/", linkTo.home]) expect(viewOf(hash)).toEqual({ name: "home" });
});

test("other addresses are known to lead nowhere", () => {
  for (const hash of [
    "#/nonsense",
    "#/tournaments",
    "#/agents/1",
    "#/tournaments/a/b/c",
    "#/trajectories/a/b",
    "#/%zz",
  ]) {
    expect(viewOf(hash)).toEqual({ name: "unknown", hash });
    expect(requestOf(viewOf(hash))).toBeUndefined();
  }
});

test("what is asked of the server has its ids encoded", () => {
  expect(requestOf({ name: "tournament", id: "a/b", task: "c&d" })).toBe("/api/tournaments/a%2Fb?task=c%26d");
  expect(requestOf({ name: "trajectory", id: "a-0" })).toBe("/api/trajectories/a-0");
});
