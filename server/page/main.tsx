/** The live page: the view that the address names, of what the server says. */
import { render } from "preact";
import { App } from "./app.js";

const root = document.getElementById("page") as HTMLElement;
root.replaceChildren();
render(<App />, root);
