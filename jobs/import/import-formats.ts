/** What can be imported, by the names that `icrl dataset import` and `python -m icrl.import_data` give them. */
export const IMPORT_FORMATS = {
  dpt: { summary: "pickles of the Decision-Pretrained Transformer", folders: false, counted: "trials" },
  "ad-hdf5": { summary: "learning histories as XLand-100B has them", folders: false, counted: "trials" },
  minari: { summary: "a Minari dataset's folder", folders: true, counted: "episodes" },
} as const;

/** One of them. */
export type ImportFormat = keyof typeof IMPORT_FORMATS;
