/** The live page: the view that the address names, of what the server says. */
import { render } from "preact";
import { App } from "./app.js";
import { takeKey } from "./operator-key.js";

takeKey();
const root = document.getElementById("page") as HTMLElement;
root.replaceChildren();
render(<App />, root);
