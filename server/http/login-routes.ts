/** Logging in to the page, and out: the token comes in a body, and never in an address. */
import type { Logins } from "./logins.js";
import type { Route } from "./route.js";

/** `POST /login` with the token as its body, and `POST /logout`. */
export const loginRoutes = (logins: Logins): Route[] => [
  {
    path: "/login",
    allowed: "everybody",
    method: "POST",
    answer: ({ body }) => ({ ...DONE, cookie: logins.open(body.trim()) }),
  },
  {
    path: "/logout",
    allowed: "everybody",
    method: "POST",
    answer: ({ cookies }) => ({ ...DONE, cookie: logins.end(cookies) }),
  },
];

const DONE = { type: "application/json", body: "{}" } as const;
