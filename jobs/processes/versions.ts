import { VERSION } from "../../common/version.js";

/** What a job's results were made with: the versions of this program and of Node. */
export const VERSIONS = { icrl: VERSION, node: process.version } as const;
