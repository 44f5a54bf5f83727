import { expect, test } from "vitest";
import { isLoopback } from "#icrl/common/loopback.js";

test.each([
  ...["127.0.0.1:50551", "127.255.255.254:1", "[::1]:50551", "[0:0:0:0:0:0:0:1]:1", "[::ffff:127.0.0.1]:1"],
  ...[
    "localhost:50551",
    "LOCALHOST:1",
    "a.localhost:1",
    "localhost.:1",
    "dns:localhost:1",
    "dns:///127.0.0.1:1",
    "127.1:1",
  ],
])("%s is this machine alone", (address) => {
  expect(isLoopback(address)).toBe(true);
});

test.each([
  ...["0.0.0.0:50551", "[::]:50551", "128.0.0.1:1", "10.0.0.5:1", "[fe80::1]:1", "example.com:1"],
  ...["localhost.example.com:1", "127.0.0.1.example.com:1", "notlocalhost:1", "", "127.0.0.1"],
])("%j can be reached by others, or is no address", (address) => {
  expect(isLoopback(address)).toBe(false);
});
