import { expect, test } from "vitest";
import { isAllowedHost } from "#icrl/server/http/allowed-host.js";

test.each([
  "127.0.0.1",
  "127.0.0.1:50552",
  "localhost:8080",
  "LOCALHOST",
  "page.localhost:1",
  "[::1]:50552",
  "192.168.1.7:50552",
  "workstation:50552",
  "Workstation",
])("a request to %s is let in where the page listens on workstation", (header) => {
  expect(isAllowedHost(header, "workstation")).toBe(true);
});

test.each([
  undefined,
  "",
  "evil.example",
  "evil.example:50552",
  "127.0.0.1.evil.example",
  "localhost.evil.example",
  "evillocalhost",
  "workstation.evil.example",
  "127.0.0.1:50552:1",
  "a b",
  "[::1].evil.example",
])("a request to %s is not: somebody may have made that name lead here", (header) => {
  expect(isAllowedHost(header, "workstation")).toBe(false);
});
