import { useState } from "preact/hooks";
import type { ApiError } from "../http/api.js";

/** Asks for a token, shows it once, and begins anew with the cookie that came back. `why` says what is wrong with the one that was shown. */
export function Login({ why }: { why: string | undefined }) {
  const [error, setError] = useState(why);

  async function logIn(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const token = new FormData(event.target as HTMLFormElement).get("token");
    try {
      const response = await fetch("/login", { method: "POST", body: String(token) });
      if (response.ok) return location.reload();
      setError(((await response.json()) as ApiError).error);
    } catch {
      setError("the server does not answer: try again");
    }
  }

  return (
    <section class="trouble">
      <h1>This server asks for a token</h1>
      {error && <p>{error}</p>}
      <form onSubmit={(event) => void logIn(event)}>
        <label>
          Token <input name="token" type="password" autocomplete="off" required />
        </label>{" "}
        <button type="submit">Log in</button>
      </form>
      <p class="quiet">Of a reader or an operator: whoever runs the server makes one by `icrl token create`.</p>
    </section>
  );
}
