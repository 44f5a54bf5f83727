/** The formats that datasets are exported in, in the order in which they are told. A new one is its file and its place here. */
import { ad } from "./ad.js";
import { adHdf5 } from "./ad-hdf5.js";
import { csv } from "./csv.js";
import { dpt } from "./dpt.js";
import { dptPickle } from "./dpt-pickle.js";
import type { ExportFormat } from "./export-format.js";
import { jsonl } from "./jsonl.js";
import { minari } from "./minari.js";

/** All of them. */
export const FORMATS: readonly ExportFormat[] = [minari, dpt, ad, dptPickle, adHdf5, jsonl, csv];
